"""What every negative probe does: hold one dialogue with a service of a node, and rule on it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

from monitor.config.addresses import negative_address
from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation, Endpoints, Script
from monitor.core.kinds import ProbeKind
from monitor.core.model import MailProtocol, Node, Service, Target
from monitor.core.observations import NegativeObservation, Span
from monitor.core.proof import Ask
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim, destination_of
from monitor.probes.negative import Ruling
from monitor.probes.watch import Watch
from monitor.verdict.plan import Accepted, Measure, NegativePlan


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


class Asked(NamedTuple):
    """What one probe run brought, and from which node."""

    node: Node
    conversation: Conversation


class NegativeProbe(ABC):
    """Asks one node at a time."""

    def __init__(self, settings: NegativeSettings, tls: TlsClient) -> None:
        """Take the settings and the path's TLS client."""
        self.settings = settings
        self.target = settings.target
        self._tls = tls

    async def run(self, ask: Ask, /) -> Asked:
        """Hold one dialogue with the node that is asked for, to its clean end if there is one.

        Raises:
            ValueError: No node is.
        """
        settings, node = self.settings, ask.node
        if node is None:
            raise ValueError(f"{self.target} names no node")
        conversation = await converse(
            self.script,
            node.address,
            settings.port,
            timeout=settings.timeout,
            tls=self._tls,
            server_name=settings.server_name,
        )
        return Asked(node, conversation)

    def judge(self, asked: Asked, span: Span) -> NegativeObservation:
        """Make the observation of one dialogue."""
        node, conversation = asked
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


def settings_of(path: PathSettings, kind: ProbeKind, service: Service, port: int) -> NegativeSettings:
    """The settings of one service's negative probe."""
    return NegativeSettings(
        target=Target(path.name, kind, "", service.name),
        protocol=service.protocol,
        port=port,
        timeout=path.handshakes.timeout,
        server_name=path.tls.server_name,
        helo=path.handshakes.helo,
    )


def claim_of(path: PathSettings, service: Service) -> Claim:
    """The negative probes' own client address, of the family of where it seems to have connected."""
    destination = destination_of(path, path.known_nodes[0])
    return Claim(negative_address(path, ipv6=":" in destination), (destination, service.frontend_port))


def watch_of(
    path: PathSettings, probe: NegativeProbe, tls: TlsClient, rests_on: ProbeKind, accepted: Accepted
) -> Watch:
    """Watch by a negative probe: once in a ``negative_interval``, for the first time after one."""
    interval, timeout = path.handshakes.negative_interval, path.handshakes.timeout
    plan = NegativePlan(probe.target, interval, timeout, rests_on, accepted)
    return Watch(probe, tls, Measure(interval, timeout, 1, 1), interval, plan, held_back=interval)
