"""The roundtrip: how long it looks, when it gives up, and what it makes of what it finds."""

from collections.abc import Iterator

import pytest

from monitor.core.errors import LinkError, WireError
from monitor.core.roundtrip import Letter, Step, Via
from monitor.core.taxonomy import Reason
from monitor.probes.roundtrip import RoundtripProbe, RoundtripSettings, Trip
from tests.virtual_time import run_virtual

LETTER = Letter("monitoring@example.org", "smoke-test@example.org", "e2e-probe-01", 0.0)
HEADER = b"Received: from a.example (b.example [77.32.148.20]) by mail.example.org\r\n\r\n"
DOWN = LinkError(Reason.REFUSED, "Connection refused")
LOCKED_OUT = LinkError(Reason.AUTH_FAILED, "no")


class Courier:
    """Sends from one address, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        """Fail with an error."""
        self.error = error
        self.sent: list[Letter] = []

    async def send(self, letter: Letter) -> str:
        """Send."""
        self.sent.append(letter)
        if self.error is not None:
            raise self.error
        return "10.0.20.50"


class Box:
    """Answers look by look; the last answer again and again."""

    def __init__(self, *answers: bytes | Exception | None) -> None:
        """Give these."""
        self._answers: Iterator[bytes | Exception | None] = iter(answers)
        self._last: bytes | Exception | None = None
        self.looks = 0

    async def collect(self, marker: str) -> bytes | None:
        """Look."""
        assert marker == LETTER.marker
        self.looks += 1
        self._last = next(self._answers, self._last)
        if isinstance(self._last, Exception):
            raise self._last
        return self._last


def probe(
    courier: Courier, box: Box, *, via: Via = Via.BREVO, recovered: bool | None = True, backup: tuple[str, ...] = ()
) -> RoundtripProbe:
    """Make a probe that waits for 30 seconds and looks every 5."""
    settings = RoundtripSettings("home", via, LETTER, 30.0, 5.0, backup)
    return RoundtripProbe(settings, courier, box, lambda _recorded, _own: recovered)


def trip_of(courier: Courier, box: Box, via: Via = Via.BREVO) -> Trip:
    """Do a roundtrip in virtual time."""
    return run_virtual(probe(courier, box, via=via).run())


def test_it_looks_until_the_message_is_there() -> None:
    """An error on the way is no end."""
    box = Box(None, DOWN, None, HEADER)
    assert trip_of(Courier(), box) == Trip(header=HEADER, own_address="10.0.20.50")
    assert box.looks == 4


@pytest.mark.parametrize(
    ("box", "looks", "step", "words"),
    [
        (Box(None), 7, Step.ARRIVE, "Brevo took the message, and it did not arrive within 30 s"),
        (Box(DOWN, None), 7, Step.ARRIVE, "Brevo took the message, and it did not arrive within 30 s"),
        (
            Box(None, DOWN),
            7,
            Step.MAILBOX,
            "Brevo took the message; the mailbox cannot be read (refused: Connection refused)",
        ),
        (
            Box(None, LOCKED_OUT),
            2,
            Step.MAILBOX,
            "Brevo took the message; the mailbox refused our login (auth_failed: no)",
        ),
    ],
)
def test_it_gives_up(box: Box, looks: int, step: Step, words: str) -> None:
    """When the time is over, or at once where a further login would do harm; the last look counts."""
    assert trip_of(Courier(), box) == Trip(step, words)
    assert box.looks == looks


@pytest.mark.parametrize(
    ("error", "via", "words"),
    [
        (
            WireError(Reason.AUTH_FAILED, "Brevo answered 401"),
            Via.BREVO,
            "Brevo did not take the message (auth_failed: Brevo answered 401)",
        ),
        (
            LinkError(Reason.CLOSED, "gone"),
            Via.FRONT_DOOR,
            "the front door did not take the message (closed: gone)",
        ),
    ],
)
def test_what_cannot_be_sent_is_not_looked_for(error: Exception, via: Via, words: str) -> None:
    """The carrier's trouble is the roundtrip's end."""
    box = Box(HEADER)
    assert trip_of(Courier(error), box, via) == Trip(Step.SEND, words)
    assert box.looks == 0


def test_a_failed_trip_is_a_failure() -> None:
    """With its step and its words."""
    result = probe(Courier(), Box()).judge(Trip(Step.ARRIVE, "lost"), 30.0, 7.0)
    assert (result.success, result.step, result.detail) == (False, Step.ARRIVE, "lost")
    assert (result.path, result.at, result.duration, result.via) == ("home", 7.0, 30.0, Via.BREVO)


@pytest.mark.parametrize(
    ("header", "recovered", "expected", "words"),
    [
        (HEADER, True, True, "the sender was recorded as 77.32.148.20, its own address"),
        (HEADER, False, False, "CLIENT IP LOST: the sender was recorded as 77.32.148.20"),
        (HEADER, None, None, "whether that is its own cannot be told"),
        (b"\r\n", True, None, "no Received line of our own server names the sender's address"),
    ],
)
def test_what_arrived_tells_of_its_sender(
    header: bytes,
    recovered: bool | None,  # noqa: FBT001 - a column of the table
    expected: bool | None,  # noqa: FBT001 - a column of the table
    words: str,
) -> None:
    """Success is that it arrived; whose address was recorded is another thing."""
    result = probe(Courier(), Box(), recovered=recovered).judge(Trip(header=header), 3.0, 7.0)
    assert result.success
    assert result.client_ip_recovered is expected
    assert words in result.detail
    assert not result.via_backup


def test_the_backup_mx_is_told_apart() -> None:
    """By its name in the trace."""
    trying = probe(Courier(), Box(), backup=("b.example",))
    assert trying.judge(Trip(header=HEADER), 3.0, 7.0).via_backup
