"""``relay_canary``: port 25 must not relay to a foreign domain for a client whom nobody knows.

It asks as an address of a documentation network, through the PROXY header: the answer ``250`` says that Postfix relays
for the whole internet, because it takes our address for one in ``mynetworks`` (or sees its proxy's in place of ours).
It never sends DATA: the recipient is reset, and no mail can come of it.
"""

import re
from dataclasses import dataclass

from monitor.core.conversation import Conversation, Endpoints, Failure, Script
from monitor.core.model import MailProtocol, Node, Target
from monitor.core.observations import NegativeObservation, Span
from monitor.core.taxonomy import Phase, Reason
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.negative import Ruling, accepted, observe, refused, untold
from monitor.wire.mail_dialogue import mail_dialogue
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import encode_v2
from monitor.wire.smtp import ReplyProof

# A domain that is reserved for documentation (RFC 2606 section 3), so it is foreign to every server.
RECIPIENT = "relay-canary@example.net"

# RFC 3463 section 3.4, mail system status: "not now" (full disk, postscreen's own 450 4.3.2), whoever asks for what.
_NOT_NOW = re.compile(r"[45]\d\d [45]\.3\.")


@dataclass(frozen=True, slots=True)
class RelayCanarySettings:
    """One path's canary: the data port of its SMTP service, and what the header claims; ``timeout`` in seconds.

    ``client_address`` is the canary's own, which no handshake claims; ``destination`` as in a handshake.
    """

    target: Target
    port: int
    client_address: str
    destination: tuple[str, int]
    timeout: float
    server_name: str
    helo: str


class RelayCanary:
    """Asks one node at a time; they all lead to the one server."""

    def __init__(self, settings: RelayCanarySettings, tls: TlsClient) -> None:
        """Take the settings and the path's TLS client."""
        self.settings = settings
        self.target = settings.target
        self._tls = tls

    async def run(self, node: Node) -> Conversation:
        """Hold one dialogue."""
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
        return observe(self.target, node, judge(conversation), conversation, span)

    def _script(self, endpoints: Endpoints) -> Script:
        header = ProxyHeader.tcp(self.settings.client_address, endpoints.local_port, *self.settings.destination)
        return mail_dialogue(
            MailProtocol.SMTP, header=encode_v2(header), helo=self.settings.helo, proof=ReplyProof(RECIPIENT)
        )


def judge(conversation: Conversation) -> Ruling:
    """Judge by the reply to RCPT, or to MAIL where that was refused already."""
    outcome = conversation.outcome
    if conversation.failure is not None or outcome is None:
        return untold(conversation.failure or Failure(Phase.PROOF, Reason.UNEXPECTED_REPLY))
    reply = outcome.proof_reply
    if reply.startswith("2"):
        return accepted(Phase.PROOF, reply)
    if _NOT_NOW.match(reply):
        return untold(Failure(Phase.PROOF, Reason.TURNED_AWAY, reply))
    if reply.startswith(("4", "5")):
        return refused(reply)
    return untold(Failure(Phase.PROOF, Reason.UNEXPECTED_REPLY, reply))
