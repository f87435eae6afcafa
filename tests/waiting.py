"""Waits for what sets no event: one place for how long and how often, for coroutines and for threads."""

import asyncio
import time
from collections.abc import Callable, Iterator

from tests.patience import stretched

PATIENCE = 30.0
"""Seconds. Nothing that is waited for takes as long, beside a busy neighbour either; what is measured says less."""


async def until(holds: Callable[[], bool], within: float = PATIENCE, tale: Callable[[], object] = str) -> None:
    """Let the loop turn until something holds.

    Raises:
        AssertionError: It did not within so many seconds of the loop's clock, more of them on a busy machine; ``tale``
            tells what is there instead.
    """
    for _ in _turns(holds, within, tale, asyncio.get_running_loop().time):
        await asyncio.sleep(0.005)


def eventually(
    holds: Callable[[], bool], within: float = PATIENCE, tale: Callable[[], object] = str, every: float = 0.02
) -> float:
    """Look every so many seconds until something holds; gives the seconds that it took.

    Raises:
        AssertionError: It did not within so many seconds, more of them on a busy machine; ``tale`` tells what is there
            instead.
    """
    began = time.monotonic()
    for _ in _turns(holds, within, tale, time.monotonic):
        time.sleep(every)
    return time.monotonic() - began


def _turns(
    holds: Callable[[], bool], within: float, tale: Callable[[], object], clock: Callable[[], float]
) -> Iterator[None]:
    began = clock()
    while not holds():
        waited = clock() - began
        assert waited < stretched(within), f"not after {waited:.1f} s; {tale()}"
        yield
