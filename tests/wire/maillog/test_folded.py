"""Lines that a log daemon has folded stand for as many as they say."""

import pytest

from monitor.core.maillog import LogRecord
from monitor.wire.maillog import MaillogParser

STAMP = "Nov 30 18:16:02"
PROGRAM = "postfix/smtpd-proxy587/smtpd[9]"
CONNECT = "connect from unknown[203.0.113.1]"
LINE = f"{STAMP} mail {PROGRAM}: {CONNECT}\n"
OTHER = f"{STAMP} mail postfix/qmgr[211]: 4F2A1B: removed\n"

# Each right after LINE.
FOLDED = {
    "rsyslog": f"{STAMP} mail {PROGRAM}: message repeated 4 times: [ {CONNECT}]",
    "rsyslog, RFC 3339": f"2026-11-30T18:16:02.1+00:00 mail {PROGRAM}: message repeated 4 times: [ {CONNECT}]",
    "rsyslog, no space": f"{STAMP} mail {PROGRAM}: message repeated 4 times: [{CONNECT}]",
    "FreeBSD": f"{STAMP} mail syslogd: last message repeated 4 times",
    "FreeBSD, marked": f"{STAMP} <mail.info> mail syslogd: last message repeated 4 times",
    "FreeBSD, RFC 5424": "<22>1 2026-11-30T18:16:02.448652+00:00 mail syslogd - - - last message repeated 4 times",
    "older syslogd": f"{STAMP} mail last message repeated 4 times",
    "syslog-ng": f"{STAMP} mail {PROGRAM}: Last message 'connect from unknown' repeated 4 times, suppressed by "
    "syslog-ng on mail.example.org",
    "compose over rsyslog": f"mail | {STAMP} mail {PROGRAM}: message repeated 4 times: [ {CONNECT}]",
}


def read(*blocks: str) -> list[LogRecord]:
    """Read blocks of a stream, without the times of their lines."""
    parser = MaillogParser()
    return [record._replace(stamp="") for block in blocks for record in parser.feed(block.encode())]


[ONCE] = read(LINE)


@pytest.mark.parametrize("name", FOLDED)
def test_folded_lines_are_counted(name: str) -> None:
    """In one block or several, at the end or between others, the record of the line before says how often."""
    expected = [ONCE, ONCE._replace(repeats=4)]
    folded = FOLDED[name] + "\n"
    assert read(LINE + folded) == expected
    assert read(LINE, folded) == expected
    assert read(OTHER + LINE + folded + LINE) == [*expected, ONCE]
    assert read(LINE, folded, OTHER, LINE) == [*expected, ONCE]


@pytest.mark.parametrize("name", [each for each in FOLDED if "rsyslog" not in each])
def test_which_line_was_repeated(name: str) -> None:
    """It is the one right before that was not folded itself; what says nothing says nothing several times."""
    folded = FOLDED[name] + "\n"
    assert read(LINE + folded + folded) == [ONCE, ONCE._replace(repeats=4), ONCE._replace(repeats=4)]
    assert read(LINE + OTHER + folded) == read(LINE, OTHER, folded) == [ONCE]
    assert read(folded + LINE) == read(folded, LINE) == [ONCE]


def test_counts() -> None:
    """A folded line is one line of the log."""
    parser = MaillogParser()
    parser.feed((LINE + FOLDED["FreeBSD"] + "\n" + OTHER).encode())
    assert (parser.lines, parser.unrecognised) == (3, 1)


@pytest.mark.parametrize(
    "text",
    [
        f"{STAMP} mail {PROGRAM}: message repeated 4 times: {CONNECT}",
        f"{STAMP} mail {PROGRAM}: message repeated many times: [ {CONNECT}]",
        f"{STAMP} mail {PROGRAM}: message repeated 0 times: [ {CONNECT}]",
        f"{STAMP} mail {PROGRAM}: message repeated 99999999 times: [ {CONNECT}]",
        f"{STAMP} mail postfix/cleanup[5]: last message repeated 4 times",
        f"{STAMP} mail {PROGRAM}: Last message 'disconnect from unkn' repeated 4 times, suppressed by syslog-ng on m",
        f"{STAMP} m smtpd[9]: Last message 'connect from unknown' repeated 4 times, suppressed by syslog-ng on m",
        f"{STAMP} mail {PROGRAM}: warning: last message repeated 4 times",
    ],
)
def test_what_is_no_folded_line(text: str) -> None:
    """Other words count nothing."""
    assert read(f"{LINE}{text}\n") == [ONCE]


def test_a_client_repeats_nothing() -> None:
    """What a client says stands behind words of the daemon's."""
    said = "last message repeated 9 times"
    for text in (f"helo=<{said}>", f"helo=<x: message repeated 9 times: [ {CONNECT}]>"):
        [first, second] = read(
            f"{LINE}{STAMP} mail {PROGRAM}: NOQUEUE: reject: RCPT from unknown[203.0.113.1]: 554 5.7.1 no; {text}\n"
        )
        assert (first.repeats, second.repeats) == (0, 0)


def test_folded_deliveries_and_problems() -> None:
    """Every kind of record may be folded."""
    for message, problem in (
        ("warning: getpeername: Transport endpoint is not connected -- dropping this connection", "getpeername"),
        ("PREGREET 9 after 0 from [203.0.113.1]:7: x", "pregreet"),
    ):
        tag = f"{STAMP} mail postfix/smtpd-proxy25/postscreen[9]: "
        records = read(f"{tag}{message}\n{tag}message repeated 2 times: [ {message}]\n")
        assert [(record.problem, record.repeats) for record in records] == [(problem, 0), (problem, 2)]
