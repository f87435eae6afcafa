"""One timer for a whole table of deadlines.

There is no heap and no timer for each entry: nearly all of them end long before their deadline, so that the table
itself is searched, once in a timeout as long as all is well.
"""

import asyncio
import math
from collections.abc import Callable


class Sweep:
    """Has a table looked through when the earliest of its deadlines has come, times being the event loop's.

    ``look`` ends what is overdue and gives the earliest deadline of what is left, ``inf`` where nothing is. After each
    look the next one is at least ``grain`` seconds away: it serves all that comes due meanwhile.
    """

    __slots__ = ("_grain", "_look", "_loop", "_timer", "next")

    def __init__(self, loop: asyncio.AbstractEventLoop, look: Callable[[], float], grain: float) -> None:
        """Begin with nothing to look for."""
        self._loop = loop
        self._look = look
        self._grain = grain
        self._timer: asyncio.TimerHandle | None = None
        # when the next look is due: what is not sooner than that needs no word
        self.next = math.inf

    def by(self, deadline: float) -> None:
        """See to it that a new deadline is looked at when it comes."""
        if deadline < self.next:
            self.stop()
            self._timer = self._loop.call_at(deadline, self.look)
            self.next = deadline

    def look(self) -> None:
        """Look now, and again when the next one may be overdue."""
        self.stop()
        soonest = self._loop.time() + self._grain
        earliest = self._look()
        if earliest < math.inf:
            self.by(max(earliest, soonest))

    def stop(self) -> None:
        """Look no more, until there is a new deadline."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self.next = None, math.inf
