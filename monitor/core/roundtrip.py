"""The roundtrip: a message sent from outside and found in its mailbox, and what is known of it afterwards."""

from dataclasses import dataclass
from enum import StrEnum

# The subject of every message begins so, old and new ones alike: leftovers are found, and filters can name them.
MARKER_PREFIX = "e2e-probe-"


class Via(StrEnum):
    """Who carries the message to the front door."""

    BREVO = "brevo"
    FRONT_DOOR = "front_door"


class Step(StrEnum):
    """Where a roundtrip stood when it could not go on."""

    SEND = "send"
    ARRIVE = "arrive"
    MAILBOX = "mailbox"


@dataclass(frozen=True, slots=True)
class Letter:
    """The message to send; ``marker`` is in its subject and nowhere else in the world, ``at`` epoch seconds."""

    sender: str
    recipient: str
    marker: str
    at: float

    @property
    def subject(self) -> str:
        """The subject."""
        return f"[E2E Monitor] {self.marker}"

    @property
    def text(self) -> str:
        """The body."""
        return f"mailpath sent this to see it arrive ({self.marker}). It deletes it again."


@dataclass(frozen=True, slots=True)
class Roundtrip:
    """One ended roundtrip.

    ``at`` is when it ended (epoch seconds), ``duration`` is in seconds (``None``: not told), ``success`` says that the
    message was found. ``via`` and ``step`` are ``None`` where the teller does not say; ``detail`` is for people.
    ``client_address`` is the sender as our own server recorded it in the topmost ``Received`` with an address (``""``:
    not known), ``client_ip_recovered`` whether that is the sender's own (``None``: neither proven nor disproven), and
    ``via_backup`` whether a backup MX had handed it on.
    """

    path: str
    at: float
    success: bool
    duration: float | None = None
    via: Via | None = None
    step: Step | None = None
    detail: str = ""
    client_address: str = ""
    client_ip_recovered: bool | None = None
    via_backup: bool = False

    @property
    def words(self) -> str:
        """The whole of it for a person, in one line."""
        after = f" after {self.duration:.1f} s" if self.duration is not None else ""
        if not self.success:
            return f"FAILED{after}: {self.detail or 'the message was not found'}"
        notes = [self.detail] if self.detail else []
        if self.via_backup:
            notes.insert(0, "by the backup MX, not by the front door")
        return f"SUCCESS{after}" + (f": {'; '.join(notes)}" if notes else "")


@dataclass(frozen=True, slots=True)
class RoundtripStatus:
    """What a path knows of its roundtrips.

    ``last`` is the newest that was reported, ``last_success`` when one last succeeded (epoch seconds), ``overdue`` for
    how many seconds none has been reported where one is expected more often (``None``: not overdue). ``logged_as`` is
    the service of the mail log that took the sender's connection under the recorded address (``""``: none seen).
    """

    last: Roundtrip | None = None
    last_success: float | None = None
    overdue: float | None = None
    logged_as: str = ""
