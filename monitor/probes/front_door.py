"""``front_door``: an edge's own frontend, spoken to as any client would, without a header.

The only probe that sees what HAProxy itself sends: the header, or none, or a wrong one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from monitor.config.settings import PathSettings
from monitor.core.conversation import Conversation, Endpoints, Script
from monitor.core.kinds import ProbeKind, Shown
from monitor.core.model import MailProtocol, Target
from monitor.core.observations import Observation, Span
from monitor.core.proof import NOTHING, Ask
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.probes.claim import networks
from monitor.probes.dialogue import DialogueRule, evidence_sought, observe, script
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Measure, ProofPlan, TargetPlan

KIND = ProbeKind("front_door", shown=Shown.FRONT_DOOR)


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


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each edge and service of which the edge has the frontend."""
    doors = path.front_door
    proof = ProofPlan(
        evidence=evidence_sought(path, reply=doors.reply_proof),
        reply_interval=path.handshakes.reply_interval,
        source_address=doors.source_address,
        seen_as=networks(doors.seen_as),
    )
    measure = Measure(doors.interval, doors.timeout, doors.rise, doors.fall)
    for edge in path.edges:
        for service in path.services:
            if service.frontend_port not in edge.frontend_ports:
                continue
            target = Target(path.name, KIND, edge.name, service.name)
            settings = FrontDoorSettings(
                target=target,
                protocol=service.protocol,
                address=edge.address,
                port=service.frontend_port,
                timeout=doors.timeout,
                slow_after=doors.slow_after,
                server_name=path.tls.server_name,
                helo=path.handshakes.helo,
                source_address=doors.source_address,
            )
            plan = TargetPlan(target, edge.address, service.frontend_port, measure, proof)
            probe, by_hand = FrontDoor(settings, links.tls), doors.on_demand_interval
            yield Watch(probe, links.tls, measure, doors.fast_interval, plan, on_demand_interval=by_hand)
