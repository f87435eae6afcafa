"""From records of the mail log to counters: who connected to which listener, what went wrong, what we did ourselves."""

from collections import Counter
from collections.abc import Collection

from monitor.core.maillog import LineKind, LogRecord, Problem
from monitor.core.observations import MaillogBatch, MaillogCounts
from monitor.core.verdicts import Origin
from monitor.verdict.listeners import Listeners
from monitor.verdict.origins import Origins

_CONNECTIONS = frozenset({LineKind.POSTSCREEN_CONNECT, LineKind.SMTPD_CONNECT, LineKind.IMAP_LOGIN})

# What HAProxy's own checks leave on the stock listeners where the edge's kernel has no TCP_QUICKACK (FreeBSD).
_CHECK_MARKS = frozenset(
    {Problem.GETPEERNAME, Problem.LOST_CONNECTION, Problem.TLS_ERROR, Problem.HAPROXY_DISCONNECTED}
)

# smtpd processes whose last line was a header error; bounded like Postfix's own process limit, generously.
_REMEMBERED_PIDS = 1024


class MaillogLedger:
    """Classifies records; remembers only which smtpd process has just refused a header."""

    def __init__(self, path: str, listeners: Listeners, origins: Origins, nodes: Collection[str]) -> None:
        """Count for one path; ``nodes`` are the node addresses, under which kube-proxy shows the edge's checks."""
        self._path = path
        self._listeners = listeners
        self._origins = origins
        self._nodes = frozenset(nodes)
        self._refused: dict[tuple[str, int], None] = {}

    def count(self, batch: MaillogBatch) -> MaillogCounts:
        """Give what a batch adds to the counters."""
        connections: Counter[tuple[int, Origin]] = Counter()
        problems: Counter[str] = Counter()
        self_inflicted: Counter[str] = Counter()
        for record in batch.records:
            origin = self._origins.of(record.address)
            listener = self._listeners.of(record)
            if record.problem:
                problem = self._problem(record, origin, listener)
                problems[problem] += 1
                if origin is Origin.PROBE:
                    self_inflicted[problem] += 1
            if self._is_client(record) and listener is not None:
                connections[listener, origin] += 1
        return MaillogCounts(
            path=self._path,
            source=batch.source,
            at=batch.at,
            lines=batch.lines,
            unrecognised=batch.unrecognised,
            connections=connections,
            problems=problems,
            self_inflicted=self_inflicted,
        )

    def _problem(self, record: LogRecord, origin: Origin, listener: int | None) -> str:
        at_stock_listener = listener not in self._listeners.proxy_ports
        by_the_edge = origin in {Origin.UNKNOWN, Origin.EDGE} or record.address in self._nodes
        if record.problem in _CHECK_MARKS and at_stock_listener and by_the_edge:
            return Problem.EDGE_CHECK_NOISE
        return record.problem

    def _is_client(self, record: LogRecord) -> bool:
        """Tell whether the line is a client's connection; smtpd names its TCP peer right after a header error."""
        key = (record.program, record.pid)
        if record.problem == Problem.PROXY_HEADER:
            if len(self._refused) >= _REMEMBERED_PIDS:
                self._refused.clear()
            self._refused[key] = None
            return False
        if record.kind is LineKind.SMTPD_CONNECT and key in self._refused:
            del self._refused[key]
            return False
        return record.kind in _CONNECTIONS
