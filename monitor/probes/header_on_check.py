"""``header_on_check``: a healthcheck port leads to a stock listener, which must not believe a PROXY header.

Stock Postfix answers the header as what it is to it: syntax errors, and "221 Bye" to the QUIT in the signature; where
TLS comes first, its handshake fails. A server that swallows the header would let everybody inside claim any address.

Each round leaves the lines of a client that talks nonsense in the mail log, under the node's address.
"""

from dataclasses import dataclass

from monitor.core.conversation import Conversation, Endpoints, Failure, Script
from monitor.core.model import MailProtocol, Node, Target
from monitor.core.observations import NegativeObservation, Span
from monitor.core.taxonomy import Phase, Reason
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.negative import GONE, HEADER_MISSED, Ruling, accepted, observe, refused, spoke_tls, untold, words
from monitor.wire.mail_dialogue import mail_dialogue
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import encode_v2

# Where a plain dialogue can only be after its EHLO was answered well.
_BEYOND_EHLO = frozenset({Phase.STARTTLS, Phase.TLS_HANDSHAKE, Phase.QUIT})


@dataclass(frozen=True, slots=True)
class HeaderOnCheckSettings:
    """One service's healthcheck port, and what the header claims; ``timeout`` in seconds."""

    target: Target
    protocol: MailProtocol
    port: int
    client_address: str
    destination: tuple[str, int]
    timeout: float
    server_name: str
    helo: str


class HeaderOnCheck:
    """Asks one node at a time."""

    def __init__(self, settings: HeaderOnCheckSettings, tls: TlsClient) -> None:
        """Take the settings and the path's TLS client."""
        self.settings = settings
        self.target = settings.target
        self._tls = tls

    async def run(self, node: Node) -> Conversation:
        """Send the header and speak on as if it had been read."""
        settings = self.settings
        return await converse(
            self._script,
            node.address,
            settings.port,
            timeout=settings.timeout,
            tls=self._tls,
            server_name=settings.server_name,
        )

    def judge(self, node: Node, conversation: Conversation, span: Span) -> NegativeObservation:
        """Judge one dialogue."""
        return observe(self.target, node, judge(self.settings.protocol, conversation), conversation, span)

    def _script(self, endpoints: Endpoints) -> Script:
        header = ProxyHeader.tcp(self.settings.client_address, endpoints.local_port, *self.settings.destination)
        return mail_dialogue(self.settings.protocol, header=encode_v2(header), helo=self.settings.helo)


def judge(protocol: MailProtocol, conversation: Conversation) -> Ruling:
    """Judge by how far the dialogue got."""
    failure = conversation.failure
    if failure is None or spoke_tls(conversation):
        greeting = conversation.outcome.greeting if conversation.outcome is not None else "a TLS handshake"
        return accepted(Phase.PROXY_HEADER, greeting)
    if protocol.implicit_tls:
        return refused(words(failure)) if _breaks_tls(failure) else untold(failure)
    if failure.reason is Reason.HEADER_NOT_CONSUMED:
        return refused(words(failure))
    if failure.phase in _BEYOND_EHLO:
        return accepted(Phase.PROXY_HEADER, "an answer to EHLO")
    return untold(failure)


def _breaks_tls(failure: Failure) -> bool:
    if failure.phase is not Phase.TLS_HANDSHAKE:
        return False
    if failure.reason is Reason.TLS_PLAINTEXT:
        # This is what a listener says that does read headers, only not this one.
        return not failure.data.startswith(HEADER_MISSED)
    return failure.reason in GONE or failure.reason is Reason.TLS_ERROR
