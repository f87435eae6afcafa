"""The counters of the mail log: who connected to which listener, what went wrong, what we did ourselves.

Source NAT shows whoever came through a NodePort under an address of a node. A node's own address is one of these; that
of its tunnel or bridge in the pods' network is another, and stands in no configuration. Two kinds of line name the TCP
peer and nothing else: Dovecot's ``haproxy:`` lines and smtpd's ``connect from`` after a refused header. From these the
other addresses are learned.
"""

import re
from collections import Counter
from collections.abc import Iterable

from monitor.core.maillog import CONNECTIONS, LineKind, LogRecord, PostfixVersion, Problem
from monitor.core.observations import MaillogBatch, MaillogCounts
from monitor.core.verdicts import Origin
from monitor.verdict.log_listeners import PASSED, Listeners
from monitor.verdict.origins import Origins
from monitor.wire.maillog.postfix import version_of

NamedLine = tuple[LogRecord, int | None, Origin]
"""A line, the port of the listener that wrote it (``None``: it does not say), and the origin of the client it shows."""

# Members that every line is held against are named here once: to find one in its enumeration takes as long as the rest.
_BY_SMTPD = LineKind.SMTPD_CONNECT
_OF_SMTPD = frozenset({_BY_SMTPD, LineKind.SMTPD_DISCONNECT})
_PROBE = Origin.PROBE
# Whose connections come through the edge, or may: the others' listeners may well be none of ours.
_THROUGH_THE_EDGE = frozenset({Origin.EDGE, Origin.EXTERNAL, _PROBE})
_RESTART = Problem.SERVICE_RESTART
_REFUSALS = frozenset({Problem.PROXY_HEADER, Problem.PROXY_TIMEOUT})
# Origins that no TCP peer behind a NodePort has: the one stands in a header, the other stays outside.
_NO_PEERS = frozenset({Origin.EXTERNAL, Origin.PROBE})
# What checks leave behind, of whomever they are.
_NOISE = frozenset({Problem.EDGE_CHECK_NOISE, Problem.KUBELET_PROBE})

# How Postfix and Dovecot say that a client left without a word, as a check of a TCP port does.
_WITHOUT_A_WORD = re.compile(
    r" in tests before SMTP handshake\Z"
    r"|\A(?:[0-9A-Za-z]{5,32}: )?lost connection after CONNECT "
    r"|\((?:no auth attempts|disconnected before auth|disconnected during TLS handshake)"
)
_RESET = "Connection reset by peer"

# smtpd processes whose last line was a header error: as many as Postfix may run (default_process_limit is 100).
REMEMBERED_PIDS = 1024
# A cluster of this many nodes with two faces each; what would exceed it is not learned.
MAX_LEARNED = 512
# Visits that are weighed to tell the kubelet; older ones count half, quarter, and so on.
WEIGHED_VISITS = 64


class Relays:
    """The nodes' addresses, and which of them the kubelet's probes come from.

    Both the kubelet and HAProxy's checks open a stock port and leave without a word. HAProxy's checks come by all nodes
    alike and end in a reset; the kubelet's come from the pod's own node alone, and end in order (FIN). So the visits
    that ended in order are weighed: the kubelet's is the node from which more than half of them came. The limits:
    checks that also end in order (mailpath's own in ``connect`` mode) drown the kubelet's, which then go under
    ``edge_check_noise``; with one node the two are not told apart; after the pod has moved, some visits pass before its
    new node outweighs the old one.
    """

    def __init__(self, origins: Origins) -> None:
        """Begin with the configured node addresses."""
        self._origins = origins
        self._learned: set[str] = set()
        self._visits: Counter[str] = Counter()

    def __contains__(self, address: str) -> bool:
        """Whether an address is a node's, and so no client's."""
        return address in self._origins.nodes or address in self._learned

    def learn(self, address: str) -> None:
        """Treat an address as a node's: a line named it as the TCP peer."""
        if address and len(self._learned) < MAX_LEARNED:
            self._learned.add(address)

    def is_kubelet(self, address: str) -> bool:
        """Weigh one visit that ended cleanly; return whether its address is the kubelet's."""
        self._visits[address] += 1
        if self._visits.total() > WEIGHED_VISITS:
            self._visits = Counter({each: visits // 2 for each, visits in self._visits.items() if visits > 1})
        return 2 * self._visits[address] > self._visits.total()


class LineCounter:
    """Counts lines; remembers which smtpd process has just refused a header, and the nodes' addresses."""

    def __init__(self, path: str, listeners: Listeners, origins: Origins) -> None:
        """Count for one path."""
        self._path = path
        self._listeners = listeners
        self._relays = Relays(origins)
        self._refused: dict[tuple[str, int], None] = {}

    def count(self, batch: MaillogBatch, lines: Iterable[NamedLine]) -> MaillogCounts:
        """What the named lines of a batch add to the counters."""
        connections: Counter[tuple[int, Origin]] = Counter()
        problems: Counter[str] = Counter()
        located: Counter[tuple[int, str]] = Counter()
        self_inflicted: Counter[str] = Counter()
        proxy_ports = self._listeners.proxy_ports
        for record, listener, origin in lines:
            connects = record.kind in CONNECTIONS
            if not (connects or record.problem):
                continue  # a connection that goes on or ends cleanly: counted at its beginning
            after_refusal = self._follows_a_refusal(record, origin)
            problem = self._label(record, origin, listener) if record.problem and not after_refusal else ""
            times = record.repeats or 1
            if problem:
                problems[problem] += times
                if listener is not None:
                    located[listener, problem] += times
                # Under a node's address there may be anybody, ourselves among them.
                if origin is _PROBE and problem not in _NOISE and record.address not in self._relays:
                    self_inflicted[problem] += times
            if not connects or after_refusal or problem in _NOISE:
                continue
            if listener is None and record.program != PASSED:
                if origin in _THROUGH_THE_EDGE:
                    self._listeners.saw_unnamed(record, batch.finished)
            elif listener is not None and (listener in proxy_ports or not self._is_relayed(record, origin)):
                connections[listener, origin] += times
        return MaillogCounts(
            path=self._path,
            source=batch.source,
            at=batch.at,
            lines=batch.lines,
            unrecognised=batch.unrecognised,
            connections=connections,
            problems=problems,
            self_inflicted=self_inflicted,
            located=located,
            finished=batch.finished,
            postfix_version=_version_in(batch.records) if problems[_RESTART] else None,
            unnamed=self._listeners.unnamed(batch.finished),
        )

    def _label(self, record: LogRecord, origin: Origin, listener: int | None) -> str:
        """The label of a problem, by the networks that the parser does not know (see ``Problem``)."""
        problem = record.problem
        if problem == Problem.GETPEERNAME:
            return Problem.EDGE_CHECK_NOISE if self._listeners.is_stock(record.program) else problem
        if problem == Problem.HAPROXY_DISCONNECTED and origin not in _NO_PEERS:
            self._relays.learn(record.address)
            return Problem.EDGE_CHECK_NOISE
        if listener in self._listeners.proxy_ports or not self._is_relayed(record, origin):
            return problem
        return _label_of_a_visit(record, self._relays)

    def _is_relayed(self, record: LogRecord, origin: Origin) -> bool:
        """Whether an address at a stock port is HAProxy's or the kubelet's: a client's would be its own."""
        return origin is Origin.EDGE or record.address in self._relays

    def _follows_a_refusal(self, record: LogRecord, origin: Origin) -> bool:
        """Whether a line is smtpd's ``connect from`` its TCP peer, right after it refused the peer's header.

        From Postfix 3.11 on it is ``connect from unknown[unknown]``, and ``disconnect from`` the same.
        """
        if record.problem in _REFUSALS and record.program.endswith("/smtpd"):
            if len(self._refused) >= REMEMBERED_PIDS:
                del self._refused[next(iter(self._refused))]
            self._refused[record.program, record.pid] = None
        elif self._refused and record.kind in _OF_SMTPD and (record.program, record.pid) in self._refused:
            if record.address or record.kind is not _BY_SMTPD:
                del self._refused[record.program, record.pid]
            if record.address and origin not in _NO_PEERS:
                self._relays.learn(record.address)
            return True
        return False


def _version_in(records: Iterable[LogRecord]) -> PostfixVersion | None:
    """The release that was named last."""
    named = [version_of(record) for record in records if record.problem == _RESTART]
    return next((version for version in reversed(named) if version is not None), None)


def _label_of_a_visit(record: LogRecord, relays: Relays) -> str:
    """Label what a node's or the edge's address did at a stock port; what no check does keeps its own label."""
    match record.problem:
        case Problem.RATE_LIMIT if record.kind is not LineKind.IMAP_LOGIN:  # no check logs in
            return Problem.EDGE_CHECK_NOISE
        case Problem.TLS_ERROR if record.text.endswith((": lost connection", f": {_RESET}")):
            return Problem.EDGE_CHECK_NOISE
        case Problem.LOST_CONNECTION if _WITHOUT_A_WORD.search(record.text):
            # The kubelet asks postscreen and Dovecot, never smtpd.
            in_order = record.kind is not LineKind.PROBLEM and _RESET not in record.text
            by_kubelet = in_order and relays.is_kubelet(record.address)
            return Problem.KUBELET_PROBE if by_kubelet else Problem.EDGE_CHECK_NOISE
        case other:
            return other
