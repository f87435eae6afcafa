"""What a diagnosis may look at: one path's statuses, with the questions that its rules ask."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.core.model import Target
from monitor.core.proof import ProofResult
from monitor.core.status import EdgeStatus, MaillogStatus, TargetStatus
from monitor.core.verdicts import Verdict
from monitor.verdict.log_book import NO_SIGNALS, LogSignals
from monitor.verdict.plan import PathPlan


@dataclass(frozen=True, slots=True)
class Cause:
    """One broken thing: what, how it shows, what to run next, and which targets' failures it explains."""

    summary: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    explains: frozenset[Target] = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One path at one moment; ``explained`` are the targets whose failure an earlier cause accounts for."""

    plan: PathPlan
    checks: tuple[TargetStatus, ...]
    handshakes: tuple[TargetStatus, ...]
    edges: tuple[EdgeStatus, ...]
    maillog: MaillogStatus | None
    log: LogSignals = NO_SIGNALS
    explained: frozenset[Target] = frozenset()

    def without(self, explained: frozenset[Target]) -> "Evidence":
        """Give the same evidence with more of it explained."""
        return replace(self, explained=self.explained | explained)

    @property
    def front_doors(self) -> tuple[TargetStatus, ...]:
        """All front doors of all edges."""
        return tuple(door for edge in self.edges for door in edge.front_doors)

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

    def handshakes_of(self, service: str) -> tuple[TargetStatus, ...]:
        """Give a service's handshakes on all nodes."""
        return tuple(s for s in self.handshakes if s.target.service == service)

    def checks_of(self, service: str) -> tuple[TargetStatus, ...]:
        """Give a service's checks on all nodes."""
        return tuple(s for s in self.checks if s.target.service == service)

    def doors_of(self, service: str) -> tuple[TargetStatus, ...]:
        """Give a service's front doors on all edges."""
        return tuple(s for s in self.front_doors if s.target.service == service)

    def service_down_everywhere(self, service: str, *verdicts: Verdict) -> bool:
        """Tell whether every reachable node shows one of these verdicts for the service."""
        reachable = [s for s in self.handshakes_of(service) if s.verdict is not Verdict.NODE_UNREACHABLE]
        return bool(reachable) and all(s.verdict in verdicts for s in reachable)


def silent(statuses: Iterable[TargetStatus]) -> bool:
    """Tell whether there are such targets and the latest round of each met nothing but silence."""
    seen = [status.last for status in statuses]
    return bool(seen) and all(last is not None and not last.answered for last in seen)


def targets(statuses: Iterable[TargetStatus]) -> frozenset[Target]:
    """Give the targets of statuses."""
    return frozenset(status.target for status in statuses)


def told(statuses: Iterable[TargetStatus]) -> tuple[str, ...]:
    """Give one line of evidence per target: where, the verdict, and the last failure's own words."""
    return tuple(_line(status) for status in statuses)


def _line(status: TargetStatus) -> str:
    if status.verdict is Verdict.CLIENT_IP_LOST:
        lost = "; ".join(proof.words for proof in status.proofs if proof.result is ProofResult.DISPROVEN)
        return f"{status.target.probe} {status.target.node} {status.target.service}: {status.verdict} ({lost})"
    failure = status.last.judgement.failure if status.last is not None else None
    said = f" ({failure.phase}: {failure.reason}{', ' + failure.detail if failure.detail else ''})" if failure else ""
    return f"{status.target.probe} {status.target.node} {status.target.service}: {status.verdict}{said}"


def names(items: Iterable[str]) -> str:
    """Join names, each once, in order."""
    return ", ".join(dict.fromkeys(items))
