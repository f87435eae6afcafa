"""rise/fall, as HAProxy counts: so many results in a row turn a state; the very first result counts at once."""

from dataclasses import dataclass


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
