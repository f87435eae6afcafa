"""The present time for tests that need it (certificates, stamps that a server compares), and a clock turned by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.links.clock import wall_clock


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.fromtimestamp(wall_clock(), UTC)


@dataclass
class Clock:
    """A clock that a test turns by hand, in seconds."""

    now: float

    def __call__(self) -> float:
        """Tell the time."""
        return self.now
