"""Counting over time that passes, and results in a row as HAProxy counts them. Times are arguments.

What is remembered stands in lists, cut when something is added: there are dozens for each path, most of them empty, and
an empty deque takes 600 bytes.
"""

from dataclasses import dataclass

MINUTE = 60.0


class Minutes:
    """Counts by the minute, over so many minutes and no more."""

    def __init__(self, span: int) -> None:
        """Begin with nothing counted; ``span`` is in minutes."""
        self._span = span
        self._slots: list[tuple[int, int]] = []

    def add(self, now: float, number: int) -> None:
        """Count into the minute of ``now``, which never goes back."""
        minute = int(now // MINUTE)
        if self._slots and self._slots[-1][0] == minute:
            number += self._slots.pop()[1]
        self._slots.append((minute, number))
        del self._slots[: -self._span]

    def total(self, now: float, newest: int, oldest: int) -> int:
        """Sum the minutes from ``newest`` to, not including, ``oldest`` minutes ago; the running one is 0."""
        minute = int(now // MINUTE)
        return sum(number for slot, number in self._slots if newest <= minute - slot < oldest)


class Sustained:
    """So many times within so many seconds raise it; it ends when for so long it has not happened again."""

    def __init__(self, times: int, within: float) -> None:
        """Begin with nothing seen."""
        self._last: list[float] = []
        self._times = times
        self._within = within
        self._raised = False

    def add(self, now: float, number: int) -> None:
        """It has happened so many times at ``now``."""
        if self._raised and not self.goes_on(now):
            self._raised = False
        self._last += [now] * min(number, self._times)
        del self._last[: -self._times]
        if len(self._last) == self._times and now - self._last[0] <= self._within:
            self._raised = True

    def goes_on(self, now: float) -> bool:
        """Tell whether it was raised, and happened within the last ``within`` seconds."""
        return self._raised and now - self._last[-1] < self._within


@dataclass(slots=True)
class RiseFall:
    """A state that is up or down, or ``None`` before the first result; counts results, not verdicts."""

    rise: int
    fall: int
    up: bool | None = None
    against: int = 0

    @property
    def contradicted(self) -> bool:
        """Whether the last result speaks against the state: time to look again soon (HAProxy's ``fastinter``)."""
        return self.against > 0

    def record(self, *, ok: bool) -> bool:
        """Count a result; tell whether it turned the state."""
        if self.up is None:
            self.up = ok
            return True
        if ok == self.up:
            self.against = 0
            return False
        self.against += 1
        if self.against < (self.rise if ok else self.fall):
            return False
        self.up, self.against = ok, 0
        return True
