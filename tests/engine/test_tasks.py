"""Background tasks: held, named, never failing unheard."""

import asyncio

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
