"""The way of a line of the mail log from the parser on, which each line goes once.

Before, it is read from its source (``links``, ``probes.maillog``), taken out of its envelope and parsed
(``wire.maillog``). Then, in this order:

1. its listener is named (``log_listeners``), and the origin of the client that it shows (``origins``);
2. it is counted, by listener, origin and problem (``log_counts``);
3. the counters and the delivery lines become what is remembered of the log (``log_state``, ``traffic``,
   ``stuck_mail``), from which signals and findings are made (``log_findings``);
4. our own probe runs are found again in it (``log_proof``, for ``client_ip`` and ``ipv6``).
"""

from collections.abc import Iterable

from monitor.core.maillog import LogRecord
from monitor.core.observations import MaillogBatch, MaillogCounts
from monitor.core.verdicts import Origin
from monitor.verdict.log_counts import LineCounter, NamedLine
from monitor.verdict.log_listeners import Listeners
from monitor.verdict.log_state import LogState
from monitor.verdict.origins import Origins
from monitor.verdict.plan import PathPlan

_PROBE = Origin.PROBE


class MailLog:
    """One path's mail log: the steps 1 to 3 of a line.

    Attributes:
        origins: whose an address is, our own included.
        state: what is remembered of the log.
    """

    def __init__(self, plan: PathPlan) -> None:
        """Begin with nothing read."""
        self.origins = Origins(plan.networks)
        self.state = LogState(plan.services)
        self._listeners = Listeners()
        self._counter = LineCounter(plan.name, self._listeners, self.origins)
        self.replan(plan)

    def replan(self, plan: PathPlan) -> None:
        """Name and count by a new plan; without a source what was remembered of the log is forgotten."""
        self.origins.replan(plan.networks, [node.address for node in plan.nodes])
        self._listeners.replan(plan.services, plan.destinations, plan.claims)
        self.state.replan(plan.services)
        if plan.maillog_source is None:
            self.state = LogState(plan.services)

    def name(self, records: Iterable[LogRecord]) -> list[NamedLine]:
        """Name the listener and the origin of each line, in their order: a line of ours teaches for those behind it."""
        origin_of, listener_of, learn = self.origins.of, self._listeners.of, self._listeners.learn
        lines = []
        for record in records:
            origin = origin_of(record.address)
            if origin is _PROBE:
                learn(record)
            lines.append((record, listener_of(record), origin))
        return lines

    def count(self, batch: MaillogBatch, lines: Iterable[NamedLine]) -> MaillogCounts:
        """What the named lines of a batch add to the counters."""
        return self._counter.count(batch, lines)
