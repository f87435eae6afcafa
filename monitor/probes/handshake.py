"""``handshake``: a data NodePort, spoken to as HAProxy does it: PROXY v2 header, then the service's own dialogue.

Never LOCAL: it proves nothing, as the server then logs the peer.
"""

from dataclasses import dataclass
from functools import partial

from monitor.core.conversation import Conversation, Endpoints, Script
from monitor.core.model import MailProtocol, Target
from monitor.core.observations import Observation, Span
from monitor.core.proof import NOTHING, Ask
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim
from monitor.probes.dialogue import DialogueRule, observe, script


@dataclass(frozen=True, slots=True)
class HandshakeSettings:
    """One handshake: whom and where, what we claim to be, and how to judge; times in seconds.

    ``client_address`` is the address that the header claims, fixed for this target; ``destination`` where the client
    seems to have connected: the edge's address and frontend port.
    """

    target: Target
    protocol: MailProtocol
    address: str
    port: int
    client_address: str
    destination: tuple[str, int]
    timeout: float
    slow_after: float
    server_name: str
    helo: str


class Handshake:
    """Asks one service on one node."""

    def __init__(self, settings: HandshakeSettings, tls: TlsClient) -> None:
        """Take the settings and the TLS client that all handshakes of a path share."""
        self.settings = settings
        self.target = settings.target
        self._tls = tls
        self._claim = Claim(settings.client_address, settings.destination)
        self._rule = DialogueRule(settings.protocol, header_sent=True, slow_after=settings.slow_after)

    async def run(self, ask: Ask = NOTHING, /) -> Conversation:
        """Hold one dialogue."""
        settings = self.settings
        return await converse(
            partial(self._script, ask),
            settings.address,
            settings.port,
            timeout=settings.timeout,
            tls=self._tls,
            server_name=settings.server_name,
        )

    def judge(self, conversation: Conversation, span: Span) -> Observation:
        """Judge one dialogue."""
        return observe(self.target, self._rule, conversation, span)

    def _script(self, ask: Ask, endpoints: Endpoints) -> Script:
        settings = self.settings
        return script(settings.protocol, ask, header=self._claim.header(endpoints), helo=settings.helo)
