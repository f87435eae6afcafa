"""Two tables: what every message means that the servers are known to write."""

import pytest

from monitor.wire.maillog import MaillogParser
from tests.wire.maillog.lines import DATA, fill, line

MESSAGES = [
    tuple(text.split(maxsplit=1))
    for table in ("templates.txt", "sources.txt")
    for text in (DATA / table).read_text().splitlines()
    if not text.startswith("#")
]


@pytest.mark.parametrize(("expected", "template"), MESSAGES)
def test_messages(expected: str, template: str) -> None:
    """A message means what the table says, and its record names its client, its port and its nonce."""
    program, _, message = template.partition(": ")
    parser = MaillogParser()
    records = parser.feed(line(program, fill(message), pid=None if program == "dovecot" else 1234))
    assert (parser.lines, parser.unrecognised) == (1, 1 - len(records))
    if expected == "unrecognised":
        assert records == []
        return
    [record] = records
    assert f"{record.kind}/{record.problem}".rstrip("/") == expected
    assert (record.program, record.text) == (program, fill(message))
    named = "[ip" in message or " rip=ip" in message or "(rip=ip" in message
    assert record.address in ({"192.0.2.77", "2001:db8::77"} if named else {""})
    # of Dovecot's lines only those with a session, and of an IPv6 client this session is not
    has_port = any(mark in message for mark in ("]:port", "]:40101", "session=<S>")) and "rip=ip6" not in message
    assert record.port == (40101 if has_port else 0)
    assert record.noops == (3 if "noop=" in message else -1)


def test_tables_are_whole() -> None:
    """No message is left out: a table that was not found would prove nothing."""
    assert len(MESSAGES) == 354
