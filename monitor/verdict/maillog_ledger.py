"""From records of the mail log to counters: who connected to which listener, what went wrong, what we did ourselves."""

import re
from collections import Counter
from collections.abc import Collection, Iterable

from monitor.core.maillog import LineKind, LogRecord, PostfixVersion, Problem
from monitor.core.observations import MaillogBatch, MaillogCounts
from monitor.core.verdicts import Origin
from monitor.verdict.listener_names import PASSED
from monitor.verdict.listeners import Listeners
from monitor.verdict.origins import Origins
from monitor.verdict.relays import Relays
from monitor.wire.maillog.postfix import version_of

# Members that every line is held against are named here once: to find one in its enumeration takes as long as the rest.
_BY_SMTPD = LineKind.SMTPD_CONNECT
_OF_SMTPD = frozenset({_BY_SMTPD, LineKind.SMTPD_DISCONNECT})
_CONNECTIONS = frozenset({LineKind.POSTSCREEN_CONNECT, _BY_SMTPD, LineKind.IMAP_LOGIN})
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


class MaillogLedger:
    """Classifies records; remembers which smtpd process has just refused a header, and the nodes' addresses."""

    def __init__(self, path: str, listeners: Listeners, origins: Origins, nodes: Collection[str]) -> None:
        """Count for one path; ``nodes`` are the node addresses, under which kube-proxy shows the edge's checks."""
        self._path = path
        self._listeners = listeners
        self._origins = origins
        self._relays = Relays(nodes)
        self._refused: dict[tuple[str, int], None] = {}

    def adopt(self, listeners: Listeners, origins: Origins, nodes: Collection[str]) -> None:
        """Classify by another configuration from here on, and keep what was learned."""
        self._listeners = listeners
        self._origins = origins
        self._relays.adopt(nodes)

    def count(self, batch: MaillogBatch) -> MaillogCounts:
        """Give what a batch adds to the counters."""
        connections: Counter[tuple[int, Origin]] = Counter()
        problems: Counter[str] = Counter()
        located: Counter[tuple[int, str]] = Counter()
        self_inflicted: Counter[str] = Counter()
        origin_of, listener_of, names = self._origins.of, self._listeners.of, self._listeners.names
        proxy_ports = self._listeners.proxy_ports
        for record in batch.records:
            connects = record.kind in _CONNECTIONS
            if not (connects or record.problem):
                continue  # a connection that goes on or ends in order: counted at its beginning
            origin = origin_of(record.address)
            if origin is _PROBE:
                names.learn(record)
            listener = listener_of(record)
            after_refusal = self._follows_a_refusal(record, origin)
            problem = self._label(record, origin, listener) if record.problem and not after_refusal else ""
            times = record.repeats or 1
            if problem:
                problems[problem] += times
                if listener is not None:
                    located[listener, problem] += times
                # Under a node's address there may be anybody, ourselves among them.
                if origin is Origin.PROBE and problem not in _NOISE and record.address not in self._relays:
                    self_inflicted[problem] += times
            if not connects or after_refusal or problem in _NOISE:
                continue
            if listener is None and record.program != PASSED:
                self._saw_unnamed(record, origin, batch.finished)
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
            unnamed=names.unnamed(batch.finished),
        )

    def _saw_unnamed(self, record: LogRecord, origin: Origin, now: float) -> None:
        if origin in _THROUGH_THE_EDGE:
            self._listeners.names.saw(record, now)

    def _label(self, record: LogRecord, origin: Origin, listener: int | None) -> str:
        """Give the label of a problem, by the networks that its line's reader does not know (see ``Problem``)."""
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
        """Tell whether an address at a stock port is HAProxy's or the kubelet's: a client's would be its own."""
        return origin is Origin.EDGE or record.address in self._relays

    def _follows_a_refusal(self, record: LogRecord, origin: Origin) -> bool:
        """Tell whether a line is smtpd's ``connect from`` its TCP peer, right after it refused the peer's header.

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
    """Give the release that was named last."""
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
