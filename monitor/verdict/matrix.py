"""The verdict table's rows that read several targets at once: a silent node, a dead listener, a throttled smtpd.

They read every target's *latest* result, so that ``port_closed`` does not flicker before them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from monitor.core.model import Target
from monitor.core.observations import Observation
from monitor.core.taxonomy import Phase
from monitor.core.verdicts import Verdict
from monitor.verdict.target_book import TargetBook


@dataclass(frozen=True, slots=True)
class Column:
    """The latest fresh results of one node (or edge): did any port answer, did any stay silent, which are open."""

    heard: bool
    silent: bool
    open_services: frozenset[str]

    @property
    def unreachable(self) -> bool:
        """Whether every port that was tried stayed silent."""
        return self.silent and not self.heard


def column(now: float, data_ports: Collection[TargetBook], others: Collection[TargetBook] = ()) -> Column:
    """Read one node: its data ports, and the healthcheck ports that tell only whether the node is there.

    An answer from before the silence began speaks of another time: a minute's old handshake proves no node alive.
    """
    latest = [last for book in (*data_ports, *others) if (last := book.fresh(now)) is not None]
    silent_since = min((last.started for last in latest if not last.answered), default=None)
    silent = silent_since is not None
    heard = any(last.answered and (silent_since is None or last.finished >= silent_since) for last in latest)
    opened = (book.plan.target.service for book in data_ports if _open(book.fresh(now)))
    return Column(heard, silent, frozenset(opened))


class Matrix:
    """The columns of all nodes (or edges) of one moment, and what they say together."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        """Take them by node."""
        self._columns = columns
        self._alone = len(columns) == 1
        self._heard = any(each.heard for each in columns.values())
        reachable = (each.open_services for each in columns.values() if not each.unreachable)
        self._open_somewhere = frozenset[str]().union(*reachable)

    def refine(self, own: Verdict, target: Target, *, throttling: bool) -> Verdict:
        """Give the final verdict of a target from its own and from what the other nodes and services show."""
        if own is Verdict.NO_GREETING and throttling:
            return Verdict.THROTTLED
        if own is not Verdict.PORT_CLOSED:
            return own
        if self._columns[target.node].unreachable and (self._alone or self._heard):
            return Verdict.NODE_UNREACHABLE
        return Verdict.PORT_CLOSED if target.service in self._open_somewhere else Verdict.LISTENER_DOWN


def _open(last: Observation | None) -> bool:
    if last is None:
        return False
    failure = last.judgement.failure
    return failure is None or failure.phase is not Phase.CONNECT
