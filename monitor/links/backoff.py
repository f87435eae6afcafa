"""How long to wait before the next attempt.

Growing, so that a dead host is left in peace; jittered, so that its many clients do not come back together.
"""

import random
from collections.abc import Callable


class Backoff:
    """Delays that double from ``first`` to ``longest`` seconds, each of them shortened at random by up to half."""

    def __init__(self, first: float, longest: float, *, rand: Callable[[], float] = random.random) -> None:
        """Start at ``first``; ``rand`` gives numbers in [0, 1)."""
        self._first = first
        self._longest = longest
        self._rand = rand
        self._next = first

    def next_delay(self) -> float:
        """Return the seconds to wait now, between half of the present step and the whole of it, and grow the step."""
        step = self._next
        self._next = min(step * 2, self._longest)
        return step * (1 - self._rand() / 2)

    def reset(self) -> None:
        """Begin anew after a success."""
        self._next = self._first
