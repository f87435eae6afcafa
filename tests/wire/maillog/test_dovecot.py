"""Dovecot's messages: one line a connection, its port in the session id."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_the_last_rip_is_the_peer() -> None:
    """A version 1 header is quoted before the peer, and may look like one."""
    [record] = MaillogParser().feed(
        line(
            "dovecot",
            "imap-login: Error: haproxy(v1): Client disconnected: Proxied remote address is invalid "
            "(address=`1', rip=198.51.100.66): (rip=198.51.100.66)', rip=192.0.2.1)",
            pid=None,
        )
    )
    assert (record.problem, record.address, record.port) == (Problem.PROXY_HEADER, "192.0.2.1", 0)


@pytest.mark.parametrize("pid", [None, 7])
def test_pid(pid: int | None) -> None:
    """Dovecot's syslog name has a pid or none."""
    ends = "rip=192.0.2.77, lip=203.0.113.25, TLS, session=<P9FZT9lgpZzAAAJN>"
    [record] = MaillogParser().feed(line("dovecot", f"imap-login: Login: user=<a>, {ends}", pid=pid, stamp=RFC3164))
    assert (record.pid, record.stamp) == (pid or 0, RFC3164)


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


FIELDS = ("user=<{user}>", "method=PLAIN", "rip=192.0.2.77", "lip=203.0.113.25", "TLS", "session=<P9FZT9lgpZzAAAJN>")
# What a user name would have to hold to look like the rest of a line.
PIECES = st.sampled_from(
    [
        ">",
        "<",
        ", ",
        "rip=198.51.100.66",
        "lip=198.51.100.66",
        "session=<P9FZT9lgpZzAAAJN>",
        "user=<",
        ": ",
        "x",
        " ",
        "=",
    ]
)


@settings(deadline=None, max_examples=500)
@given(st.permutations(FIELDS), st.lists(PIECES, max_size=12).map("".join))
def test_a_user_name_forges_nothing_wherever_it_stands(fields: list[str], user: str) -> None:
    """In any order of the fields the record names the client that Dovecot named, or there is none."""
    elements = ", ".join(fields).format(user=user)
    for record in MaillogParser().feed(line("dovecot", f"imap-login: Logged in: {elements}", pid=None)):
        assert (record.address, record.local_address) == ("192.0.2.77", "203.0.113.25")
        assert record.port in {40101, 0}


@pytest.mark.parametrize("fields", [*permutations(FIELDS)], ids=" ".join)
def test_fields_are_read_in_any_order(fields: tuple[str, ...]) -> None:
    """They are the administrator's to order (login_log_format_elements)."""
    elements = ", ".join(fields).format(user="info@example.org")
    [record] = MaillogParser().feed(line("dovecot", f"imap-login: Logged in: {elements}", pid=None))
    assert (record.address, record.port, record.local_address) == ("192.0.2.77", 40101, "203.0.113.25")


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
