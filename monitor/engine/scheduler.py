"""The beat: one heap of due times, one timer; every target at most once at a time, none delayed by another."""

import asyncio
import heapq
import itertools
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from monitor.engine.cadence import Cadence, Pace
from monitor.engine.tasks import Tasks

# Due times are multiples of so many seconds: of a thousand targets at one second two share a wake-up, whose price (a
# timer, a turn of the loop, cold caches) is more than that of the connect itself.
GRAIN = 0.002


class Telemetry(Protocol):
    """Whom the scheduler tells how well it keeps the beat."""

    def started(self, lateness: float) -> None:
        """Note that a round started ``lateness`` seconds after its due time."""

    def skipped(self, slots: int) -> None:
        """Note that a round overran so many of its own later slots."""

    def bug(self, name: str, error: BaseException) -> None:
        """Note an exception that nobody expected; the job goes on."""


# What ends a round that has no task, with whatever it found.
Done = Callable[[Any], object]


@dataclass(eq=False, slots=True)
class Job:
    """Something to do again and again; ``run`` answers how soon to look again, by itself within ``limit`` seconds.

    A round of ``run`` is a task. What is done thousands of times a second takes no task, no future and no timer of its
    own: ``begin`` starts it and sees to it that it is told the end, exactly once, within its own deadline; ``conclude``
    then takes what was found, and when the round began, and answers how soon to look again.

    ``due`` is the event loop's time of the next round, or of the one that runs; ``began`` when that one did begin.
    """

    key: str
    cadence: Cadence
    limit: float
    run: Callable[[], Awaitable[Pace]] | None = None
    begin: Callable[[Done], object] | None = None
    conclude: Callable[[Any, float], Pace] = lambda *_: Pace.NORMAL
    removed: bool = field(default=False, init=False)
    running: bool = field(default=False, init=False)
    due: float = field(default=0.0, init=False)
    began: float = field(default=0.0, init=False)


class Scheduler:
    """Runs jobs at their slots on the event loop's clock."""

    def __init__(self, telemetry: Telemetry) -> None:
        """Begin without jobs."""
        self._telemetry = telemetry
        self._jobs: dict[str, Job] = {}
        self._due: list[tuple[float, int, Job]] = []
        self._tie = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks = Tasks(telemetry.bug)
        # rounds without a task that have not ended, and who waits for the last of them
        self._flying = 0
        self._landed: asyncio.Future[None] | None = None
        self._stopped = self._over = False

    def __contains__(self, key: str) -> bool:
        """Tell whether a job of that key is scheduled."""
        return key in self._jobs

    def add(self, job: Job) -> None:
        """Schedule a job; one of the same key is replaced. After the stop nothing begins any more."""
        if self._stopped:
            return
        self.remove(job.key)
        self._jobs[job.key] = job
        self._push(job, job.cadence.first(asyncio.get_running_loop().time()))

    def remove(self, key: str) -> None:
        """Forget a job; a round in flight comes to its end, and nothing follows it."""
        job = self._jobs.pop(key, None)
        if job is not None:
            job.removed = True

    def hasten(self, key: str, due: float) -> None:
        """Let a job's next round begin at ``due``, if it was to begin later; a round in flight is left alone."""
        job = self._jobs.get(key)
        if job is not None and not job.running and due < job.due:
            self._push(job, due)

    def overdue(self, since: float) -> list[str]:
        """Give the keys of jobs whose round should have ended, its limit included, before ``since``: it never will."""
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

    def _push(self, job: Job, due: float) -> None:
        job.due = due = math.ceil(due / GRAIN - 1e-6) * GRAIN
        heapq.heappush(self._due, (due, next(self._tie), job))
        if self._due[0][2] is job:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            self._timer = asyncio.get_running_loop().call_at(self._due[0][0], self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        soon = now + GRAIN / 4  # uvloop's timers count whole milliseconds, and may come half of one early
        while self._due and self._due[0][0] <= soon:
            due, _, job = heapq.heappop(self._due)
            # A job that was hastened stands in the heap twice: its later entry is void.
            if not job.removed and not job.running and due == job.due:
                job.running = True
                job.began = now
                self._telemetry.started(max(0.0, now - due))
                if job.begin is not None:
                    self._start(job, job.begin)
                elif job.run is not None:
                    self._tasks.spawn(job.key, self._round(job, job.run))
        self._arm()

    async def _round(self, job: Job, run: Callable[[], Awaitable[Pace]]) -> None:
        pace = Pace.NORMAL
        try:
            async with asyncio.timeout(job.limit):
                pace = await run()
        except Exception as error:  # noqa: BLE001 - here and in _conclude our own bugs are caught and survived
            self._telemetry.bug(job.key, error)
        finally:
            job.running = False
        self._follow(job, pace)

    def _start(self, job: Job, begin: Callable[[Done], object]) -> None:
        self._flying += 1
        try:
            begin(partial(self._conclude, job))
        except Exception as error:  # noqa: BLE001 - see _round
            self._end(job, error)

    def _conclude(self, job: Job, found: object) -> None:
        if self._over:
            return  # cut off by our own end: it tells nothing
        try:
            pace = job.conclude(found, job.began)
        except Exception as error:  # noqa: BLE001 - see _round
            self._end(job, error)
        else:
            self._end(job, None, pace)

    def _end(self, job: Job, bug: Exception | None, pace: Pace = Pace.NORMAL) -> None:
        self._flying -= 1
        job.running = False
        if bug is not None:
            self._telemetry.bug(job.key, bug)
        if self._landed is not None and not self._flying and not self._landed.done():
            self._landed.set_result(None)
        self._follow(job, pace)

    def _follow(self, job: Job, pace: Pace) -> None:
        if job.removed or self._stopped:
            return
        following, missed = job.cadence.after(job.due, asyncio.get_running_loop().time(), pace)
        if missed:
            self._telemetry.skipped(missed)
        self._push(job, following)
