"""The last events, numbered: what ``/api/v1/events`` answers and the page shows."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

KEPT_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number, when it was (epoch seconds), its level and name as in the log, and its fields."""

    number: int
    at: float
    level: str
    name: str
    fields: Mapping[str, str]

    @property
    def document(self) -> dict[str, Any]:
        """The event as JSON has it."""
        return {"id": self.number, "at": self.at, "level": self.level, "event": self.name, **self.fields}


class EventMemory:
    """Keeps the last ``KEPT_EVENTS`` and tells of each as it comes."""

    def __init__(self, wall_clock: Callable[[], float], tell: Callable[[Event], None]) -> None:
        """Take the clock (epoch seconds) and who is told of each event."""
        self._wall_clock = wall_clock
        self._tell = tell
        self._events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        # Numbers begin at the clock's milliseconds, so that they go on growing over a restart.
        self._last = int(wall_clock() * 1000)

    def keep(self, level: str, name: str, fields: Mapping[str, str]) -> None:
        """Take an event in."""
        self._last += 1
        event = Event(self._last, self._wall_clock(), level, name, dict(fields))
        self._events.append(event)
        self._tell(event)

    def since(self, number: int = 0) -> tuple[Event, ...]:
        """Give what is kept of the events after that number, oldest first."""
        return tuple(event for event in self._events if event.number > number)
