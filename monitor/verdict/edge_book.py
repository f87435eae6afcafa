"""What is remembered of one path's edges: the last round of each one's HAProxy, and the last look at its host."""

from collections.abc import Iterable

from monitor.core.edge import EdgeObservation
from monitor.core.model import Target
from monitor.core.observations import HaproxyObservation
from monitor.core.status import EdgeStatus, TargetStatus
from monitor.core.taxonomy import Reason
from monitor.verdict.evidence import served_since
from monitor.verdict.plan import EdgePlan, HostPlan, stale_after


class EdgeBook:
    """Takes rounds and looks in, tells what is known; memory is bounded by the number of edges."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._plans: dict[str, EdgePlan] = {}
        self._haproxy: dict[str, HaproxyObservation] = {}
        self._hosts: dict[str, EdgeObservation] = {}

    def replan(self, edges: Iterable[EdgePlan]) -> None:
        """Take over new plans; an edge that stays keeps its HAProxy, and its host where the same shall be found."""
        before, self._plans = self._plans, {edge.name: edge for edge in edges}
        hosts = {name for name, edge in self._plans.items() if name in before and _same_host(before[name], edge)}
        self._haproxy = {name: seen for name, seen in self._haproxy.items() if name in self._plans}
        self._hosts = {name: seen for name, seen in self._hosts.items() if name in hosts}

    def record(self, observation: HaproxyObservation | EdgeObservation) -> None:
        """Take in what was seen; what belongs to no edge of the plans any more is dropped."""
        if observation.edge in self._plans:
            if isinstance(observation, HaproxyObservation):
                self._haproxy[observation.edge] = observation
            else:
                self._hosts[observation.edge] = observation

    @property
    def served(self) -> frozenset[str]:
        """The addresses at which any HAProxy had servers when it was last asked."""
        return frozenset(server.address for seen in self._haproxy.values() for server in seen.servers)

    def troubled(self, target: Target) -> bool:
        """Whether the last look by this target has found a required port unbound, or forwarded elsewhere."""
        plan, seen = self._plans.get(target.node), self._hosts.get(target.node)
        if plan is None or plan.host is None or seen is None or seen.target != target:
            return False
        unbound = any(port in plan.host.ports and not each.bound for port, each in (seen.frontends or {}).items())
        return unbound or any(not redirect.ok for redirect in (seen.redirects or {}).values())

    def statuses(self, now: float) -> tuple[EdgeStatus, ...]:
        """Every edge's status at ``now`` (event loop's clock)."""
        return tuple(self._status(plan, now) for plan in self._plans.values())

    def _status(self, plan: EdgePlan, now: float) -> EdgeStatus:
        seen = self._haproxy.get(plan.name) if plan.asks_haproxy else None
        fresh = seen is not None and now - seen.finished <= stale_after(plan.interval, plan.timeout)
        known = seen if fresh else None
        host = self._host(plan.name, plan.host, now)
        # The socket is asked more often than its host; where there is none to ask, the host alone tells.
        host_up = host.ssh_ok if host is not None and not plan.asks_haproxy else None
        return EdgeStatus(
            name=plan.name,
            address=plan.address,
            ssh_up=host_up if seen is None else fresh and seen.ssh_ok,
            haproxy_up=None if seen is None or _unasked(seen) else fresh and seen.ok,
            scrape_seconds=known.finished - known.started if known is not None and known.ok else None,
            age=now - seen.finished if seen is not None else None,
            reason=_reason(seen if plan.asks_haproxy else host, fresh=fresh or not plan.asks_haproxy),
            servers=known.servers if known is not None else (),
            stats=known.stats if known is not None else (),
            info=known.info if known is not None else None,
            asked=plan.asks_haproxy,
            host=host,
            looked_at=plan.host is not None,
            cause=_cause(seen if plan.asks_haproxy else host, fresh=fresh or not plan.asks_haproxy),
            gaps=known.gaps if known is not None else {},
            dropped=known.dropped if known is not None else {},
        )

    def _host(self, edge: str, plan: HostPlan | None, now: float) -> EdgeObservation | None:
        seen = self._hosts.get(edge) if plan is not None else None
        fresh = seen is not None and plan is not None and now - seen.finished <= plan.stale_after
        return seen if fresh else None


def _same_host(old: EdgePlan, new: EdgePlan) -> bool:
    return (old.address, old.host) == (new.address, new.host)


def unbound_ports(plan: EdgePlan, edge: EdgeStatus, doors: Iterable[TargetStatus]) -> tuple[int, ...]:
    """The required ports on which HAProxy did not listen, unless one of the edge's ``doors`` has served us since."""
    if plan.host is None or edge.host is None or edge.host.frontends is None:
        return ()
    at, required = edge.host.at, plan.host.ports
    served = {door.port for door in doors if served_since(at, door)}
    return tuple(port for port, each in edge.host.frontends.items() if port in required - served and not each.bound)


def _unasked(seen: HaproxyObservation) -> bool:
    """Whether the question never came as far as HAProxy: then nothing is known of it."""
    return seen.failure is not None and seen.failure.reason is Reason.ARGUMENTS_LOST


def _cause(seen: HaproxyObservation | EdgeObservation | None, *, fresh: bool) -> Reason | None:
    if seen is None:
        return None
    if not fresh:
        return Reason.STALE
    return None if seen.failure is None else seen.failure.reason


def _reason(seen: HaproxyObservation | EdgeObservation | None, *, fresh: bool) -> str:
    if seen is None:
        return "not asked yet"
    if not fresh:
        return "no round has ended for too long"
    return "" if seen.failure is None else f"{seen.failure.reason}: {seen.failure.detail}"
