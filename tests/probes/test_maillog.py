"""Lines of before anybody followed: batches a minute, each as old as its lines."""

from pathlib import Path

import pytest

from monitor.core.observations import Span
from monitor.links.log_source import LogBlock
from monitor.links.tail import FileTail
from monitor.probes.maillog import LogFollower, MaillogSettings, past_batches

SETTINGS = MaillogSettings("home", "file")
SPAN = Span(90.0, 100.0, 1_764_576_000.0)
"""2025-12-01, eight o'clock UTC."""
WORDS = "mail postfix/smtpd[7]: fatal: no"


def test_a_batch_for_each_minute() -> None:
    """The oldest comes first, at the loop's time of then; other zones, the future and idle lines are no matter."""
    data = "".join(
        f"{stamp} {words}\n"
        for stamp, words in (
            ("2025-12-01T07:40:00.000000+00:00", WORDS),
            ("2025-12-01T07:57:10.000000+00:00", WORDS),
            ("2025-12-01T09:57:50.000000+02:00", WORDS),
            ("2025-12-01T07:59:30.000000+00:00", WORDS),
            ("2025-12-01T07:59:31.000000+00:00", "mail postfix/qmgr[8]: A1B2C3: removed"),
            ("2025-12-01T08:00:02.000000+00:00", WORDS),
        )
    )
    batches = past_batches(SETTINGS, data.encode(), SPAN, 600.0)
    assert [(batch.finished, batch.at, len(batch.records)) for batch in batches] == [
        (-20.0, SPAN.at - 120, 2),
        (100.0, SPAN.at, 2),
    ]
    assert {(batch.path, batch.source, batch.lag) for batch in batches} == {("home", "file", None)}


def test_a_stamp_without_a_year_is_left_out() -> None:
    """Nobody knows of which year it is."""
    assert past_batches(SETTINGS, f"Dec  1 07:59:30 {WORDS}\n".encode(), SPAN, 600.0) == []


STRANGE = b"2026-11-30T18:16:02+00:00 mail dovecot: imap-login: Signed in: user=<a@example.org>, TLS\n"
KNOWN = b"2026-11-30T18:16:03+00:00 mail postfix/smtpd[1]: connect from unknown[192.0.2.77]\n"


@pytest.mark.parametrize(
    ("data", "tagged", "example"),
    [
        (STRANGE * 2, 2, "dovecot: imap-login: Signed in: … TLS"),
        (STRANGE + KNOWN, 0, ""),
        (b"", 0, ""),
    ],
)
def test_a_block_of_which_nothing_is_recognised_is_looked_at_once_more(data: bytes, tagged: int, example: str) -> None:
    """How many lines are a mail server's, and one of them, masked; one line that is read makes it needless."""
    batch = LogFollower(SETTINGS, FileTail(Path("mail.log"))).judge(LogBlock(data), SPAN)
    assert (batch.lines, batch.tagged, batch.example) == (data.count(b"\n"), tagged, example)
