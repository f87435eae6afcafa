"""The same lines in every envelope that a file or a pipe puts around them: the records are those of the plain lines."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.maillog import LogRecord
from monitor.core.moments import seconds_of
from monitor.wire.maillog import MaillogParser
from monitor.wire.maillog.envelopes import MAX_LINE
from tests.wire.maillog.lines import DATA, HOST, annotated, captured, line

WRITTEN = datetime(2026, 11, 30, 18, 16, 2, 448652, UTC)
HERE = WRITTEN.astimezone(timezone(timedelta(hours=2)))
NANOSECONDS = "2026-11-30T18:16:03.000000001Z"


class Written(NamedTuple):
    """What a daemon hands to syslog."""

    program: str
    pid: int | None
    message: str

    @property
    def tag(self) -> str:
        """The program as it stands before the message."""
        return self.program if self.pid is None else f"{self.program}[{self.pid}]"

    def plain(self, stamp: str) -> str:
        """Write the line as rsyslog does."""
        return f"{stamp} {HOST} {self.tag}: {self.message}"

    def rfc5424(self, data: str = "-", before: str = "") -> str:
        """Write the line as RFC 5424 has it."""
        pid = "-" if self.pid is None else self.pid
        return f"1 {HERE.isoformat()} {HOST} {self.program} {pid} - {data} {before}{self.message}"


LINES = (
    Written("postfix/smtpd-proxy25/postscreen", 2953, "CONNECT from [203.0.113.7]:22354 to [10.0.20.1]:25"),
    Written("postfix/smtpd-proxy587/smtpd", 9, "connect from unknown[2001:db8:25::1]"),
    Written("postfix/smtpd", 9, "disconnect from a.example[203.0.113.7] ehlo=1 noop=3 quit=1 commands=5"),
    Written(
        *("postfix/smtpd-proxy587/smtpd", 9),
        'NOQUEUE: reject: RCPT from a.example[203.0.113.7]: 451 4.3.0 <b@example.org>: Temporary "lookup" failure; '
        "from=<a@example.org> to=<b@example.org> proto=ESMTP helo=<\\xe9 {[|]} ü>",
    ),
    Written("postfix/smtpd", 9, "4F2A1B: lost connection after DATA (17 bytes) from unknown[203.0.113.7]"),
    Written("postfix/master", 170, "daemon started -- version 3.11.7, configuration /etc/postfix"),
    Written("postfix/smtpd", 9, "fatal: in parameter x: a - - b"),
    Written("postfix/smtpd", 9, "warning: haproxy read: unexpected protocol header: \\026\\003 <22>1 - ["),
    Written(
        *("dovecot", None),
        "imap-login: Login: user=<b@example.org>, method=PLAIN, rip=203.0.113.7, lip=10.0.20.1, mpid=4711, TLS, "
        "session=<CvN+E95Uf4fLAHEJ>",
    ),
    Written(
        *("postfix/lmtp", 2310),
        "4F2A1B: to=<b@example.org>, relay=none, delay=700, delays=700/0/0/0, dsn=4.3.0, status=deferred (x & y)",
    ),
)
NOTHING = Written("postfix/qmgr", 211, "4F2A1B: removed")


def docker(text: str, stream: str = "stdout", end: str = "\n") -> str:
    """Write a line as Docker's json-file does, which escapes what HTML would not stand."""
    log = json.dumps(text + end, ensure_ascii=False)
    for char in "<>&":
        log = log.replace(char, f"\\u{ord(char):04x}")
    return f'{{"log":{log},"stream":"{stream}","time":"{NANOSECONDS}"}}'


def cut(*writes: Callable[[str], str]) -> Callable[[Written], str]:
    """Write a line in two pieces, as a runtime does at the end of its buffer."""

    def wrap(each: Written) -> str:
        text = each.plain(HERE.isoformat())
        return "\n".join(write(piece) for write, piece in zip(writes, (text[:40], text[40:]), strict=True))

    return wrap


RFC3164 = "Nov 30 18:16:02"
# An envelope, and the moment that the record then tells (``None``: a time without a zone, or no time).
ENVELOPES: dict[str, tuple[Callable[[Written], str], datetime | None]] = {
    "rsyslog's file format": (lambda w: w.plain(HERE.isoformat()), WRITTEN),
    "UTC by its letter": (lambda w: w.plain("2026-11-30T18:16:02.448652Z"), WRITTEN),
    "RFC 3164": (lambda w: w.plain(RFC3164), None),
    "RFC 3164, one figure of a day": (lambda w: w.plain("Nov  3 18:16:02"), None),
    "RFC 3164 with PRI": (lambda w: f"<22>{w.plain(RFC3164)}", None),
    "PRI and RFC 3339": (lambda w: f"<22>{w.plain(HERE.isoformat())}", WRITTEN),
    "RFC 5424": (lambda w: f"<22>{w.rfc5424()}", WRITTEN),
    "RFC 5424 without PRI": (lambda w: w.rfc5424(), WRITTEN),
    "RFC 5424 without PRI and version": (lambda w: w.rfc5424().removeprefix("1 "), WRITTEN),
    "RFC 5424 by rsyslog's template": (lambda w: f"<22>{w.rfc5424(before=' ')}", WRITTEN),
    "RFC 5424 with data": (lambda w: "<22>" + w.rfc5424(r'[a@1 b="x\"] y" c="[z"][d]'), WRITTEN),
    "RFC 5424 with a byte order mark": (lambda w: f"<22>{w.rfc5424(before=chr(0xFEFF))}", WRITTEN),
    "RFC 5424 without a time": (lambda w: f"<22>{w.rfc5424()}".replace(HERE.isoformat(), "-"), None),
    "CRI": (lambda w: f"{NANOSECONDS} stdout F {w.plain(HERE.isoformat())}", WRITTEN),
    "CRI, old times": (lambda w: f"{NANOSECONDS} stderr F {w.plain(RFC3164)}", None),
    "CRI in pieces": (cut(f"{NANOSECONDS} stdout P {{}}".format, f"{NANOSECONDS} stdout F {{}}".format), WRITTEN),
    "Docker": (lambda w: docker(w.plain(HERE.isoformat())), WRITTEN),
    "Docker with a terminal": (lambda w: docker(w.plain(HERE.isoformat()), end="\r\n"), WRITTEN),
    "Docker in pieces": (cut(lambda text: docker(text, end=""), docker), WRITTEN),
    "docker logs -t": (lambda w: f"{NANOSECONDS} {w.plain(HERE.isoformat())}", WRITTEN),
    "docker logs -t over PRI": (lambda w: f"{NANOSECONDS} <22>{w.plain(RFC3164)}", None),
    "compose": (lambda w: f"mailserver  | {w.plain(HERE.isoformat())}", WRITTEN),
    "compose, times and a number": (lambda w: f"mailserver-1  | {NANOSECONDS} {w.plain(RFC3164)}", None),
    "compose in colour": (lambda w: f"\x1b[36mmailserver  |\x1b[0m {w.plain(HERE.isoformat())}", WRITTEN),
    "compose over RFC 5424": (lambda w: f"mail | <22>{w.rfc5424()}", WRITTEN),
    "kubectl logs --prefix": (lambda w: f"[pod/{HOST}/docker-mailserver] {w.plain(HERE.isoformat())}", WRITTEN),
    "kubectl logs --timestamps": (lambda w: f"{NANOSECONDS} {w.plain(RFC3164)}", None),
    "journalctl -o short-precise": (lambda w: w.plain(f"{RFC3164}.448652"), None),
    "journalctl -o short-iso": (lambda w: w.plain("2026-11-30T20:16:02+0200"), WRITTEN.replace(microsecond=0)),
    "journalctl -o short-iso-precise": (lambda w: w.plain("2026-11-30T20:16:02.448652+02:00"), WRITTEN),
    "journalctl -o short-full": (lambda w: w.plain("Mon 2026-11-30 18:16:02 UTC"), WRITTEN.replace(microsecond=0)),
    "journalctl -o short-full, elsewhere": (lambda w: w.plain("Mon 2026-11-30 19:16:02 CET"), None),
    "journalctl -o short-unix": (lambda w: w.plain(f"{int(WRITTEN.timestamp())}.448652"), WRITTEN),
    "journalctl -o short-monotonic": (lambda w: w.plain("[  173.448652]"), None),
    "journalctl -o short-delta": (lambda w: w.plain("[  173.448652 <    0.000001 >]"), None),
    "syslogd -v": (lambda w: w.plain(f"{RFC3164} <2.6>"), None),
    "syslogd -vv": (lambda w: w.plain(f"{RFC3164} <mail.info>"), None),
}
NAMES = list(ENVELOPES)


def read(*blocks: str) -> list[LogRecord]:
    """Read blocks of a stream, without the times of their lines."""
    parser = MaillogParser()
    records = [record for block in blocks for record in parser.feed(block.encode())]
    return [record._replace(stamp="") for record in records]


def plain(lines: Iterable[Written]) -> list[LogRecord]:
    """Give the records of the plain lines."""
    return read("".join(f"{each.plain(RFC3164)}\n" for each in lines))


def test_the_lines_mean_something() -> None:
    """Each of the lines gives a record when it is plain."""
    assert len(plain(LINES)) == len(LINES)


@pytest.mark.parametrize("name", NAMES)
def test_records_are_those_of_the_plain_lines(name: str) -> None:
    """In one block and one by one, every line gives the same record, with the right moment."""
    wrap, moment = ENVELOPES[name]
    lines = [wrap(each) + "\n" for each in (NOTHING, *LINES, NOTHING)]
    assert read("".join(lines)) == plain(LINES)
    assert read(*lines) == plain(LINES)
    assert read(*(f"{piece}\n" for text in lines for piece in text.splitlines())) == plain(LINES)
    for record in MaillogParser().feed("".join(lines).encode()):
        assert seconds_of(record.stamp) == (None if moment is None else pytest.approx(moment.timestamp(), abs=1e-6))


@pytest.mark.parametrize("name", NAMES)
def test_in_the_middle_of_other_lines(name: str) -> None:
    """A line in an envelope is found among plain ones and among those of every other envelope."""
    wrap, _ = ENVELOPES[name]
    own = wrap(LINES[0]) + "\n"
    others = [ENVELOPES[other][0](LINES[1]) + "\n" for other in NAMES]
    expected = plain([LINES[1], LINES[0], LINES[1]])
    for other in others:
        assert read(other + own + other) == expected
        assert read(other, own, other) == expected


def test_all_envelopes_in_one_block() -> None:
    """A block may hold a line of each."""
    block = "".join(f"{wrap(each)}\n" for each in LINES for wrap, _ in ENVELOPES.values())
    assert read(block) == plain([each for each in LINES for _ in ENVELOPES])


@pytest.mark.parametrize("name", ["CRI", "Docker", "compose", "docker logs -t"])
def test_real_lines(name: str) -> None:
    """All lines that real servers have written give the same records in what containers put around them."""
    lines = [text for texts in annotated().values() for text in texts] + captured("postfix-3.11.7")
    wraps: dict[str, Callable[[str], str]] = {
        "CRI": lambda text: f"{NANOSECONDS} stdout F {text}",
        "Docker": docker,
        "compose": lambda text: f"mailserver  | {text}",
        "docker logs -t": lambda text: f"{NANOSECONDS} {text}",
    }
    expected = MaillogParser().feed(b"".join(text + b"\n" for text in lines))
    assert len(expected) > 700
    block = "".join(wraps[name](text.decode()) + "\n" for text in lines)
    assert MaillogParser().feed(block.encode()) == expected


def test_pieces_of_two_streams() -> None:
    """The pieces of each stream belong together, whatever stands between them."""
    one, other = (each.plain(RFC3164) for each in LINES[:2])
    lines = (
        f"{NANOSECONDS} stdout P {one[:9]}",
        f"{NANOSECONDS} stderr P {other[:30]}",
        f"{NANOSECONDS} stdout P {one[9:50]}",
        f"{NANOSECONDS} stderr F {other[30:]}",
        f"{NANOSECONDS} stdout F {one[50:]}",
    )
    assert read(*(f"{text}\n" for text in lines)) == plain([LINES[1], LINES[0]])


def test_endless_pieces() -> None:
    """Of a line that never ends no more is kept than a line may have, and it gives no record."""
    parser = MaillogParser()
    head = LINES[6].plain(RFC3164)
    parser.feed(f"{NANOSECONDS} stdout P {head}\n".encode())
    for _ in range(100):
        parser.feed(f"{NANOSECONDS} stdout P {'x' * 8000}\n".encode())
    assert max(len(text) for text in parser._opener._unfinished.values()) <= MAX_LINE + 1  # noqa: SLF001 - what is kept
    assert parser.feed(f"{NANOSECONDS} stdout F x\n".encode()) == []
    assert len(parser.feed(f"{NANOSECONDS} stdout F {head}\n".encode())) == 1


def test_messages_alone() -> None:
    """``journalctl -o cat`` leaves messages: they tell the daemon and the client, and no listener's name."""
    records = read("".join(f"{each.message}\n" for each in LINES))
    assert [(record.program, record.kind, record.address) for record in records] == [
        ("-/postscreen", "postscreen_connect", "203.0.113.7"),
        ("-/smtpd", "smtpd_connect", "2001:db8:25::1"),
        ("-/smtpd", "smtpd_disconnect", "203.0.113.7"),
        ("-/smtpd", "smtpd_reject", "203.0.113.7"),
        ("-/smtpd", "problem", "203.0.113.7"),
        ("dovecot", "imap_login", "203.0.113.7"),
    ]


def test_a_message_without_a_head_among_lines_that_have_one() -> None:
    """Where lines have heads, one without is what a daemon has quoted of a client, and is not believed."""
    text = LINES[1].message
    for name, (wrap, _) in ENVELOPES.items():
        assert read(f"{wrap(NOTHING)}\n{text}\n") == read(f"{wrap(NOTHING)}\n", f"{text}\n") == [], name


def test_what_only_looks_like_an_envelope() -> None:
    """What containers print beside the mail log is no line of it."""
    connect = LINES[1].message
    for text in (
        f"2026-04-19 12:19:58+00:00 INFO  start-mailserver.sh: {connect}",
        f"{NANOSECONDS} stdout X {LINES[1].plain(RFC3164)}",
        f'{{"log":"{LINES[1].plain(RFC3164)}\\u12"}}',
        f'{{"log":5,"x":"{LINES[1].plain(RFC3164)}"}}',
        '{"log":' + "[" * 5000,
        "a | " * 9 + LINES[1].plain(RFC3164),
        f"+ {connect}",
        f"<22>1 {NANOSECONDS} {HOST} postfix/smtpd 9 - {connect}",
        f"99999999999.000000 {HOST} postfix/smtpd 9: {connect}",
    ):
        assert read(f"{text}\n{NOTHING.plain(RFC3164)}\n") == [], text


BEGINNINGS = st.sampled_from(
    [
        f"{NANOSECONDS} stdout F ".encode(),
        f"{NANOSECONDS} stderr P ".encode(),
        b'{"log":"',
        b'\\n","stream":"stdout"}',
        b"mail | ",
        b"<22>",
        b"1 ",
        b"- ",
        b"[a@1 b=",
        RFC3164.encode() + b" ",
        b"<mail.info> ",
        b"99999999999.000000 ",
        b"Mon 2026-11-30 18:16:02 UTC ",
        b"\\ud800",
        b"message repeated 3 times: [ ",
        b"last message repeated 3 times",
        line("postfix/smtpd", "connect from unknown[192.0.2.77]"),
        b"\n",
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(BEGINNINGS, st.binary(max_size=12)), max_size=12))
def test_any_bytes(pieces: list[bytes]) -> None:
    """Whatever stands in envelopes, the parser reads on, and counts each line once."""
    parser = MaillogParser()
    block = b"".join(pieces)
    parser.feed(block)
    assert parser.lines == len(block.split(b"\n")) - (block.endswith(b"\n") or not block)
    assert 0 <= parser.unrecognised <= parser.lines
    assert len(parser.feed(line("postfix/smtpd", "connect from unknown[192.0.2.77]"))) == 1


@pytest.mark.parametrize("case", sorted(each.name for each in (DATA / "cases").glob("*.log")))
def test_every_line_of_a_case_is_read(case: str) -> None:
    """Logs that were not read before: each of their lines gives a record."""
    parser = MaillogParser()
    data = (DATA / "cases" / case).read_bytes()
    assert len(parser.feed(data)) == parser.lines > 4
    assert parser.unrecognised == 0
