"""What every negative probe does: hold one dialogue with a service of a node, and rule on it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from monitor.core.conversation import Conversation, Endpoints, Script
from monitor.core.model import MailProtocol, Node, Target
from monitor.core.observations import NegativeObservation, Span
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim
from monitor.probes.negative import Ruling


@dataclass(frozen=True, slots=True)
class NegativeSettings:
    """One service, asked at ``port`` of whichever node; ``timeout`` in seconds.

    ``target`` names no node: the server behind them all is asked.
    """

    target: Target
    protocol: MailProtocol
    port: int
    timeout: float
    server_name: str
    helo: str


class NegativeProbe(ABC):
    """Asks one node at a time."""

    def __init__(self, settings: NegativeSettings, tls: TlsClient) -> None:
        """Take the settings and the path's TLS client."""
        self.settings = settings
        self.target = settings.target
        self._tls = tls

    async def run(self, node: Node) -> Conversation:
        """Hold one dialogue, to its clean end if there is one."""
        settings = self.settings
        return await converse(
            self.script,
            node.address,
            settings.port,
            timeout=settings.timeout,
            tls=self._tls,
            server_name=settings.server_name,
        )

    def judge(self, node: Node, conversation: Conversation, span: Span) -> NegativeObservation:
        """Make the observation of one dialogue."""
        ruling = self.rule(conversation)
        return NegativeObservation(
            target=self.target,
            node=node.name,
            started=span.started,
            finished=span.finished,
            at=span.at,
            refused=ruling.refused,
            reply=ruling.reply,
            failure=ruling.failure,
            durations=conversation.phases,
            conversation=conversation,
        )

    @abstractmethod
    def script(self, endpoints: Endpoints) -> Script:
        """Say what is said."""

    @abstractmethod
    def rule(self, conversation: Conversation) -> Ruling:
        """Tell whether that was refused, as it must be."""


class ClaimingProbe(NegativeProbe):
    """A negative probe that sends a header; its client address is its own, which no handshake claims."""

    def __init__(self, settings: NegativeSettings, claim: Claim, tls: TlsClient) -> None:
        """Take what the header claims, too."""
        super().__init__(settings, tls)
        self.claim = claim
