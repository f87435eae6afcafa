"""The beat: one heap of due times, one timer; every target at most once at a time, none delayed by another."""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from monitor.engine.cadence import Cadence, Pace
from monitor.engine.tasks import Tasks


class Telemetry(Protocol):
    """Whom the scheduler tells how well it keeps the beat."""

    def started(self, lateness: float) -> None:
        """Note that a round started ``lateness`` seconds after its due time."""

    def skipped(self, slots: int) -> None:
        """Note that a round overran so many of its own later slots."""

    def bug(self, name: str, error: BaseException) -> None:
        """Note an exception that nobody expected; the job goes on."""


@dataclass(slots=True, eq=False)
class Job:
    """One target's rounds: ``run`` does one and says how soon to look again; ``limit`` ends a round that hangs.

    ``due`` is the event loop's time of the next round, or of the one that runs.
    """

    key: str
    cadence: Cadence
    limit: float
    run: Callable[[], Awaitable[Pace]]
    removed: bool = field(default=False, init=False)
    running: bool = field(default=False, init=False)
    due: float = field(default=0.0, init=False)


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
        self._stopped = False

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

    async def stop(self, within: float) -> None:
        """Start nothing more, give rounds in flight ``within`` seconds to end in order, then cancel them."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        for key in tuple(self._jobs):
            self.remove(key)
        self._due.clear()
        await self._tasks.finish(within)

    def _push(self, job: Job, due: float) -> None:
        job.due = due
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
        while self._due and self._due[0][0] <= now:
            due, _, job = heapq.heappop(self._due)
            # A job that was hastened stands in the heap twice: its later entry is void.
            if not job.removed and not job.running and due == job.due:
                job.running = True
                self._telemetry.started(now - due)
                self._tasks.spawn(job.key, self._round(job, due))
        self._arm()

    async def _round(self, job: Job, due: float) -> None:
        loop = asyncio.get_running_loop()
        pace = Pace.NORMAL
        try:
            async with asyncio.timeout(job.limit):
                pace = await job.run()
        except Exception as error:  # noqa: BLE001 - the one place where our own bugs are caught and survived
            self._telemetry.bug(job.key, error)
        finally:
            job.running = False
        if job.removed or self._stopped:
            return
        following, missed = job.cadence.after(due, loop.time(), pace)
        if missed:
            self._telemetry.skipped(missed)
        self._push(job, following)
