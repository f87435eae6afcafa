"""Our own connections, found again in the mail log: ended rounds in, lines in, in any order; what they prove out.

A line is ours by a mark that the round has left: our source port (postscreen's CONNECT; Dovecot's session id; smtpd
with ``smtpd_client_port_logging``), the number of NOOPs that we sent (``noop=N`` in smtpd's disconnect line) or the
nonce in the recipient of a refused RCPT.

How sure is that? Under our own address a mark is certain: a claimed address is one target's alone, and the mark tells
its rounds apart. Under another address only the nonce is certain. A stranger shares our port once in 28,000 ephemeral
ports, and our number of NOOPs, which real clients hardly send, once in seven if he does send some. So he is looked at
only where no line of our own came in time, only on our own listener, only between the round's first packet and the end
of the wait, and only if he alone fits. Even then it is a suspicion: ``certain`` is false, and one round does not count.

A folded line proves nothing: the log daemon holds it back for minutes, and it would be found in a later round.
"""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.core.maillog import CONNECTIONS, LineKind, LogRecord
from monitor.core.model import Target
from monitor.verdict.log_counts import NamedLine
from monitor.verdict.origins import Expectation

# How long a round waits for its line: measured lags are milliseconds, of Kubernetes' log up to some seconds.
LINE_WAIT = 8.0
# The lag that the log itself shows is waited for as well, within reason.
LONGEST_LAG = 60.0
# Lines that may precede the end of their round: postscreen's CONNECT by its greet wait and more. Beyond some 400 new
# connections a second the oldest are forgotten; then a round stays unproven, never disproven.
REMEMBERED_LINES = 8192

# A line that may be one of ours, when it was read (event loop's clock), and its listener's port. A plain tuple: one is
# made of most lines of interest.
_ReadLine = tuple[float, LogRecord, int | None]
_SHOWS_MORE = frozenset({LineKind.SMTPD_DISCONNECT, LineKind.SMTPD_REJECT})


@dataclass(frozen=True, slots=True)
class LogRound:
    """What one ended round has left behind.

    ``started`` and ``finished`` are the event loop's clock, ``at`` the wall clock of its end, ``listeners`` the
    service's own ports, ``recipient`` that of the refused RCPT or ``""``. ``unique`` says that nobody else uses the
    expected address.
    """

    target: Target
    started: float
    finished: float
    at: float
    expected: Expectation
    unique: bool
    listeners: frozenset[int]
    port: int
    noops: int = 0
    recipient: str = ""

    def names(self, record: LogRecord) -> bool:
        """Whether a line holds this round's nonce."""
        if not self.recipient or record.kind is not LineKind.SMTPD_REJECT:
            return False
        return f"to=<{self.recipient}>" in record.text

    def left(self, record: LogRecord, listener: int | None) -> bool:
        """Whether a line under an expected address is this round's."""
        there = self.unique or listener in self.listeners or listener is None
        return there and self._marks(record, without_noops=self.unique)

    def may_have_left(self, record: LogRecord, listener: int | None) -> bool:
        """Whether a line under a foreign address could be this round's."""
        return listener in self.listeners and self._marks(record, without_noops=False)

    def _marks(self, record: LogRecord, *, without_noops: bool) -> bool:
        if record.port:
            return record.port == self.port
        counted = record.kind is LineKind.SMTPD_DISCONNECT and max(record.noops, 0) == self.noops
        return counted and (self.noops > 0 or without_noops)


class LogFinding(NamedTuple):
    """What the log says of one round; no address: no line (or, ``ambiguous``, too many) came.

    ``certain`` is false for an address that might be a stranger's.
    """

    round: LogRound
    address: str = ""
    certain: bool = True
    ambiguous: bool = False


@dataclass(slots=True)
class _Waiting:
    round: LogRound
    deadline: float
    own: str = ""
    certain: str = ""
    suspects: set[str] = field(default_factory=set)

    def look_at(self, line: _ReadLine, ours: Collection[str]) -> None:
        round_, (arrived, record, listener) = self.round, line
        if not round_.started <= arrived <= self.deadline:
            return
        named, address = round_.names(record), record.address
        if round_.expected.met_by(address):
            if named or round_.left(record, listener):
                self.own = address
        elif named:
            self.certain = address
        elif address not in ours and round_.may_have_left(record, listener):
            self.suspects.add(address)

    def finding(self) -> LogFinding:
        address = self.own or self.certain
        if address:
            return LogFinding(self.round, address)
        if len(self.suspects) == 1:
            return LogFinding(self.round, next(iter(self.suspects)), certain=False)
        return LogFinding(self.round, ambiguous=bool(self.suspects))


class LogProof:
    """Waits for the lines of ended rounds, and remembers lines whose rounds have not ended yet."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self.lag = 0.0
        self._lines: deque[_ReadLine] = deque(maxlen=REMEMBERED_LINES)
        self._waiting: list[_Waiting] = []

    def feed(self, lines: Iterable[NamedLine], now: float, ours: Collection[str]) -> None:
        """Record lines read at ``now``; ``ours`` are all addresses under which our own connections appear."""
        for record, listener, _ in lines:
            marked = record.kind in _SHOWS_MORE or (record.port and record.kind in CONNECTIONS)
            if marked and record.address and not record.repeats:
                line = (now, record, listener)
                self._lines.append(line)
                for waiting in self._waiting:
                    waiting.look_at(line, ours)

    def add(self, ended: LogRound, ours: Collection[str]) -> None:
        """Record an ended round; it waits for its line without holding anything up."""
        waiting = _Waiting(ended, ended.finished + LINE_WAIT + min(self.lag, LONGEST_LAG))
        for line in reversed(self._lines):
            if line[0] < ended.started:
                break
            waiting.look_at(line, ours)
        self._waiting.append(waiting)

    def settle(self, now: float) -> list[LogFinding]:
        """What is certain by now: rounds whose own line came, and those whose wait is over, in their order."""
        settled = [each for each in self._waiting if each.own or now > each.deadline]
        if settled:
            self._waiting = [each for each in self._waiting if not each.own and now <= each.deadline]
        return [each.finding() for each in settled]

    def forget(self, targets: Collection[Target]) -> None:
        """Wait no more for rounds of other targets than these."""
        self._waiting = [each for each in self._waiting if each.round.target in targets]
