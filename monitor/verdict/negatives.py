"""What must be refused, and is it? Memory of the negative probes' last answers, and what follows from them.

They are no hop of the path, and no verdict: mail flows perfectly well through an open relay. What was accepted is a
finding; the relay is also ``fail`` of the path's health, for a server that relays for everybody is soon on every
blocklist.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.core import kinds
from monitor.core.model import Target
from monitor.core.observations import NegativeObservation
from monitor.core.runbook import POSTCONF_RELAY, POSTCONF_SERVICES, USER_PATCHES, Remedy
from monitor.core.status import Finding, NegativeStatus
from monitor.verdict.plan import NegativePlan


@dataclass(frozen=True, slots=True)
class _Accepted:
    """The finding that an acceptance is; ``message`` takes the service, the node and the server's reply."""

    kind: str
    message: str
    remedy: Remedy


_ACCEPTED = {
    kinds.RELAY_CANARY: _Accepted(
        "open_relay",
        "Open relay: {service} on {node} would take mail of an unknown client for a foreign domain ({reply}). Postfix "
        "trusts an address that it should not: is one of mynetworks the proxy's, the nodes' or the pods'?",
        POSTCONF_RELAY,
    ),
    kinds.NO_HEADER: _Accepted(
        "header_not_required",
        "The data port of {service} on {node} serves a client without a PROXY header ({reply}): PROXY is off there, or "
        "the port leads to another listener. Every client is then seen under the proxy's or a node's address.",
        USER_PATCHES,
    ),
    kinds.HEADER_ON_CHECK: _Accepted(
        "header_believed",
        "The healthcheck port of {service} on {node} swallows a PROXY header ({reply}): whoever reaches that listener "
        "inside the cluster can claim any client address.",
        POSTCONF_SERVICES,
    ),
}


class NegativeBook:
    """The last answers of a path's negative probes; bounded by their number."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._plans: dict[Target, NegativePlan] = {}
        self._told: dict[Target, NegativeObservation] = {}
        self._last: dict[Target, NegativeObservation] = {}

    def replan(self, plans: Iterable[NegativePlan]) -> None:
        """Take over what is asked from now on, and forget the rest."""
        self._plans = {plan.target: plan for plan in plans}
        self._told = {target: seen for target, seen in self._told.items() if target in self._plans}
        self._last = {target: seen for target, seen in self._last.items() if target in self._plans}

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
        return NegativeStatus(plan.target, told.refused, told.node, told.reply, told.at, reason)


def findings(statuses: Sequence[NegativeStatus]) -> tuple[Finding, ...]:
    """Give one critical finding for each thing that was accepted."""
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
        for accepted in (_ACCEPTED[status.target.probe],)
    )
