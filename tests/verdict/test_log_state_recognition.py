"""Lines that nobody understands: told only where our own should be among them, and over with the first one read."""

import pytest

from monitor.core.maillog import LogRecord
from monitor.core.observations import MaillogBatch
from monitor.verdict.log_proof import LINE_WAIT
from monitor.verdict.log_state import HANDSHAKES, LINES, NotUnderstood, Recognition
from monitor.wire.maillog import MaillogParser

EXAMPLE = "dovecot: imap-login: Signed in: …"
READ: tuple[LogRecord, ...] = tuple(
    MaillogParser().feed(b"2026-11-30T18:16:02+00:00 mail postfix/smtpd[1]: connect from unknown[192.0.2.77]")
)


def batch(now: float, *, tagged: int = 1, records: tuple[LogRecord, ...] = ()) -> MaillogBatch:
    """A batch of lines, not one of them recognised unless there are records."""
    lines = tagged + len(records)
    example = "" if records else EXAMPLE
    return MaillogBatch("home", "file", now, 1_000_000.0 + now, records, lines, tagged, None, None, tagged, example)


def shaken(count: int = HANDSHAKES) -> Recognition:
    """So many handshakes of ours that ended well, a second from each other."""
    known = Recognition()
    for second in range(count):
        known.succeeded(float(second))
    return known


def test_three_handshakes_of_ours_and_no_line_that_is_read() -> None:
    """Lines arrive after the third, and its own had its time."""
    known = shaken()
    known.record(batch(5.0))
    assert known.not_understood(LINE_WAIT, 0.0) is None
    assert known.not_understood(2.0 + LINE_WAIT, 0.0) == NotUnderstood(HANDSHAKES, 1, EXAMPLE)


def test_two_handshakes_say_nothing_yet() -> None:
    """However many lines come meanwhile: the third is waited for."""
    known = shaken(HANDSHAKES - 1)
    known.record(batch(5.0, tagged=LINES))
    assert known.not_understood(1000.0, 0.0) is None


def test_a_log_without_a_line_is_silent_and_not_misunderstood() -> None:
    """Nothing came at all, or nothing since the third handshake."""
    assert shaken().not_understood(1000.0, 0.0) is None
    known = Recognition()
    known.record(batch(0.0))
    for second in range(1, 4):
        known.succeeded(float(second))
    assert known.not_understood(1000.0, 0.0) is None


@pytest.mark.parametrize(("lag", "told"), [(0.0, True), (30.0, False)])
def test_a_log_that_lags_has_that_much_longer(lag: float, told: bool) -> None:  # noqa: FBT001 - a column
    """The lines of our handshakes may still be on their way."""
    known = shaken()
    known.record(batch(5.0))
    assert (known.not_understood(30.0, lag) is not None) is told
    assert known.not_understood(60.0, lag) is not None


def test_one_line_that_is_read_ends_it() -> None:
    """All that was before is forgotten; three more handshakes are needed."""
    known = shaken()
    known.record(batch(5.0))
    known.record(batch(20.0, records=READ))
    known.record(batch(21.0))
    assert known.not_understood(1000.0, 0.0) is None


def test_without_handshakes_five_hundred_lines_of_mail_servers_tell() -> None:
    """On a standby replica, or where every handshake fails; lines of other programs do not count."""
    known = Recognition()
    known.record(batch(0.0, tagged=LINES - 1))
    known.record(MaillogBatch("home", "file", 1.0, 1_000_001.0, lines=5000, unrecognised=5000))
    assert known.not_understood(1000.0, 0.0) is None
    known.record(batch(2.0))
    assert known.not_understood(1000.0, 0.0) == NotUnderstood(0, LINES, EXAMPLE)
