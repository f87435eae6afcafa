"""The wall clock: the one place of production code that asks which time it is. Whoever needs it is handed it."""

import time
from collections.abc import Callable

wall_clock: Callable[[], float] = time.time  # noqa: TID251 - the one clock; datetime's costs ten times as much
"""Seconds since the epoch."""
