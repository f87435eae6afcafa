"""Whether the daemon does its work: the loop keeps time, and rounds begin and end. What they find does not matter."""

from monitor.engine.loop_lag import LoopLag
from monitor.engine.scheduler import Scheduler

# A round has its deadline, and past that its limit. Who is later than this (seconds) will not come at all.
OVERDUE_AFTER = 60.0
# A loop that has been late without pause for so long starves every probe; a single freeze is over when it is seen.
LAGS_FOR = 60.0


class Watchdog:
    """Looks at the scheduler and at the event loop's lag; belongs to the loop that it watches.

    A loop that stands still cannot say so: then ``/livez`` does not answer at all.
    """

    def __init__(self, scheduler: Scheduler, lag: LoopLag) -> None:
        """Watch these."""
        self._scheduler = scheduler
        self._lag = lag

    def trouble(self, now: float) -> str:
        """Say what is wrong at ``now`` (the loop's clock), in a sentence; ``""``: nothing."""
        overdue = self._scheduler.overdue(now - OVERDUE_AFTER)
        if overdue:
            return f"{len(overdue)} rounds are overdue by more than {OVERDUE_AFTER:.0f} s, {overdue[0]} among them"
        late = self._lag.late_for(now)
        if late > LAGS_FOR:
            return f"the event loop has been late for {late:.0f} s without pause"
        return ""
