"""The last day of every hop, in slots of five minutes: bounded, and lost with a restart."""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from monitor.core.status import PathStatus
from monitor.core.verdicts import Hop
from monitor.publish.picture import Level, picture

SLOT = 300.0
SLOTS = 288
# A slot shows the worst that was seen in it; that nothing was known for a moment is no news once something is.
_ORDER = (Level.UNKNOWN, Level.OK, Level.WARN, Level.BAD)


class Run(NamedTuple):
    """Consecutive slots of one level; ``start`` counts from the oldest slot of the day."""

    start: int
    length: int
    level: Level


class Day(NamedTuple):
    """The last day of one hop, as far as it was seen; ``until`` is the end of its newest slot (epoch seconds)."""

    until: float
    runs: tuple[Run, ...] = ()


class PathHistory(NamedTuple):
    """A path's last day by hop's title, and since when its diagnosis stands (epoch seconds)."""

    days: dict[str, Day]
    diagnosed_since: float


class History:
    """Takes in statuses as they change."""

    def __init__(self) -> None:
        """Begin without any."""
        # by path, then by hop's title
        self._slots: dict[str, dict[str, deque[tuple[int, Level]]]] = {}
        self._diagnoses: dict[str, tuple[Hop, float]] = {}

    def update(self, statuses: Sequence[PathStatus]) -> None:
        """Note how every hop of these paths stands, and forget what is watched no more of them."""
        for path in statuses:
            hop = path.diagnosis.hop
            known = self._diagnoses.get(path.name)
            if known is None or known[0] is not hop:
                self._diagnoses[path.name] = (hop, path.at)
            before, after = self._slots.get(path.name, {}), {}
            for each in picture(path):
                slots = after[each.title] = before.get(each.title) or deque(maxlen=SLOTS)
                _note(slots, int(path.at // SLOT), each.level)
            self._slots[path.name] = after

    def keep_only(self, paths: Collection[str]) -> None:
        """Forget every path but these."""
        self._slots = {name: slots for name, slots in self._slots.items() if name in paths}
        self._diagnoses = {name: known for name, known in self._diagnoses.items() if name in paths}

    def of(self, path: str, at: float) -> PathHistory:
        """Give a path's history at a moment (epoch seconds)."""
        newest = int(at // SLOT)
        days = {
            title: Day((newest + 1) * SLOT, tuple(_runs(slots, newest - SLOTS + 1)))
            for title, slots in self._slots.get(path, {}).items()
        }
        _, since = self._diagnoses.get(path, (Hop.NONE, at))
        return PathHistory(days, since)


def _note(slots: deque[tuple[int, Level]], slot: int, level: Level) -> None:
    # A clock that is set back goes on in the newest slot.
    if slots and slots[-1][0] >= slot:
        newest, worst = slots[-1]
        slots[-1] = (newest, max(worst, level, key=_ORDER.index))
    else:
        slots.append((slot, level))


def _runs(slots: Iterable[tuple[int, Level]], oldest: int) -> list[Run]:
    runs: list[Run] = []
    for slot, level in slots:
        start = slot - oldest
        if start < 0:
            continue
        last = runs[-1] if runs else None
        if last is not None and last.level is level and last.start + last.length == start:
            runs[-1] = last._replace(length=last.length + 1)
        else:
            runs.append(Run(start, 1, level))
    return runs
