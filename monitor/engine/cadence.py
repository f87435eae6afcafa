"""When a target's next round is due: absolute slots, so that lateness never adds up to drift."""

import hashlib
import math
from dataclasses import dataclass
from enum import Enum

# The first round of every target starts this soon after the start (the contract says 2 s), spread by its phase: so that
# something is known within a second of the process' own start, and a thousand targets do not begin at once.
FIRST_ROUND_WITHIN = 1.0


class Pace(Enum):
    """How soon to look again: at the target's own slot, or sooner because its last result contradicts its state."""

    NORMAL = "normal"
    FAST = "fast"


# Constants, for in CPython 3.11 a member of an enumeration takes 75 ns each time.
NORMAL, FAST = Pace.NORMAL, Pace.FAST


def phase_of(key: str) -> float:
    """Hash a key to its place within an interval, 0 <= phase < 1; the same in every process and at every start."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


@dataclass(frozen=True, slots=True)
class Cadence:
    """A target's beat: every ``interval`` seconds at its own ``phase``, every ``fast_interval`` while in doubt.

    ``delay`` holds the first round back (seconds; probes that are rare by intent).
    """

    interval: float
    fast_interval: float
    phase: float
    delay: float | None = None

    def first(self, now: float) -> float:
        """Return the time of the first round after a start at ``now``."""
        if self.delay is not None:
            return now + self.delay
        return now + self.phase * min(FIRST_ROUND_WITHIN, self.interval)

    def after(self, due: float, now: float, pace: Pace) -> tuple[float, int]:
        """Return the next due time after the round of ``due`` that ended at ``now``, and how many slots it overran.

        Normal rounds stand on the grid ``(k + phase) * interval`` of the loop's clock. The slot nearest after the first
        round may come almost at once: the next is taken when less than half an interval would lie between.
        """
        if pace is FAST:
            following = due + self.fast_interval
            return max(following, now), max(0, math.floor((now - due) / self.fast_interval))
        slot = math.floor(due / self.interval - self.phase) + 1
        following = (slot + self.phase) * self.interval
        if following - due < self.interval / 2:
            following += self.interval
        if following >= now:
            return following, 0
        missed = math.ceil((now - following) / self.interval)
        return following + missed * self.interval, missed
