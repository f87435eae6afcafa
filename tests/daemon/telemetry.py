"""What a scheduler tells, kept."""

from dataclasses import dataclass, field


@dataclass
class Telemetry:
    """Hears what the scheduler has to tell."""

    bugs: list[BaseException] = field(default_factory=list)

    def started(self, lateness: float, rounds: int) -> None:
        """Note a start."""

    def skipped(self, slots: int) -> None:
        """Note a slot."""

    def bug(self, _: str, error: BaseException) -> None:
        """Note a bug."""
        self.bugs.append(error)
