"""The clocks: the one place of production code that asks which time it is. Whoever needs it is handed it."""

import asyncio
import time
from collections.abc import Callable

wall_clock: Callable[[], float] = time.time  # noqa: TID251 - the one clock; datetime's costs ten times as much
"""Seconds since the epoch."""


def exact_time(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """Return the event loop's clock, for measuring: seconds, read anew by each call.

    uvloop's ``time()`` is the same clock, but stands still for a whole pass of the loop and counts milliseconds.
    """
    return time.monotonic if type(loop).__module__.startswith("uvloop") else loop.time
