"""Background tasks: held, named, never failing unheard."""

import asyncio
from itertools import pairwise

from monitor.engine.tasks import Tasks
from tests.virtual_time import run_virtual


async def _raise() -> None:
    raise ValueError("lost")


def test_a_failing_task_is_told() -> None:
    """A task that raises is reported under its name, and no longer counted."""
    bugs: list[str] = []

    async def main() -> int:
        tasks = Tasks(lambda name, error: bugs.append(f"{name}: {error}"))
        tasks.spawn("maillog", _raise())
        await asyncio.sleep(1)
        return len(tasks)

    assert run_virtual(main()) == 0
    assert bugs == ["maillog: lost"]


def test_cancelling_is_no_bug() -> None:
    """Cancelled tasks end silently."""
    bugs: list[str] = []

    async def main() -> int:
        tasks = Tasks(lambda name, _error: bugs.append(name))
        tasks.spawn("forever", asyncio.sleep(1e9))
        await asyncio.sleep(1)
        await tasks.cancel()
        return len(tasks)

    assert run_virtual(main()) == 0
    assert bugs == []


def test_finish_waits_only_so_long() -> None:
    """Finishing gives what runs its time, then cancels it."""

    async def main() -> float:
        tasks = Tasks(lambda _name, _error: None)
        tasks.spawn("forever", asyncio.sleep(1e9))
        tasks.spawn("soon", asyncio.sleep(1))
        await tasks.finish(within=3)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 3.0


def test_what_shall_never_end_is_started_anew() -> None:
    """Whatever ends it is told each time; the pauses grow while it dies at once, and begin anew after a good while."""
    told: list[str] = []
    began: list[float] = []

    async def main() -> int:
        loop = asyncio.get_running_loop()
        tasks = Tasks(lambda name, error: told.append(f"{name}: {error}"))

        async def work() -> None:
            began.append(loop.time())
            match len(began):
                case 1 | 2 | 3:
                    raise ValueError("dead")
                case 4:
                    return
                case 5:
                    await asyncio.sleep(100)
                    raise ValueError("dead at last")
                case _:
                    await asyncio.sleep(1e9)

        tasks.keep("maillog", work)
        await asyncio.sleep(300)
        await tasks.cancel()
        return len(tasks)

    assert run_virtual(main()) == 0
    assert told == [*["maillog: dead"] * 3, "maillog: maillog has ended by itself", "maillog: dead at last"]
    pauses = [after - before for before, after in pairwise(began)]
    for pause, longest in zip(pauses[:4], (1, 2, 4, 8), strict=True):
        assert longest / 2 <= pause <= longest
    assert 100.5 <= pauses[4] <= 101
