"""What must be refused, and is it? Memory of the negative probes' last answers, and what follows from them.

They are no hop of the path, and no verdict: mail flows perfectly well through an open relay. What was accepted is a
finding; the relay is also ``fail`` of the path's health, for a server that relays for everybody is soon on every
blocklist.
"""

from collections.abc import Iterable, Sequence

from monitor.core.model import Node, Target
from monitor.core.observations import NegativeObservation
from monitor.core.status import Finding, NegativeStatus
from monitor.verdict.plan import NegativePlan


class NegativeBook:
    """The last answers of a path's negative probes; bounded by their number."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._plans: dict[Target, NegativePlan] = {}
        self._told: dict[Target, NegativeObservation] = {}
        self._last: dict[Target, NegativeObservation] = {}
        self._turns: dict[Target, int] = {}

    def replan(self, plans: Iterable[NegativePlan]) -> None:
        """Take over what is asked from now on, and forget the rest."""
        self._plans = {plan.target: plan for plan in plans}
        self._told = {target: seen for target, seen in self._told.items() if target in self._plans}
        self._last = {target: seen for target, seen in self._last.items() if target in self._plans}
        self._turns = {target: turn for target, turn in self._turns.items() if target in self._plans}

    def plan(self, target: Target) -> NegativePlan | None:
        """What a target is tried by; ``None``: it is none of these."""
        return self._plans.get(target)

    def next_node(self, target: Target, nodes: Sequence[Node]) -> Node:
        """The node whose turn it is, one after the other."""
        turn = self._turns[target] = self._turns.get(target, -1) + 1
        return nodes[turn % len(nodes)]

    def record(self, observation: NegativeObservation) -> None:
        """Take in an ended round; one that tells nothing leaves standing what is known."""
        target = observation.target
        if target in self._plans:
            self._last[target] = observation
            if observation.refused is not None:
                self._told[target] = observation

    def statuses(self, now: float) -> tuple[NegativeStatus, ...]:
        """Give what is known at ``now`` (the event loop's clock)."""
        return tuple(self._status(plan, now) for plan in self._plans.values())

    def _status(self, plan: NegativePlan, now: float) -> NegativeStatus:
        told, last = self._told.get(plan.target), self._last.get(plan.target)
        untold = last.failure if last is not None and last.refused is None else None
        reason = f"{untold.phase}: {untold.reason} {untold.detail}".rstrip() if untold is not None else ""
        if told is None or now - told.finished > plan.stale_after:
            return NegativeStatus(plan.target, refused=None, reason=reason)
        fails = plan.accepted.fails
        return NegativeStatus(plan.target, told.refused, told.node, told.reply, told.at, reason, fails=fails)

    def findings(self, statuses: Iterable[NegativeStatus]) -> tuple[Finding, ...]:
        """One critical finding for each thing that was accepted."""
        return tuple(
            Finding(
                severity="critical",
                subject=status.target.service,
                kind=accepted.kind,
                message=accepted.message.format(service=status.target.service, node=status.node, reply=status.reply),
                remedy=accepted.remedy,
            )
            for status in statuses
            if status.refused is False
            for accepted in (self._plans[status.target].accepted,)
        )
