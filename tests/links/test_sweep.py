"""monitor.links.sweep: when a table is looked through, and how often at most."""

import asyncio
import math
from collections.abc import Callable

from monitor.links.sweep import Sweep
from tests.virtual_time import run_virtual

GRAIN = 0.02


class Table:
    """Deadlines, which end when they are looked at too late; notes the looks and the ends."""

    def __init__(self, *, on_end: Callable[[float], None] = lambda _: None) -> None:
        """Begin empty."""
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self.deadlines: list[float] = []
        self.looks: list[float] = []
        self.ended: list[float] = []
        self.sweep = Sweep(self._loop, self._look, GRAIN)

    def enter(self, *deadlines: float) -> None:
        """Take in deadlines."""
        for deadline in deadlines:
            self.deadlines.append(deadline)
            self.sweep.by(deadline)

    def _look(self) -> float:
        now = self._loop.time()
        self.looks.append(now)
        for deadline in [deadline for deadline in self.deadlines if deadline <= now]:
            self.deadlines.remove(deadline)
            self.ended.append(deadline)
            self._on_end(deadline)
        return min(self.deadlines, default=math.inf)


def test_the_earliest_deadline_is_looked_at_when_it_comes() -> None:
    """In whatever order they are entered; a table that is empty is not looked at again."""

    async def work() -> None:
        table = Table()
        table.enter(3.0, 1.0, 2.0)
        await asyncio.sleep(10)
        assert table.ended == table.looks == [1.0, 2.0, 3.0]
        assert table.sweep.next == math.inf

    run_virtual(work())


def test_what_has_ended_by_itself_costs_one_look() -> None:
    """Nobody takes its deadline out again."""

    async def work() -> None:
        table = Table()
        table.enter(1.0, 2.0, 5.0)
        table.deadlines.remove(1.0)
        table.deadlines.remove(2.0)
        await asyncio.sleep(10)
        assert (table.looks, table.ended) == ([1.0, 5.0], [5.0])

    run_virtual(work())


def test_one_look_serves_all_that_comes_due_within_a_grain() -> None:
    """A thousand deadlines in a row are no thousand looks."""

    async def work() -> None:
        table = Table()
        table.enter(*(1 + number / 10000 for number in range(1000)))
        await asyncio.sleep(10)
        assert len(table.ended) == 1000
        assert len(table.looks) <= 1 + 0.1 / GRAIN + 1
        assert all(later - sooner >= GRAIN for sooner, later in zip(table.looks, table.looks[1:], strict=False))

    run_virtual(work())


def test_an_end_may_enter_the_next() -> None:
    """A deadline that comes while the table is looked through, sooner than those that are in it, is seen in time."""

    async def work() -> None:
        table = Table(on_end=lambda deadline: table.enter(1.5) if deadline == 1.0 else None)
        table.enter(1.0, 4.0)
        await asyncio.sleep(10)
        assert table.looks == [1.0, 1.5, 4.0]

    run_virtual(work())


def test_a_look_at_once_takes_the_place_of_the_next() -> None:
    """Who asks for it does not get it a second time."""

    async def work() -> None:
        table = Table()
        table.enter(1.0)
        await asyncio.sleep(0.5)
        table.sweep.look()
        await asyncio.sleep(10)
        assert (table.looks, table.ended) == ([0.5, 1.0], [1.0])

    run_virtual(work())


def test_after_a_stop_only_a_new_deadline_counts() -> None:
    """What was entered before it is not looked for."""

    async def work() -> None:
        table = Table()
        table.enter(1.0)
        table.sweep.stop()
        table.sweep.stop()
        await asyncio.sleep(5)
        assert table.looks == []
        table.enter(6.0)
        await asyncio.sleep(5)
        assert (table.looks, table.ended) == ([6.0], [1.0, 6.0])

    run_virtual(work())
