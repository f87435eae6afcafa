"""``front_door``: an edge's own frontend, spoken to as any client would, without a header.

The only probe that sees what HAProxy itself sends: the header, or none, or a wrong one.
"""

from dataclasses import dataclass
from functools import partial

from monitor.core.conversation import Conversation, Endpoints, Script
from monitor.core.model import MailProtocol, Target
from monitor.core.observations import Observation, Span
from monitor.core.proof import NOTHING, Ask
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.dialogue import DialogueRule, observe, script


@dataclass(frozen=True, slots=True)
class FrontDoorSettings:
    """One front door: the edge's address and frontend port, and how to judge; times in seconds.

    ``source_address`` is what our socket binds to; ``None`` leaves the choice to the kernel.
    """

    target: Target
    protocol: MailProtocol
    address: str
    port: int
    timeout: float
    slow_after: float
    server_name: str
    helo: str
    source_address: str | None = None


class FrontDoor:
    """Asks one service at one edge."""

    def __init__(self, settings: FrontDoorSettings, tls: TlsClient) -> None:
        """Take the settings and the TLS client that all front doors of a path share."""
        self.settings = settings
        self.target = settings.target
        self._tls = tls
        self._rule = DialogueRule(settings.protocol, header_sent=False, slow_after=settings.slow_after)

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
            source_address=settings.source_address,
        )

    def judge(self, conversation: Conversation, span: Span) -> Observation:
        """Judge one dialogue."""
        return observe(self.target, self._rule, conversation, span)

    def _script(self, ask: Ask, _endpoints: Endpoints) -> Script:
        return script(self.settings.protocol, ask, header=None, helo=self.settings.helo)
