"""What is remembered of a mail log: what it says while nobody probes, whether it is understood, whether it is read.

It says: lost clients, silence, deferred mail, dying daemons, checks' noise. A log in words or in an envelope that the
parser does not know gives no record at all, and so neither clients nor problems: without ``Recognition`` it would look
like a quiet night.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.core.maillog import PostfixVersion, Problem
from monitor.core.model import Service
from monitor.core.observations import MaillogBatch, MaillogCounts, UnnamedListeners
from monitor.core.status import MaillogStatus
from monitor.core.taxonomy import Reason
from monitor.core.verdicts import Origin
from monitor.verdict.counting import Minutes, Sustained
from monitor.verdict.log_proof import LINE_WAIT, LONGEST_LAG
from monitor.verdict.stuck_mail import Stuck, StuckMail
from monitor.verdict.traffic import ALL_LISTENERS, Loss, Traffic

# Our own handshakes leave lines every minute: after so long without any line the log is cut, and its silence nobody's.
DEAF_AFTER = 300.0
# How long a fatal or a throttling in the log explains a silent smtpd: Postfix' service_throttle_time is 60 s.
THROTTLING_EXPLAINS_FOR = 90.0
# Mail deferred, or checks of a PROXY port: thrice in five minutes is no accident, and five minutes without are its end.
SUSTAINED_TIMES = 3
SUSTAINED_WITHIN = 300.0
# Lines a minute, over so many minutes. One backend of four servers, each checked every 5 s, leaves 48 lines at least.
NOISE = 20.0
NOISE_MINUTES = 5

# So many of our own probe runs have succeeded that the server logs, each with at least one line that is recognised.
HANDSHAKES = 3
# Where none succeeds (a standby replica, a path without nodes): so many lines tagged postfix or dovecot.
LINES = 500
# A source is read at least every few seconds; one that was not read for longer is dead.
STALE_AFTER = 30.0

_DAEMON_DIES = (Problem.SERVNAME_FATAL, Problem.FATAL, Problem.POSTSCREEN_CACHE_LOCK)
_SOMEWHERE = (Problem.SERVNAME_FATAL, Problem.THROTTLING)


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Lines that were not recognised while some should have been: what told so, and one of them, masked."""

    handshakes: int
    lines: int
    example: str


@dataclass(frozen=True, slots=True)
class LogSignals:
    """What the log says at one moment, beyond our own connections.

    ``silence`` is the seconds without an outside client, ``None`` where that is no matter of concern; ``deferring``
    whether mail that was let in is turned away in the transaction; ``local_checks`` the PROXY listeners of postscreen
    that log ``getpeername``; ``noise`` the lines a minute that checks leave, 0 where they are few; ``stuck`` the mail
    that waits for our own mailboxes; ``shown`` whether lines of before the first round had connections of ours;
    ``unread`` that lines arrive and none is understood; ``proxy_ignored`` whether smtpd behind postscreen expects a
    PROXY header; ``postfix_version`` the release that Postfix named last, at a start or reload, ``None`` until the log
    has shown one; ``unnamed`` the listeners whose lines do not tell which they are.
    """

    lost: tuple[Loss, ...] = ()
    silence: float | None = None
    deferring: bool = False
    local_checks: frozenset[int] = frozenset()
    noise: float = 0.0
    stuck: Stuck | None = None
    shown: bool = False
    unread: NotUnderstood | None = None
    proxy_ignored: bool = False
    postfix_version: PostfixVersion | None = None
    unnamed: UnnamedListeners = field(default_factory=UnnamedListeners)


NO_SIGNALS = LogSignals()


class Recognition:
    """Whether the log is understood: what came since the last line that was recognised."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._succeeded: list[float] = []
        self._lines = 0
        self._heard_at = 0.0
        self._example = ""

    def succeeded(self, finished: float) -> None:
        """Note a successful probe run that leaves a line in the log (event loop's clock)."""
        if len(self._succeeded) < HANDSHAKES:
            self._succeeded.append(finished)

    def record(self, batch: MaillogBatch) -> None:
        """Record a batch: one recognised line is enough, and all before it is forgotten."""
        if batch.records:
            self._succeeded, self._lines, self._example = [], 0, ""
        elif batch.lines:
            self._lines += batch.tagged
            self._heard_at = batch.finished
            self._example = batch.example or self._example

    def not_understood(self, now: float, lag: float) -> NotUnderstood | None:
        """What is known at ``now``; a probe run's line has the time that proofs give it, too."""
        due = now - LINE_WAIT - min(lag, LONGEST_LAG)
        enough = len(self._succeeded) == HANDSHAKES and self._succeeded[-1] <= min(due, self._heard_at)
        if not enough and (self._succeeded or self._lines < LINES):
            return None
        return NotUnderstood(len(self._succeeded), self._lines, self._example)


class LogState:
    """One path's memory of its mail log; bounded by the number of listeners, and by the hour."""

    def __init__(self, services: Iterable[Service]) -> None:
        """Begin knowing nothing."""
        self._traffic: dict[int, Traffic] = {}
        self._local_checks: dict[int, Sustained] = {}
        self._died_at: dict[int, float] = {}
        self._throttled_at: float | None = None
        self._deferrals = Sustained(SUSTAINED_TIMES, SUSTAINED_WITHIN)
        self._noise = Minutes(NOISE_MINUTES + 1)
        self._heard_at: float | None = None
        self._listening_since = 0.0
        self._last_external: float | None = None
        self._stuck = StuckMail()
        self._shown = False
        self._recognition = Recognition()
        self._proxy_ignored = Sustained(1, SUSTAINED_WITHIN)
        self._postfix_version: PostfixVersion | None = None
        self._unnamed = UnnamedListeners()
        self._last: MaillogBatch | None = None
        self._lag: float | None = None
        self.replan(services)

    def replan(self, services: Iterable[Service]) -> None:
        """Watch the listeners of these services; those that stay keep their memory."""
        ports = [service.listener_port for service in services]
        traffic, checks, died = self._traffic, self._local_checks, self._died_at
        self._traffic = {port: traffic.get(port) or Traffic(port) for port in (*ports, ALL_LISTENERS)}
        self._local_checks = {port: checks.get(port) or Sustained(SUSTAINED_TIMES, SUSTAINED_WITHIN) for port in ports}
        self._died_at = {port: died[port] for port in ports if port in died}

    def succeeded(self, finished: float) -> None:
        """Note a successful probe run of ours that the server logs."""
        self._recognition.succeeded(finished)

    def record(self, batch: MaillogBatch, counts: MaillogCounts, *, past: bool = False) -> bool:
        """Record a batch, with what it adds to the counters; ``past``: of lines from before the first probe run.

        That those show probe runs of ours says that this log can.

        Returns:
            Whether it is news, beyond being newer.
        """
        self._record_counts(counts)
        self._stuck.record(batch)
        self._recognition.record(batch)
        if past:
            self._shown = self._shown or any(origin is Origin.PROBE for _, origin in counts.connections)
            return True
        before, self._last = self._last, batch
        self._lag = self._lag if batch.lag is None else batch.lag
        return bool(batch.records) or before is None or before.failure != batch.failure

    def _record_counts(self, counts: MaillogCounts) -> None:
        now = counts.finished
        if counts.lines:
            if self._heard_at is None or now - self._heard_at > DEAF_AFTER:
                self._listening_since = now
            self._heard_at = now
        self._postfix_version = counts.postfix_version or self._postfix_version
        self._unnamed = counts.unnamed
        self._count_clients(counts, now)
        self._deferrals.add(now, counts.problems.get(Problem.TEMPFAIL, 0))
        self._noise.add(now, counts.problems.get(Problem.EDGE_CHECK_NOISE, 0))
        self._proxy_ignored.add(now, counts.problems.get(Problem.PROXY_IGNORED, 0))
        located = dict.fromkeys(_SOMEWHERE, 0)
        for (port, problem), number in counts.located.items():
            if problem == Problem.GETPEERNAME and port in self._local_checks:
                self._local_checks[port].add(now, number)
            if problem in _DAEMON_DIES and port in self._traffic:
                self._died_at[port] = now
            if problem in located:
                located[Problem(problem)] += number
        if any(counts.problems.get(problem, 0) > located[problem] for problem in _SOMEWHERE):
            self._throttled_at = now

    def throttled(self, service: Service, now: float, greeted: float = -math.inf) -> bool:
        """Whether the log explains that the service's smtpd says nothing.

        What was before it last ``greeted`` any client explains nothing any more. A fatal names its listener (by its
        syslog_name); what Postfix' master says of throttling names none, and may be that of any smtpd.
        """
        times = [self._died_at.get(service.listener_port)]
        if not service.protocol.speaks_imap:
            times.append(self._throttled_at)
        return any(at is not None and at >= greeted and now - at < THROTTLING_EXPLAINS_FOR for at in times)

    def status(self, source: str | None, now: float, stuck: Stuck | None) -> MaillogStatus | None:
        """What is known of the source at ``now`` (the event loop's clock); ``None`` where no log is followed."""
        if source is None:
            return None
        batch = self._last
        if batch is None:
            return MaillogStatus(source, None, None, "not read yet")
        if now - batch.finished > STALE_AFTER:
            reason = "no sign of life from the source"
            return MaillogStatus(source, up=False, lag=None, reason=reason, cause=Reason.STALE)
        if batch.failure is not None:
            cause, detail = batch.failure.reason, batch.failure.detail
            return MaillogStatus(source, up=False, lag=None, reason=f"{cause}: {detail}", cause=cause)
        messages, oldest = (0, None) if stuck is None else (stuck.messages, stuck.oldest)
        return MaillogStatus(source, up=True, lag=self._lag, reason="", stuck=messages, oldest_stuck=oldest)

    def signals(self, now: float, wan_silence: float | None) -> LogSignals:
        """What the log says at ``now``; ``wan_silence`` is in seconds, ``None``: silence is never judged."""
        losses = [loss for traffic in self._traffic.values() if (loss := traffic.loss(now)) is not None]
        single = [loss for loss in losses if loss.listener != ALL_LISTENERS]
        noise = self._noise.total(now, 1, NOISE_MINUTES + 1) / NOISE_MINUTES
        return LogSignals(
            lost=tuple(single or losses),
            silence=self._silence(now, wan_silence),
            deferring=self._deferrals.goes_on(now),
            local_checks=frozenset(port for port, checks in self._local_checks.items() if checks.goes_on(now)),
            noise=noise if noise >= NOISE else 0.0,
            stuck=self._stuck.known(now),
            shown=self._shown,
            unread=self._recognition.not_understood(now, self._lag or 0.0),
            proxy_ignored=self._proxy_ignored.goes_on(now),
            postfix_version=self._postfix_version,
            unnamed=self._unnamed,
        )

    def _count_clients(self, counts: MaillogCounts, now: float) -> None:
        edge = dict.fromkeys(self._traffic, 0)
        external = dict.fromkeys(self._traffic, 0)
        for (port, origin), number in counts.connections.items():
            by_port = edge if origin is Origin.EDGE else external if origin is Origin.EXTERNAL else None
            if by_port is not None and port in by_port:
                by_port[port] += number
                by_port[ALL_LISTENERS] += number
        for port, traffic in self._traffic.items():
            if edge[port] or external[port]:
                traffic.add(now, edge=edge[port], external=external[port])
        if external[ALL_LISTENERS]:
            self._last_external = now

    def _silence(self, now: float, wan_silence: float | None) -> float | None:
        heard, last = self._heard_at, self._last_external
        if wan_silence is None or last is None or heard is None or now - heard > DEAF_AFTER:
            return None
        silence = now - max(self._listening_since, last)
        return silence if silence >= wan_silence else None
