"""Front doors that fail now and then: one bad server of four fails every fourth round, never ``fall`` in a row.

The last rounds are remembered, twice as many as the pool has servers: HAProxy, taking turns, meets a bad one twice in
so many. An outage, which its own verdict tells, counts as one failure however long it was, so that its end is no
beginning of this.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.core.haproxy import HaproxyServer
from monitor.core.model import Service, Target
from monitor.core.observations import Judgement
from monitor.core.runbook import SHOW_STATE
from monitor.core.status import EdgeStatus, Finding, TargetStatus, TargetViews
from monitor.core.verdicts import Verdict
from monitor.verdict.agreement import pool_of
from monitor.verdict.plan import PathPlan

ROUNDS_PER_SERVER = 2
FAILURES = 2
# Rounds that are remembered: those of a pool of 64 servers.
REMEMBERED = 128
# For all targets whose rounds are not remembered: an empty deque of one's own takes 600 bytes.
_NOTHING: deque[Judgement] = deque(maxlen=0)


class RecentRounds:
    """What the last rounds of one target have brought; bounded by ``size``."""

    __slots__ = ("_rounds",)

    def __init__(self, size: int) -> None:
        """Begin knowing nothing; of ``size`` 0 nothing is remembered."""
        self._rounds: deque[Judgement] = deque(maxlen=size) if size else _NOTHING

    def record(self, judgement: Judgement, *, up: bool) -> None:
        """Take in a round; ``up`` is the target's state after it."""
        if judgement.verdict is Verdict.UNKNOWN:
            return  # the fault was our own
        if not (up or judgement.ok):
            while self._rounds and not self._rounds[-1].ok:
                self._rounds.pop()
        self._rounds.append(judgement)

    def last(self, number: int) -> tuple[Judgement, ...]:
        """Give the last rounds, at most so many."""
        return tuple(self._rounds)[-number:]

    def failures(self, number: int) -> tuple[Judgement, ...]:
        """Give those of the last so many that failed."""
        if not self._rounds:
            return ()
        return tuple(each for each in self.last(number) if not each.ok)


@dataclass(frozen=True, slots=True)
class Intermittent:
    """A front door that serves, and failed in some of its last ``rounds`` rounds.

    ``address`` is its edge's, ``suspects`` what the nodes and HAProxy show that may be the bad one.
    """

    target: Target
    address: str
    rounds: int
    failures: tuple[Judgement, ...]
    suspects: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How often it failed and how, as half a sentence."""
        ways = "; ".join(dict.fromkeys(map(_way, self.failures)))
        return f"{len(self.failures)} of the last {self.rounds} rounds failed ({ways})"

    @property
    def line(self) -> str:
        """The same as a line of evidence."""
        return f"{self.target.probe} {self.target.node} {self.target.service}: intermittent, {self.words}"


def window(servers: int) -> int:
    """Give how many rounds are looked at, for a pool of so many servers."""
    return ROUNDS_PER_SERVER * max(servers, 1)


def intermittent_doors(
    plan: PathPlan,
    rounds: Mapping[Target, RecentRounds],
    edges: Iterable[EdgeStatus],
    seen: TargetViews,
) -> tuple[Intermittent, ...]:
    """Give the front doors that fail now and then; one that is down, or of which nothing is known, is none of them.

    Where HAProxy does not tell its pool, each node is taken for a server of it.
    """
    services = {service.name: service for service in plan.services}
    found = []
    for edge in edges:
        for door in seen.doors_at(edge.name):
            service = services[door.target.service]
            pool = pool_of(edge.servers, service)
            last = rounds[door.target].last(window(len(pool) or len(plan.nodes)))
            failures = tuple(each for each in last if not each.ok)
            if door.up and not door.stale and len(failures) >= FAILURES:
                suspects = (*_bad_nodes(service, seen.handshakes), *_strays(plan, service, pool))
                found.append(Intermittent(door.target, edge.address, len(last), failures, suspects))
    return tuple(found)


def findings(doors: Iterable[Intermittent]) -> tuple[Finding, ...]:
    """Give one finding for each such front door."""
    return tuple(
        Finding(
            severity="warning",
            subject=f"{door.target.node}:{door.target.service}",
            kind="intermittent",
            message=f"{door.target.service} fails now and then through the front door of {door.target.node}: "
            f"{door.words}{''.join(f'; {suspect}' for suspect in door.suspects)}.",
            remedy=SHOW_STATE.at(door.address),
        )
        for door in doors
    )


def _bad_nodes(service: Service, handshakes: Iterable[TargetStatus]) -> tuple[str, ...]:
    return tuple(
        f"{status.target.node} does not serve it ({status.verdict})"
        for status in handshakes
        if status.target.service == service.name and status.up is False and not status.stale
    )


def _strays(plan: PathPlan, service: Service, pool: Iterable[HaproxyServer]) -> tuple[str, ...]:
    nodes = {node.address for node in plan.nodes}
    return tuple(
        f"HAProxy's server {server.name} leads to {server.address}:{server.port}, no node's port {service.node_port}"
        for server in pool
        if server.address not in nodes or server.port not in {service.node_port, None}
    )


def _way(judgement: Judgement) -> str:
    failure = judgement.failure
    return str(judgement.verdict) if failure is None else f"{judgement.verdict}, {failure.phase}: {failure.reason}"
