"""What a scheduler runs in a test, and what it tells of it."""

import asyncio
from dataclasses import dataclass, field

from monitor.engine.cadence import Pace


@dataclass
class Notes:
    """A telemetry that remembers."""

    lateness: list[float] = field(default_factory=list)
    slots: int = 0
    bugs: list[str] = field(default_factory=list)

    def started(self, lateness: float, rounds: int) -> None:
        """Remember the lateness of each round."""
        self.lateness += [lateness] * rounds

    def skipped(self, slots: int) -> None:
        """Add to the skipped slots."""
        self.slots += slots

    def bug(self, name: str, error: BaseException) -> None:
        """Remember the bug's words."""
        self.bugs.append(f"{name}: {error!r}")


class Recorder:
    """A job's work: takes ``lasts`` seconds, remembers when it began, answers with a pace."""

    def __init__(self, lasts: float = 0.0, pace: Pace = Pace.NORMAL, error: Exception | None = None) -> None:
        """Describe the work."""
        self.lasts, self.pace, self.error = lasts, pace, error
        self.began: list[float] = []
        self.ended = 0
        self.running = 0
        self.most = 0

    async def __call__(self) -> Pace:
        """Do one round."""
        self.began.append(asyncio.get_running_loop().time())
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.lasts)
        finally:
            self.running -= 1
        if self.error is not None:
            raise self.error
        self.ended += 1
        return self.pace
