"""Postfix's messages: those that the laboratory wrote, those of its sources, and those that a client would forge."""

import pytest

from monitor.core.maillog import LineKind, LogRecord, Problem
from monitor.wire.maillog import MaillogParser
from tests.wire.maillog.lines import DATA, annotated, fill, line

TEMPLATES = [
    tuple(text.split(maxsplit=1))
    for text in (DATA / "templates.txt").read_text().splitlines()
    if not text.startswith("#")
]
FORGED = "198.51.100.66"


def read(program: str, message: str, pid: int | None = 1234) -> LogRecord | None:
    """Read one line."""
    records = MaillogParser().feed(line(program, message, pid=pid))
    return records[0] if records else None


@pytest.mark.parametrize(("expected", "template"), TEMPLATES)
def test_captured_templates(expected: str, template: str) -> None:
    """Every message that the laboratory's servers wrote means what the table says, and names its client."""
    program, _, message = template.partition(": ")
    record = read(program, fill(message), pid=None if program == "dovecot" else 1234)
    if record is None:
        assert expected == "unrecognised"
        return
    assert f"{record.kind}/{record.problem}".rstrip("/") == expected
    assert (record.program, record.text) == (program, fill(message))
    named = any(sign in message for sign in ("[ip", "rip=ip"))
    assert (record.address in {"192.0.2.77", "2001:db8::77"}) is named
    assert (record.port == 40101) is ("[ip]:port" in message or "[ip6]:port" in message or "rip=ip, " in message)
    assert record.noops == (3 if "noop=" in message else -1)


def test_captured_postscreen() -> None:
    """A session on port 25: postscreen logs port and claimed destination, the stock smtpd the second half."""
    records = MaillogParser().feed(b"\n".join(annotated()["1.2525 TCP4 PROXY"]))
    assert [(record.kind, record.program) for record in records] == [
        (LineKind.POSTSCREEN_CONNECT, "postfix/smtpd-proxy25/postscreen"),
        (LineKind.POSTSCREEN_PASS, "postfix/smtpd-proxy25/postscreen"),
        (LineKind.SMTPD_CONNECT, "postfix/smtpd"),
        (LineKind.SMTPD_DISCONNECT, "postfix/smtpd"),
    ]
    assert {record.address for record in records} == {"192.0.2.77"}
    assert records[0] == LogRecord(
        LineKind.POSTSCREEN_CONNECT,
        "2026-11-22T09:27:01.026829+00:00",
        "postfix/smtpd-proxy25/postscreen",
        14109,
        "192.0.2.77",
        40001,
        "203.0.113.25",
        25,
        -1,
        "",
        "CONNECT from [192.0.2.77]:40001 to [203.0.113.25]:25",
    )
    assert (records[1].port, records[3].noops) == (40001, -1)


@pytest.mark.parametrize(
    ("case", "problems"),
    [
        ("1.4465 TCP4 PROXY", ["", ""]),
        ("3.2525 LOCAL then immediate RST (HAProxy-style check close)", ["getpeername"]),
        ("3.4465 LOCAL then immediate RST (HAProxy-style check close)", ["servname_fatal", "process_exit"]),
        ("4.4465 PROXY UNSPEC len0", ["proxy_header", "", ""]),
        ("6.2525 connect and wait silently (max 20s)", ["proxy_timeout"]),
        ("6.5587 connect and wait silently (max 20s)", ["proxy_timeout", "", ""]),
        (
            "8.25 PROXY v2 to stock port",
            ["", "pregreet", "command_pipelining", "bare_newline", ""],
        ),
        ("8.465 PROXY v2 to stock port", ["", "tls_error", "lost_connection", ""]),
        ("9.30145 connect + FIN at once", ["", "lost_connection", ""]),
        ("13.k DNSBL lists the client 192.0.2.66", ["", "dnsbl", ""]),
        ("SHARE.2525 while the :25 postscreen is alive", ["postscreen_cache_lock", "process_exit", "throttling"]),
        ("ANVIL.5 same probe address", ["", "rate_limit", ""]),
        ("E2E.587", ["", ""]),
    ],
)
def test_captured_cases(case: str, problems: list[str]) -> None:
    """What was done to the laboratory's servers is told by the problems of its lines, in their order."""
    assert [record.problem for record in MaillogParser().feed(b"\n".join(annotated()[case]))] == problems


def test_captured_nonces() -> None:
    """The number of NOOPs comes back in the disconnect line, and the port where smtpd is told to log it."""
    cases = annotated()
    nonce = MaillogParser().feed(b"\n".join(cases["15.m 5587: hdr, 220, EHLO, 7 x NOOP, QUIT (count nonce)"]))
    assert [record.noops for record in nonce] == [-1, 7]
    assert [record.port for record in MaillogParser().feed(b"\n".join(cases["PL.5587"]))] == [48001, 48001]
    assert [record.port for record in MaillogParser().feed(b"\n".join(cases["PL.2525"]))] == [48002] * 4


@pytest.mark.parametrize(
    ("program", "message", "kind", "problem", "address"),
    [
        ("postscreen", "WHITELISTED [192.0.2.77]:4", LineKind.POSTSCREEN_PASS, "", "192.0.2.77"),
        ("postscreen", "DENYLISTED [192.0.2.77]:4", LineKind.PROBLEM, Problem.DENYLISTED, "192.0.2.77"),
        ("postscreen", "BLACKLISTED [192.0.2.77]:4", LineKind.PROBLEM, Problem.DENYLISTED, "192.0.2.77"),
        (
            "postscreen",
            "NON-SMTP COMMAND from [192.0.2.77]:4 after CONNECT: GET / HTTP/1.1",
            LineKind.PROBLEM,
            Problem.NON_SMTP_COMMAND,
            "192.0.2.77",
        ),
        (
            "postscreen",
            "COMMAND TIME LIMIT from [192.0.2.77]:4 after EHLO",
            LineKind.PROBLEM,
            Problem.COMMAND_LIMIT,
            "192.0.2.77",
        ),
        (
            "postscreen",
            "NOQUEUE: reject: CONNECT from [192.0.2.77]:4: too many connections",
            LineKind.POSTSCREEN_REJECT,
            Problem.RATE_LIMIT,
            "192.0.2.77",
        ),
        (
            "postscreen",
            "NOQUEUE: reject: CONNECT from [192.0.2.77]:4: all server ports busy",
            LineKind.POSTSCREEN_REJECT,
            Problem.PORTS_BUSY,
            "192.0.2.77",
        ),
        (
            "postscreen",
            "reject: connect from [192.0.2.77]:4: all screening ports busy",
            LineKind.POSTSCREEN_REJECT,
            Problem.PORTS_BUSY,
            "192.0.2.77",
        ),
        (
            "postscreen",
            "NOQUEUE: reject: RCPT from [192.0.2.77]:4: 450 4.3.2 Service currently unavailable; from=<a@example.com>,"
            " to=<b@example.org>, proto=ESMTP, helo=<x>",
            LineKind.POSTSCREEN_REJECT,
            "",
            "192.0.2.77",
        ),
        (
            "smtpd",
            "NOQUEUE: reject: RCPT from unknown[192.0.2.77]: 554 5.7.1 <unknown[192.0.2.77]>: Client host rejected: "
            "Access denied; from=<> to=<canary@mailpath.invalid> proto=ESMTP helo=<mailpath.invalid>",
            LineKind.SMTPD_REJECT,
            "",
            "192.0.2.77",
        ),
        (
            "smtpd",
            "NOQUEUE: reject: RCPT from mx.example.net[192.0.2.77]: 451 4.3.0 <b@example.org>: Temporary lookup "
            "failure; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<mx>",
            LineKind.SMTPD_REJECT,
            Problem.TEMPFAIL,
            "192.0.2.77",
        ),
        (
            "smtpd",
            "NOQUEUE: reject: MAIL from unknown[192.0.2.77]: 452 4.3.1 Insufficient system storage; proto=ESMTP helo=<x>",
            LineKind.SMTPD_REJECT,
            Problem.TEMPFAIL,
            "192.0.2.77",
        ),
        (
            "smtpd",
            "NOQUEUE: reject: RCPT from unknown[192.0.2.77]: 450 4.7.1 <x>: Helo command rejected; helo=<451 4.3.0 >",
            LineKind.SMTPD_REJECT,
            "",
            "192.0.2.77",
        ),
        (
            "smtpd",
            "timeout after END-OF-MESSAGE from unknown[192.0.2.77]",
            LineKind.PROBLEM,
            Problem.CLIENT_TIMEOUT,
            "192.0.2.77",
        ),
        (
            "smtpd",
            "lost connection after DATA (1024 bytes) from unknown[192.0.2.77]",
            LineKind.PROBLEM,
            Problem.LOST_CONNECTION,
            "192.0.2.77",
        ),
        (
            "smtpd",
            "warning: New TLS session rate limit exceeded: 61 from unknown[192.0.2.77] for service smtps",
            LineKind.PROBLEM,
            Problem.RATE_LIMIT,
            "192.0.2.77",
        ),
        (
            "smtpd",
            "warning: Connection rate limit exceeded: 61 from unknown[unknown] for service submission",
            LineKind.PROBLEM,
            Problem.EDGE_CHECK_NOISE,
            "",
        ),
        ("smtpd", "disconnect from unknown[192.0.2.77]", LineKind.SMTPD_DISCONNECT, "", "192.0.2.77"),
        ("smtpd", "fatal: open /etc/postfix/main.cf: No such file", LineKind.PROBLEM, Problem.FATAL, ""),
        ("smtpd", "panic: smtpd_proxy: no reply", LineKind.PROBLEM, Problem.FATAL, ""),
        (
            "smtpd",
            "warning: not enough free space in mail queue: 1 bytes < 1.5*message size limit",
            LineKind.PROBLEM,
            Problem.TEMPFAIL,
            "",
        ),
        (
            "smtpd",
            'warning: hash:/etc/postfix/virtual lookup error for "b@example.org"',
            LineKind.PROBLEM,
            Problem.TEMPFAIL,
            "",
        ),
        (
            "trivial-rewrite",
            "warning: table proxy:mysql:/etc/postfix/domains.cf lookup error: Timeout",
            LineKind.PROBLEM,
            Problem.TEMPFAIL,
            "",
        ),
        (
            "cleanup",
            "warning: 4XyZ1a2B3cz9: write queue file: No space left on device",
            LineKind.PROBLEM,
            Problem.TEMPFAIL,
            "",
        ),
        (
            "cleanup",
            "warning: mail_queue_enter: create file incoming/482913.1234: No space left on device",
            LineKind.PROBLEM,
            Problem.TEMPFAIL,
            "",
        ),
        (
            "cleanup",
            "warning: 3C8B4160A: virtual_alias_maps map lookup problem for b@example.org"
            " -- message not accepted, try again later",
            LineKind.PROBLEM,
            Problem.TEMPFAIL,
            "",
        ),
        (
            "master",
            'warning: service "5587" (5587) has reached its process limit "2": new clients may experience'
            " noticeable delays",
            LineKind.PROBLEM,
            Problem.PROCESS_LIMIT,
            "",
        ),
        (
            "master",
            "warning: process /usr/lib/postfix/sbin/smtpd pid 9 killed by signal 9",
            LineKind.PROBLEM,
            Problem.PROCESS_EXIT,
            "",
        ),
    ],
)
def test_messages_of_the_sources(program: str, message: str, kind: LineKind, problem: str, address: str) -> None:
    """Messages that the laboratory did not provoke are known from Postfix's sources."""
    record = read(f"postfix/smtpd-proxy25/{program}", message)
    assert record is not None
    assert (record.kind, record.problem, record.address) == (kind, problem, address)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("postfix/tlsproxy", "CONNECT from [192.0.2.77]:4"),
        ("postfix/tlsproxy", "DISCONNECT [192.0.2.77]:4"),
        ("postfix/smtpd", "CONNECT from [192.0.2.77]:4 to [192.0.2.1]:25"),
        ("postfix/postscreen", "connect from unknown[192.0.2.77]"),
        ("smtpd", "connect from unknown[192.0.2.77]"),
        ("postfix/smtpd", "3C8B4160A: client=unknown[192.0.2.77]"),
        ("postfix/smtp", "3C8B4160A: to=<b@example.com>, relay=none, dsn=4.3.0, status=deferred (451 4.3.0 later)"),
        ("postfix/smtp", 'warning: hash:/etc/postfix/generic lookup error for "b@example.org"'),
        ("postfix/smtpd", "warning: unknown[192.0.2.77]: SASL LOGIN authentication failed: UGFzc3dvcmQ6"),
        ("postfix/cleanup", "warning: 3C8B4160A: queue file size limit exceeded"),
        ("postfix/sendmail", "fatal: usage: sendmail [options]"),
        ("postfix/smtpd", "connect from unknown[192.0.2.77]:123456"),
        ("postfix/smtpd", "disconnect from unknown[999999999999999999999999999999999999999999999999999999]"),
    ],
)
def test_not_of_interest(program: str, message: str) -> None:
    """The same words of another daemon, deferred deliveries and failed logins are counted, not recorded."""
    assert read(program, message) is None


@pytest.mark.parametrize(
    ("program", "message", "kept"),
    [
        (
            "postfix/smtpd",
            "NOQUEUE: reject: RCPT from unknown[192.0.2.77]: 554 5.7.1 <a: CONNECT from [{forged}]:1 to [10.0.20.1]:25>: "
            "Relay access denied; from=<x: connect from unknown[{forged}]> to=<y@example.org> proto=SMTP "
            "helo=<z from unknown[{forged}]: 451 4.3.0 connect from unknown[{forged}]>",
            "192.0.2.77",
        ),
        ("postfix/postscreen", "PREGREET 99 after 0.1 from [192.0.2.77]:7: x from [{forged}]:9: y", "192.0.2.77"),
        (
            "postfix/postscreen",
            "COMMAND PIPELINING from [192.0.2.77]:7 after from [{forged}]:9 after X: CONNECT from [{forged}]:9 to "
            "[10.0.20.1]:25",
            "192.0.2.77",
        ),
        (
            "postfix/smtpd",
            "improper command pipelining after EHLO from unknown[192.0.2.77]: X\\r\\n from unknown[{forged}]: Y",
            "192.0.2.77",
        ),
        ("postfix/postscreen", "warning: haproxy read: short protocol header: CONNECT from [{forged}]:1", ""),
        (
            "postfix/smtpd",
            "warning: Illegal address syntax from unknown[192.0.2.77] in MAIL command: <hash:/x lookup error : connect "
            "from unknown[{forged}]>",
            None,
        ),
        ("postfix/smtpd", "warning: hash:/x: connect from unknown[{forged}]", None),
        ("postfix/cleanup", "3C8B4160A: warning: header Subject: connect from unknown[{forged}] from x;", None),
        ("postfix/cleanup", "3C8B4160A: message-id=<x: postfix/smtpd[1]: connect from unknown[{forged}]>", None),
        ("amavis", "(1-2) Passed CLEAN, <a: connect from unknown[{forged}]> -> <b>", None),
        ("postfix/smtpd", "connect from a.example[192.0.2.77] b.example[{forged}]", None),
        ("postfix/smtpd", "connect from unknown[{forged}]\x85connect from unknown[{forged}]", None),
        ("postfix/smtpd", "connect from unknown[{forged}]\rx", None),
    ],
)
def test_forgeries(program: str, message: str, kept: str | None) -> None:
    """Whatever a client has Postfix quote, the record names the client that Postfix named, or there is none."""
    record = read(program, message.format(forged=FORGED))
    assert (None if record is None else record.address) == kept
