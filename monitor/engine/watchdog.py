"""Whether the daemon does its work: the event loop keeps time, rounds begin and end. What they find does not matter."""

import asyncio

from monitor.engine.scheduler import Scheduler

# A round has its deadline, and past that its limit. Who is later than this (seconds) will not come at all.
OVERDUE_AFTER = 60.0
# A loop that has been late without pause for so long starves every probe; a single freeze is over when it is seen.
LAGS_FOR = 60.0
PERIOD = 0.5
# By so many seconds a timer may be late for a probe to go unharmed.
LATE = 1.0


class LoopLag:
    """Measures the event loop's lag every half second; ``seconds`` is the worst since it was last taken."""

    def __init__(self) -> None:
        """Begin without a measurement."""
        self._worst = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._late_since: float | None = None

    def start(self) -> None:
        """Begin to measure on the running loop."""
        loop = asyncio.get_running_loop()
        self._schedule(loop, loop.time() + PERIOD)

    def take(self) -> float:
        """Return the worst lag in seconds since the last call, and begin anew."""
        worst, self._worst = self._worst, 0.0
        return worst

    def late_for(self, now: float) -> float:
        """Return for how many seconds before ``now`` (the loop's clock) every measurement has been beyond ``LATE``."""
        return 0.0 if self._late_since is None else now - self._late_since

    def stop(self) -> None:
        """End the measurement."""
        if self._handle is not None:
            self._handle.cancel()

    def _schedule(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._handle = loop.call_at(due, self._measure, loop, due)

    def _measure(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self._worst = max(self._worst, now - due)
        if now - due <= LATE:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        self._schedule(loop, now + PERIOD)


class Watchdog:
    """Looks at the scheduler and at the event loop's lag; belongs to the loop that it watches.

    A loop that stands still cannot say so: then ``/livez`` does not answer at all.
    """

    def __init__(self, scheduler: Scheduler, lag: LoopLag) -> None:
        """Watch these."""
        self._scheduler = scheduler
        self._lag = lag

    def trouble(self, now: float) -> str:
        """What is wrong at ``now`` (the loop's clock), in a sentence; ``""``: nothing."""
        overdue = self._scheduler.overdue(now - OVERDUE_AFTER)
        if overdue:
            return f"{len(overdue)} rounds are overdue by more than {OVERDUE_AFTER:.0f} s, {overdue[0]} among them"
        late = self._lag.late_for(now)
        if late > LAGS_FOR:
            return f"the event loop has been late for {late:.0f} s without pause"
        return ""
