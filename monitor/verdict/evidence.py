"""What a diagnosis may look at: one path's statuses, with the questions that its rules ask."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from monitor.core import kinds
from monitor.core.conversation import Failure
from monitor.core.model import Target
from monitor.core.proof import ProofResult
from monitor.core.roundtrip import RoundtripStatus
from monitor.core.runbook import Remedy
from monitor.core.status import ClusterStatus, EdgeStatus, MaillogStatus, TargetStatus, TargetViews
from monitor.core.verdicts import Verdict
from monitor.verdict.intermittent import Intermittent
from monitor.verdict.log_state import NO_SIGNALS, LogSignals
from monitor.verdict.plan import PathPlan

FINE = frozenset({Verdict.OK, Verdict.SLOW, Verdict.UNKNOWN})
"""Verdicts that need no cause."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One broken thing: what, how it shows, what to do next, and which targets' failures it explains."""

    summary: str
    evidence: tuple[str, ...] = ()
    remedy: Remedy | None = None
    explains: frozenset[Target] = frozenset()


@dataclass(frozen=True)
class Evidence(TargetViews):
    """One path at one moment; ``explained`` are the targets whose failure an earlier cause accounts for.

    ``unlisted`` says why no node is known, where the Kubernetes API is who knows them.
    """

    plan: PathPlan
    targets: tuple[TargetStatus, ...]
    edges: tuple[EdgeStatus, ...]
    maillog: MaillogStatus | None
    log: LogSignals = NO_SIGNALS
    roundtrip: RoundtripStatus | None = None
    intermittent: tuple[Intermittent, ...] = ()
    cluster: ClusterStatus | None = None
    unlisted: Failure | None = None
    explained: frozenset[Target] = frozenset()

    def without(self, explained: frozenset[Target]) -> "Evidence":
        """Give the same evidence with more of it explained."""
        return replace(self, explained=self.explained | explained)

    @property
    def every(self) -> tuple[TargetStatus, ...]:
        """Every target, in the order in which evidence lists them."""
        return (*self.handshakes, *self.checks, *self.front_doors, *self.others)

    @property
    def edge_address(self) -> str | None:
        """The address for commands about no edge in particular; ``None`` where none is asked."""
        return next((edge.address for edge in self.edges if edge.asked), None)

    @property
    def looks(self) -> dict[Target, EdgeStatus]:
        """The edges whose silence is not explained yet, by the target that is asked for HAProxy's view."""
        looks = {Target(self.plan.name, kinds.HAPROXY, edge.name, ""): edge for edge in self.edges}
        return {look: edge for look, edge in looks.items() if look not in self.explained}

    def failing(self, *verdicts: Verdict) -> tuple[TargetStatus, ...]:
        """Give the handshakes that show one of these verdicts and are not explained yet."""
        return tuple(s for s in self.handshakes if s.verdict in verdicts and s.target not in self.explained)

    def failing_doors(self, *verdicts: Verdict) -> tuple[TargetStatus, ...]:
        """Give the front doors that show one of these verdicts (any failing one, if none is named), not explained."""
        return tuple(
            s
            for s in self.front_doors
            if s.target not in self.explained
            and (s.verdict in verdicts if verdicts else not s.verdict.up and s.verdict is not Verdict.UNKNOWN)
        )

    @property
    def unexplained(self) -> tuple[TargetStatus, ...]:
        """Whatever fails, of every kind, and is not explained yet."""
        return tuple(s for s in self.every if s.verdict not in FINE and s.target not in self.explained)

    def handshakes_of(self, service: str) -> tuple[TargetStatus, ...]:
        """Give a service's handshakes on all nodes."""
        return tuple(s for s in self.handshakes if s.target.service == service)

    def checks_of(self, service: str) -> tuple[TargetStatus, ...]:
        """Give a service's checks on all nodes."""
        return tuple(s for s in self.checks if s.target.service == service)

    def doors_of(self, service: str) -> tuple[TargetStatus, ...]:
        """Give a service's front doors on all edges."""
        return tuple(s for s in self.front_doors if s.target.service == service)

    def silenced(self) -> tuple[TargetStatus, ...]:
        """Give the failing handshakes where no node answers on any port by the latest rounds; else none."""
        failing = self.failing(Verdict.NODE_UNREACHABLE, Verdict.LISTENER_DOWN, Verdict.PORT_CLOSED)
        return failing if silent((*self.handshakes, *self.checks)) else ()

    def dead_checks(self) -> tuple[TargetStatus, ...]:
        """Give the checks that fail, not explained yet, where the data port beside them, if asked, has served since."""
        beside = {place(handshake): handshake for handshake in self.handshakes}
        failing = (s for s in self.checks if s.up is False and not s.stale and s.target not in self.explained)
        return tuple(s for s in failing if place(s) not in beside or served_since(_failed_at(s), beside[place(s)]))

    def wavering_doors(self, services: Collection[str]) -> frozenset[Target]:
        """Give these services' front doors that fail now and then: a fault of some nodes explains no more than that."""
        wavering = {door.target for door in self.intermittent if door.target.service in services}
        return targets(d for d in self.front_doors if d.target in wavering and d.verdict is not Verdict.CLIENT_IP_LOST)

    def doors_behind(self, broken: Iterable[TargetStatus]) -> frozenset[Target]:
        """Give the front doors that failing handshakes explain.

        Wholly where no node serves the service, else those that fail now and then. A lost client IP is another matter.
        """
        services = {status.target.service for status in broken}
        unserved = {name for name in services if not any(s.verdict.up for s in self.handshakes_of(name))}
        shut = (d for d in self.front_doors if d.target.service in unserved and d.verdict is not Verdict.CLIENT_IP_LOST)
        return targets(shut) | self.wavering_doors(services)

    def unknown(self) -> tuple[str, ...]:
        """Name everything that is watched and of which nothing is known, or not any more."""
        probed = (*self.checks, *self.dialogues)
        blind = (f"haproxy {edge.name}: {edge.reason}" for edge in self.edges if edge.asked and edge.haproxy_up is None)
        unseen = (f"edge {edge.name}: its host" for edge in self.edges if edge.looked_at and edge.host is None)
        unlisted = () if self.unlisted is None else (f"nodes: the Kubernetes API shows none ({self.unlisted.reason})",)
        unmatched = not self.plan.nodes and self.unlisted is None and self.cluster is not None and self.cluster.up
        deaf = self.maillog is not None and self.maillog.up is None
        return (
            *told(status for status in probed if status.verdict is Verdict.UNKNOWN),
            *unlisted,
            *(("nodes: the selector matches none",) if unmatched else ()),
            *blind,
            *unseen,
            *(("maillog: not read yet",) if deaf else ()),
        )


def fresh(statuses: Iterable[TargetStatus]) -> tuple[TargetStatus, ...]:
    """Leave out those of which too long nothing was heard, or nothing yet."""
    return tuple(status for status in statuses if not status.stale)


def silent(statuses: Iterable[TargetStatus]) -> bool:
    """Tell whether such targets were probed of late, and the latest round of each met nothing but silence."""
    seen = [status.last for status in fresh(statuses)]
    return bool(seen) and all(last is not None and not last.answered for last in seen)


def served_since(moment: float | None, status: TargetStatus) -> bool:
    """Tell whether a target serves, and did so in a round after a moment (seconds since the epoch)."""
    last = status.last
    return status.verdict.up and last is not None and last.ok and (moment is None or last.at > moment)


def _failed_at(status: TargetStatus) -> float | None:
    """When (seconds since the epoch) a failing target is first known to have failed.

    Where a status is made only once, after everything, its verdict is younger than the round that it rests on.
    """
    known = (status.since, None if status.last is None else status.last.at)
    return min((moment for moment in known if moment is not None), default=None)


def targets(statuses: Iterable[TargetStatus]) -> frozenset[Target]:
    """Give the targets of statuses."""
    return frozenset(status.target for status in statuses)


def told(statuses: Iterable[TargetStatus]) -> tuple[str, ...]:
    """Give one line of evidence per target: where, the verdict, and the last failure's own words."""
    return tuple(_line(status) for status in statuses)


def _line(status: TargetStatus) -> str:
    if status.verdict is Verdict.CLIENT_IP_LOST:
        lost = "; ".join(proof.words for proof in status.proofs if proof.result is ProofResult.DISPROVEN)
        return f"{status.target.probe} {place(status)}: {status.verdict} ({lost})"
    failure = status.last.judgement.failure if status.last is not None else None
    said = f" ({failure.phase}: {failure.reason}{', ' + failure.detail if failure.detail else ''})" if failure else ""
    return f"{status.target.probe} {place(status)}: {status.verdict}{said}"


def place(status: TargetStatus) -> str:
    """Name the node (or edge) and service of a target, as far as it has them."""
    return f"{status.target.node} {status.target.service}".rstrip()


def names(items: Iterable[str]) -> str:
    """Join names, each once, in order."""
    return ", ".join(dict.fromkeys(items))
