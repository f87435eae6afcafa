"""monitor.daemon.announcer: who is told of when, and with whom."""

import asyncio
from collections.abc import Collection
from contextlib import suppress

from monitor.daemon.announcer import ANYWAY, LATENCIES, SOON, Announcer
from tests.virtual_time import run_virtual


class Told:
    """What was told, and when."""

    def __init__(self, *paths: str) -> None:
        """Know these paths."""
        self.log: list[tuple[float, list[str]]] = []
        self.announcer = Announcer(self._tell, lambda: paths)

    def _tell(self, paths: Collection[str]) -> None:
        self.log.append((round(asyncio.get_running_loop().time(), 3), sorted(paths)))


def test_news_of_several_paths_is_told_at_once() -> None:
    """Soon after the first of them; what comes later is told later."""

    async def work() -> None:
        told = Told()
        for path in ("b", "a", "b"):
            told.announcer.news_of(path)
        await asyncio.sleep(1)
        told.announcer.news_of("c")
        await asyncio.sleep(1)
        assert told.log == [(SOON, ["a", "b"]), (1 + SOON, ["c"])]

    run_virtual(work())


def test_what_has_time_is_told_with_what_has_none() -> None:
    """A new latency waits a second, unless there are news."""

    async def work() -> None:
        told = Told()
        told.announcer.news_of("a", LATENCIES)
        told.announcer.news_of("b")
        told.announcer.news_of("a", LATENCIES)
        await asyncio.sleep(5)
        assert told.log == [(SOON, ["a", "b"])]

    run_virtual(work())


def test_every_path_is_told_of_now_and_then() -> None:
    """News or none, each by itself; and after the end nothing that was still to be told."""

    async def work() -> None:
        told = Told("a", "b")
        with suppress(TimeoutError):
            await asyncio.wait_for(told.announcer.announce_anyway(), ANYWAY + 1)
        told.announcer.news_of("a")
        told.announcer.stop()
        await asyncio.sleep(60)
        assert told.log == [(ANYWAY, ["a"]), (ANYWAY, ["b"])]

    run_virtual(work())
