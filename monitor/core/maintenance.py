"""Work that somebody has announced: what breaks on the path meanwhile is expected, and is shown all the same."""

from dataclasses import dataclass

# A switch that somebody forgot must not silence anybody for long: who needs more says so again.
LONGEST = 86_400.0
NO_REASON = "no reason was given"


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work on one path: ``began`` and ``until`` in seconds since the epoch, ``reason`` for people, may be empty."""

    path: str
    began: float
    until: float
    reason: str = ""

    def holds(self, at: float) -> bool:
        """Whether it goes on at a moment (seconds since the epoch)."""
        return at < self.until
