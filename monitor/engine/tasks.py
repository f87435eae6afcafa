"""Named background tasks that somebody holds: nothing is lost to the garbage collector, nothing fails unheard."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from monitor.links.backoff import Backoff

T = TypeVar("T")

# Before what has died is started anew, in seconds; who has lived as long as the longest begins with the first again.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0

BugHandler = Callable[[str, BaseException], None]


class Tasks:
    """A group of background tasks; a task that raises is a bug and is told to ``on_bug`` with the task's name."""

    def __init__(self, on_bug: BugHandler) -> None:
        """Begin empty."""
        self._on_bug = on_bug
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start ``work`` and hold it until it ends."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """Start what shall never end; where it does, by a bug, that is told and it is started anew after a pause."""
        return self.spawn(name, self._kept(name, work))

    async def _kept(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        loop = asyncio.get_running_loop()
        pause = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            started = loop.time()
            try:
                await work()
                raise RuntimeError(f"{name} has ended by itself")  # noqa: TRY301 - as much a bug as any other end
            except Exception as error:  # noqa: BLE001 - whatever it was, what is watched must go on being watched
                self._on_bug(name, error)
            if loop.time() - started > LONGEST_PAUSE:
                pause.reset()
            await asyncio.sleep(pause.next_delay())

    def __len__(self) -> int:
        """Count the tasks that have not ended."""
        return len(self._running)

    async def finish(self, within: float) -> None:
        """Let the running tasks come to their end for ``within`` seconds, then cancel what is left and await it."""
        if self._running:
            await asyncio.wait(self._running, timeout=within)
        await self.cancel()

    async def cancel(self) -> None:
        """Cancel every task and await its end."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_bug(task.get_name(), error)
