"""Postfix's messages: what the laboratory's servers wrote, and what a client would forge."""

import pytest

from monitor.core.maillog import LineKind, LogRecord
from monitor.wire.maillog import MaillogParser
from tests.wire.maillog.lines import annotated, line

FORGED = "198.51.100.66"


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
        ("3.2525 HAProxy without check port", ["getpeername"]),
        ("3.4465 HAProxy without check port", ["servname_fatal", "process_exit"]),
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
    ("program", "message", "kept"),
    [
        (
            "postfix/smtpd",
            (
                "NOQUEUE: reject: RCPT from unknown[192.0.2.77]: 554 5.7.1 "
                "<CONNECT from [{forged}]:1 to [10.0.20.1]:25>: Relay access denied; "
                "from=<x: connect from unknown[{forged}]> "
                "helo=<z from unknown[{forged}]: 451 4.3.0 connect from unknown[{forged}]>"
            ),
            "192.0.2.77",
        ),
        ("postfix/postscreen", "PREGREET 99 after 0.1 from [192.0.2.77]:7: x from [{forged}]:9: y", "192.0.2.77"),
        (
            "postfix/postscreen",
            (
                "COMMAND PIPELINING from [192.0.2.77]:7 after from [{forged}]:9 after X: CONNECT from [{forged}]:9 to "
                "[10.0.20.1]:25"
            ),
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
            (
                "warning: Illegal address syntax from unknown[192.0.2.77] in MAIL command: "
                "<hash:/x lookup error : connect from unknown[{forged}]>"
            ),
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
    records = MaillogParser().feed(line(program, message.format(forged=FORGED)))
    assert [record.address for record in records] == ([] if kept is None else [kept])
