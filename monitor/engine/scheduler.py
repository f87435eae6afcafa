"""The beat: a calendar of due times, one timer; every target at most once at a time, none delayed by another.

A thousand checks a second pass through here, so little is done for each: a due time is a whole number of grains, and
whatever is due in the same grain shares an entry of the calendar, a wake-up and a note of how late it was.
"""

import asyncio
import heapq
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from monitor.engine.cadence import NORMAL, Cadence, Pace
from monitor.engine.tasks import Tasks

# A second has so many due times: of a thousand targets at one second ten share a wake-up, whose price (a timer, a turn
# of the loop, cold caches) is more than that of the connect itself. The tenth begins half a millisecond later.
GRAINS = 100
# A turn of the loop begins so many rounds at most, then looks who has answered: nobody else waits for a thousand SYNs.
AT_ONCE = 20
# uvloop's timers count whole milliseconds, and may come half of one early.
EARLY = 0.0005


class Telemetry(Protocol):
    """Whom the scheduler tells how well it keeps the beat."""

    def started(self, lateness: float, rounds: int) -> None:
        """Note that so many rounds started, ``lateness`` seconds after the due time that they share."""

    def skipped(self, slots: int) -> None:
        """Note that a round overran so many of its own later slots."""

    def bug(self, name: str, error: BaseException) -> None:
        """Note an exception that nobody expected; the job goes on."""


# What ends a round that has no task, with whatever it found.
Done = Callable[[Any], object]


class Quick(Protocol):
    """What is done thousands of times a second: its rounds take no task, no future and no timer of their own."""

    def begin(self, done: Done, /) -> object:
        """Start a round, and see to it that ``done`` is told its end, exactly once, within the round's deadline."""

    def conclude(self, found: Any, began: float, /) -> Pace:  # noqa: ANN401 - whatever ``done`` was told
        """Handle what was found, and when the probe began; return how soon to probe again."""


@dataclass(eq=False, slots=True)
class Job:
    """Something to do again and again.

    A round of ``run`` is a task, by itself within ``limit`` seconds, and answers how soon to look again; ``quick`` is
    for those that cannot have one. ``due`` is the event loop's time of the next round, or of the one that runs;
    ``began`` when that one did begin.
    """

    key: str
    cadence: Cadence
    limit: float
    run: Callable[[], Awaitable[Pace]] | None = None
    quick: Quick | None = None
    removed: bool = field(default=False, init=False)
    running: bool = field(default=False, init=False)
    due: float = field(default=0.0, init=False)
    began: float = field(default=0.0, init=False)


class Scheduler:
    """Runs jobs at their slots on the event loop's clock."""

    def __init__(self, telemetry: Telemetry) -> None:
        """Begin without jobs; belongs to the running event loop."""
        self._telemetry = telemetry
        self._loop = asyncio.get_running_loop()
        self._jobs: dict[str, Job] = {}
        # The calendar: who is due when, and a heap of the times that anybody is due at.
        self._due: dict[float, list[Job]] = {}
        self._times: list[float] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks = Tasks(telemetry.bug)
        # rounds without a task that have not ended, and who waits for the last of them
        self._flying = 0
        self._landed: asyncio.Future[None] | None = None
        self._stopped = self._over = False

    def __contains__(self, key: str) -> bool:
        """Whether a job of that key is scheduled."""
        return key in self._jobs

    def add(self, job: Job) -> None:
        """Schedule a job; one of the same key is replaced. After the stop nothing begins any more."""
        if self._stopped:
            return
        self.remove(job.key)
        self._jobs[job.key] = job
        self._enter(job, _grain(job.cadence.first(self._loop.time())))

    def remove(self, key: str) -> None:
        """Forget a job; a round in flight comes to its end, and nothing follows it."""
        job = self._jobs.pop(key, None)
        if job is not None:
            job.removed = True

    def hasten(self, key: str, due: float) -> None:
        """Let a job's next round begin at ``due``, if it was to begin later; a round in flight is left alone."""
        job = self._jobs.get(key)
        if job is not None and not job.running and (sooner := _grain(due)) < job.due:
            self._enter(job, sooner)

    def overdue(self, since: float) -> list[str]:
        """The keys of jobs whose round should have ended, its limit included, before ``since``: it never will."""
        return [key for key, job in self._jobs.items() if job.due + job.limit < since]

    async def stop(self, within: float) -> None:
        """Start nothing more, give all rounds in flight ``within`` seconds to end in order, then cancel them."""
        self._stopped = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        if self._timer is not None:
            self._timer.cancel()
        for key in tuple(self._jobs):
            self.remove(key)
        self._due.clear()
        if self._flying:
            self._landed = loop.create_future()
            await asyncio.wait({self._landed}, timeout=within)
        self._over = True
        await self._tasks.finish(max(0.0, deadline - loop.time()))

    def _enter(self, job: Job, due: float) -> None:
        job.due = due
        sharing = self._due.get(due)
        if sharing is not None:
            sharing.append(job)
            return
        self._due[due] = [job]
        heapq.heappush(self._times, due)
        if self._times[0] == due:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._times:
            self._timer = self._loop.call_at(self._times[0], self._fire)

    def _fire(self) -> None:
        self._timer = None
        now, room = self._loop.time(), AT_ONCE
        while room and self._times and self._times[0] <= now + EARLY:
            due, started = self._times[0], 0
            sharing = self._due[due]
            while sharing and started < room:
                job = sharing.pop()
                # A job that was hastened stands in the calendar twice: its other entry is void.
                if job.due == due and not job.removed and not job.running:
                    started += 1
                    self._start(job, now)
            if not sharing:
                heapq.heappop(self._times)
                del self._due[due]
            if started:
                self._telemetry.started(max(0.0, now - due), started)
            room -= started
        self._arm()  # at once, where there was no room for all

    def _start(self, job: Job, now: float) -> None:
        job.running = True
        job.began = now
        if job.quick is None:
            if job.run is not None:
                self._tasks.spawn(job.key, self._round(job, job.run))
            return
        self._flying += 1
        try:
            job.quick.begin(partial(self._conclude, job, job.quick))
        except Exception as error:  # noqa: BLE001 - here and below our own bugs are caught and survived
            self._telemetry.bug(job.key, error)
            self._land(job, NORMAL)

    async def _round(self, job: Job, run: Callable[[], Awaitable[Pace]]) -> None:
        pace = NORMAL
        try:
            async with asyncio.timeout(job.limit):
                pace = await run()
        except Exception as error:  # noqa: BLE001 - see _start
            self._telemetry.bug(job.key, error)
        finally:
            job.running = False
        self._follow(job, pace)

    def _conclude(self, job: Job, quick: Quick, found: object) -> None:
        if self._over:
            return  # cut off by our own end: it tells nothing
        pace = NORMAL
        try:
            pace = quick.conclude(found, job.began)
        except Exception as error:  # noqa: BLE001 - see _start
            self._telemetry.bug(job.key, error)
        self._land(job, pace)

    def _land(self, job: Job, pace: Pace) -> None:
        """End a round that has no task."""
        self._flying -= 1
        job.running = False
        if self._landed is not None and not self._flying and not self._landed.done():
            self._landed.set_result(None)
        self._follow(job, pace)

    def _follow(self, job: Job, pace: Pace) -> None:
        if job.removed or self._stopped:
            return
        following, missed = job.cadence.after(job.due, self._loop.time(), pace)
        if missed:
            self._telemetry.skipped(missed)
        self._enter(job, _grain(following))


def _grain(due: float) -> float:
    """Return the due time that is not sooner than this, to a microsecond; equal ones are the same number."""
    return math.ceil(due * GRAINS - GRAINS * 1e-6) / GRAINS
