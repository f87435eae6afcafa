"""What real servers of 2023 to 2026 wrote, by version: each line's value, and how much of each log is read."""

import pytest

from monitor.wire.maillog import MaillogParser
from tests.wire.maillog.lines import VERSIONS, Right, captured, lines_to_read


@pytest.mark.parametrize("right", lines_to_read(), ids=lambda right: f"{right.servers}: {right.what}")
def test_a_line_has_its_right_value(right: Right) -> None:
    """Kind, problem, client and destination of lines whose wording newer servers changed."""
    [record] = MaillogParser().feed(right.line.encode())
    assert f"{record.kind}/{record.problem}".rstrip("/") == right.record
    assert (record.address, str(record.port), record.local_address) == (right.address, right.port, right.destination)


@pytest.mark.parametrize(
    ("version", "lines", "unrecognised"),
    [
        ("dovecot-2.3.19.1", 44, 7),
        ("dovecot-2.4.1", 46, 10),
        ("dovecot-2.4.5", 43, 10),
        ("postfix-3.7.11", 163, 28),
        ("postfix-3.10.13", 163, 30),
        ("postfix-3.10.13-deliveries", 6, 1),
        ("postfix-3.11.7", 162, 36),
        ("postfix-3.11.7-deliveries", 6, 1),
    ],
)
def test_so_much_of_a_log_is_read(version: str, lines: int, unrecognised: int) -> None:
    """What is left says nothing of a client or of trouble: TLS sessions, the queue, sessions after their login."""
    parser = MaillogParser()
    for text in captured(version):
        parser.feed(text)
    assert (parser.lines, parser.unrecognised) == (lines, unrecognised)


# Programs whose lines are never of interest, and words of the others that are none of a client's or of trouble.
SILENT_PROGRAMS = (
    "postfix/qmgr",
    "postfix/anvil",
    "postfix/postfix-script",
    "postfix/virtual",
    "postfix[",
    "dovecot: auth",
)
SILENT_WORDS = (
    *("Anonymous TLS connection established", "full cleanup", ": client=", ": message-id=", ": removed (canceled)"),
    *("SASL PLAIN authentication failed", "TLS library problem", "backwards-compatible", "hash/btree support", "See /"),
    *("to avoid this condition", "STRESS_README", "No PEM data", "error loading private keys"),
    *("Logged out in=", "log(", "anvil: Warning", "config: Warning", "imap(probe@lab.test)"),
)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_not_read_is_not_read_on_purpose(version: str) -> None:
    """Each line without a record is of a program or of words that are known to say nothing here."""
    for text in captured(version):
        if not MaillogParser().feed(text):
            words = text.decode()
            program = words.split(" ", 2)[2]
            assert program.startswith(SILENT_PROGRAMS) or any(each in words for each in SILENT_WORDS), words


def test_the_tables_are_whole() -> None:
    """A table that was not found would prove nothing."""
    assert len(lines_to_read()) == 14
    assert len(VERSIONS) == 8
