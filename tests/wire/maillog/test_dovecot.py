"""Dovecot's messages: one line a connection, its port in the session id."""

import pytest

from monitor.core.maillog import LineKind, Problem
from monitor.wire.maillog import MaillogParser
from monitor.wire.maillog.dovecot import read_login, session_port
from tests.wire.maillog.lines import RFC3164, annotated, line


@pytest.mark.parametrize(
    ("session", "address", "port"),
    [
        ("P9FZT9lgpZzAAAJN", "192.0.2.77", 40101),
        ("746dFtpgIKTAAAKj", "192.0.2.163", 42016),
        ("hkx8T9lgj7B/ABRl", "127.0.20.101", 45199),
        ("AAAAAAAAZZwgAQ24AAAAAAAAAAAAAAB3", "2001:db8::77", 40037),
        ("P9FZT9lgpZzAAAJN", "192.0.2.78", 0),
        ("P9FZT9lgpZw", "192.0.2.77", 0),
        ("AAAA", "192.0.2.77", 0),
        ("not base64!", "192.0.2.77", 0),
        ("\xe9", "192.0.2.77", 0),
        ("", "192.0.2.77", 0),
    ],
)
def test_session_ports(session: str, address: str, port: int) -> None:
    """The client's port is in the id, if the id is of this client's making."""
    assert session_port(session, address) == port


def test_login_and_logout() -> None:
    """A login names its client, the destination that the header claimed, and the port by the id."""
    record = read_login(annotated()["11.z2 good login through PROXY"][0].decode())
    assert record is not None
    assert (record.kind, record.program, record.pid, record.problem) == (LineKind.IMAP_LOGIN, "dovecot", 0, "")
    assert (record.address, record.port, record.local_address) == ("192.0.2.77", 40113, "203.0.113.25")
    assert record.text.startswith("imap-login: Login: user=<probe@lab.test>, method=PLAIN, rip=192.0.2.77, ")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("imap-login: Login: user=<a@example.org>, method=PLAIN, {ends}", ""),
        ("imap-login: Info: Login: user=<a@example.org>, method=PLAIN, {ends}", ""),
        ("imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<a>, method=PLAIN, {ends}", ""),
        ("imap-login: Aborted login (no auth attempts in 0 secs): user=<>, {ends}", ""),
        ("imap-login: Login aborted: Logged out (no auth attempts in 0 secs) (no_auth_attempts): user=<>, {ends}", ""),
        ("imap-login: Disconnected: Inactivity (no auth attempts in 180 secs): user=<>, {ends}", "client_timeout"),
        ("imap-login: Disconnected: Connection closed: SSL_accept() failed: x: user=<>, {ends}", "tls_error"),
        (
            "imap-login: Login aborted: Connection closed (no auth attempts in 0 secs): user=<>, {ends}",
            "lost_connection",
        ),
    ],
)
@pytest.mark.parametrize("pid", [None, 7])
def test_versions(message: str, problem: str, pid: int | None) -> None:
    """Dovecot 2.2 to 2.4 say why a connection ended in different words."""
    ends = "rip=192.0.2.77, lip=203.0.113.25, TLS, session=<P9FZT9lgpZzAAAJN>"
    [record] = MaillogParser().feed(line("dovecot", message.format(ends=ends), pid=pid, stamp=RFC3164))
    assert (record.kind, record.problem, record.pid) == (LineKind.IMAP_LOGIN, problem, pid or 0)
    assert (record.address, record.port, record.local_address) == ("192.0.2.77", 40101, "203.0.113.25")


@pytest.mark.parametrize(
    ("message", "problem", "address"),
    [
        ("imap-login: haproxy: Client disconnected (rip=172.18.91.5)", Problem.HAPROXY_DISCONNECTED, "172.18.91.5"),
        (
            "imap-login: Error: haproxy(v2): Client disconnected: Invalid command (cmd=0f, rip=192.0.2.1)",
            Problem.PROXY_HEADER,
            "192.0.2.1",
        ),
        (
            "imap-login: Error: haproxy(v1): Client disconnected: Proxied remote address is invalid "
            "(address=`1', rip=198.51.100.66): (rip=198.51.100.66)', rip=192.0.2.1)",
            Problem.PROXY_HEADER,
            "192.0.2.1",
        ),
        ("master: Warning: SIGHUP received - reloading configuration", Problem.SERVICE_RESTART, ""),
        (
            "master: Warning: service(imap-login): process_limit (100) reached, client connections are being dropped",
            Problem.PROCESS_LIMIT,
            "",
        ),
        (
            "master: Error: service(imap-login): command startup failed, throttling for 2.000 secs",
            Problem.THROTTLING,
            "",
        ),
        ("master: Fatal: execv(/usr/sbin/dovecot) failed: No such file or directory", Problem.FATAL, ""),
    ],
)
def test_problems(message: str, problem: str, address: str) -> None:
    """What Dovecot does not like about a header, and what becomes of itself; the address is the peer's."""
    [record] = MaillogParser().feed(line("dovecot", message, pid=None))
    assert (record.kind, record.problem, record.address, record.port) == (LineKind.PROBLEM, problem, address, 0)


@pytest.mark.parametrize(
    "message",
    [
        "pop3-login: Login: user=<a>, method=PLAIN, rip=192.0.2.77, lip=192.0.2.1, TLS, session=<P9FZT9lgpZzAAAJN>",
        "imap(a@example.org)<1><P9FZT9lgpZzAAAJN>: Disconnected: Logged out in=1 out=2",
        "lmtp(1): Connect from local",
        "imap-login: Warning: Auth connection closed with 1 pending requests",
        "imap-login: Disconnected: x: user=<>, rip=192.0.2.77, lip=192.0.2.1, TLS",
        "imap-login: Disconnected: x: user=<>, lip=192.0.2.1, session=<P9FZT9lgpZzAAAJN>",
        "imap-login: Disconnected: x: user=<, rip=192.0.2.77, lip=192.0.2.1, session=<P9FZT9lgpZzAAAJN> more",
        "lmtp(b): sieve: msgid=<imap-login: Login: user=<a>, rip=192.0.2.77, lip=192.0.2.1, session=<x>",
    ],
)
def test_not_of_interest(message: str) -> None:
    """Other services, sessions after their login, and lines without their end are counted, not recorded."""
    assert MaillogParser().feed(line("dovecot", message, pid=None)) == []


def test_a_user_name_forges_nothing() -> None:
    """A user name may look like the rest of a line: what Dovecot wrote itself stands behind it."""
    forged = "x>, method=PLAIN, rip=198.51.100.66, lip=10.0.20.1, TLS, session=<P9FZT9lgpZzAAAJN>"
    [record] = MaillogParser().feed(
        line(
            "dovecot",
            f"imap-login: Disconnected: Aborted login (auth failed, 1 attempts in 2 secs): user=<{forged}>, "
            "method=PLAIN, rip=192.0.2.77, lip=203.0.113.25, TLS, session=<P9FZT9lgpZzAAAJN>",
            pid=None,
        )
    )
    assert (record.address, record.local_address, record.port) == ("192.0.2.77", "203.0.113.25", 40101)


def test_captured_cases() -> None:
    """Every case of the laboratory in which a header arrived names its client, and no other case does."""
    clients = {
        case[:4]: [(record.address, record.problem) for record in MaillogParser().feed(b"\n".join(lines))]
        for case, lines in annotated().items()
        if case.startswith("11.")
    }
    assert clients["11.a"] == [("192.0.2.77", "")]
    assert clients["11.b"] == [("2001:db8::77", "")]
    assert clients["11.e"] == [("127.0.20.101", "lost_connection")]
    assert clients["11.j"] == [("127.0.99.1", "haproxy_untrusted")]
    assert clients["11.m"] == [("127.0.20.101", "proxy_header")]
    assert clients["11.n"] == [("127.0.20.101", "proxy_timeout")]
    assert clients["11.p"] == [("127.0.20.101", "haproxy_disconnected")]
