"""``sockstat -l``: several versions' columns, two instances of HAProxy, and an edge that says anything."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.edge import Frontend, Socket
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.sockets import MAX_ANSWER, answers, frontends, parse_sockstat

DATA = Path(__file__).parent / "data" / "edge"
PORTS = (25, 465, 587, 993, 2525)
EDGE = "10.0.20.1"
ROW = "www      haproxy    49418 5  tcp4   *:25                  *:*"


def recorded(name: str) -> tuple[Socket, ...]:
    """Read a recorded output."""
    return parse_sockstat((DATA / f"sockstat-l.{name}.txt").read_bytes())


def test_wildcards() -> None:
    """One HAProxy on every address holds all ports; its stats socket and other programs do not disturb."""
    sockets = recorded("13")
    assert len(sockets) == 14
    assert frontends(sockets, EDGE, PORTS) == {port: Frontend(port, pids=(49418,)) for port in PORTS}
    assert not frontends(sockets, EDGE, [26])[26].bound


def test_two_instances() -> None:
    """Two HAProxy processes are told apart by the addresses on which they listen."""
    sockets = recorded("two-instances")
    old, bridge = frontends(sockets, EDGE, PORTS), frontends(sockets, "2001:db8:25::2", PORTS)
    assert {port: f.pids for port, f in old.items() if f.bound} == {25: (49418,), 993: (49418,)}
    assert {port: f.pids for port, f in bridge.items() if f.bound} == {25: (64009,), 993: (64009,)}


def test_someone_else_holds_the_port() -> None:
    """Another program on a frontend port is named, and is not HAProxy."""
    assert frontends(recorded("two-instances"), EDGE, [465])[465] == Frontend(465, others=("master",))
    assert frontends(recorded("15"), "2001:db8:25::2", [25])[25] == Frontend(25, pids=(104242,), others=("?",))


def test_columns_that_run_together() -> None:
    """A full column may leave no blank before the next: a long address, a long descriptor."""
    rows = recorded("two-instances")
    assert Socket("www", "haproxy", 64009, "tcp6", "2001:db8:1234:5678:9abc:def0:1234:5678", 587) in rows
    assert Socket("www", "haproxy", 64009, "tcp6", "2001:db8:25::2", 993) in rows
    assert Socket("root", "php: pool", 394, "stream", "", 0) in rows


@pytest.mark.parametrize(
    ("protocol", "bound", "address", "comes"),
    [
        ("tcp4", "*", EDGE, True),
        ("tcp4", "*", "2001:db8::1", False),
        ("tcp6", "*", "2001:db8::1", True),
        ("tcp6", "*", EDGE, False),
        ("tcp46", "*", EDGE, True),
        ("tcp46", "*", "2001:db8::1", True),
        ("tcp4", EDGE, EDGE, True),
        ("tcp4", "10.0.20.11", EDGE, False),
        ("tcp6", "2001:db8::0:1", "2001:db8:0::1", True),
        ("tcp6", "fe80::1%vtnet0", "fe80::1", True),
        ("udp4", "*", EDGE, False),
    ],
)
def test_answers(protocol: str, bound: str, address: str, comes: bool) -> None:  # noqa: FBT001 - a table's column
    """A wildcard is one of its family, as FreeBSD has IPv6 sockets for IPv6 alone."""
    assert answers(Socket("www", "haproxy", 1, protocol, bound, 25), address, 25) is comes
    assert not answers(Socket("www", "haproxy", 1, protocol, bound, 25), address, 26)


def test_without_header_and_with_continuation() -> None:
    """The header may be missing (-q); a line that begins with blanks is a further address of the same socket."""
    text = f"{ROW}\nroot sctpd 7 3 sctp4 10.0.0.1:25 *:*\n                          10.0.0.2:25   *:*\n"
    assert [(s.command, s.address) for s in parse_sockstat(text)] == [
        ("haproxy", "*"),
        ("sctpd", "10.0.0.1"),
        ("sctpd", "10.0.0.2"),
    ]


def test_sockets_of_the_kernel_and_of_clients() -> None:
    """A kernel's socket has no owner, in older and newer words; one with a peer listens to nobody."""
    nobody = "?        ?          ?     ?   tcp4   10.0.20.1:993         *:*"
    newer = "??       ??         ??    ??  tcp4   10.0.20.1:465         *:*"
    peer = "www      haproxy    49418 9  tcp4   10.0.20.1:25          198.51.100.7:40112"
    local = "root     sshd       4127  4  tcp6   fe80::1%em0:22        fe80::2%em0:50112"
    sockets = parse_sockstat(f"{ROW}\n{nobody}\n{newer}\n{peer}\n{local}\n")
    assert sockets == (
        Socket("www", "haproxy", 49418, "tcp4", "*", 25),
        Socket("?", "?", None, "tcp4", "10.0.20.1", 993),
        Socket("?", "?", None, "tcp4", "10.0.20.1", 465),
    )
    assert frontends(sockets, EDGE, [465])[465].others == ("?",)


def test_header_alone() -> None:
    """Nobody listens: no rows."""
    assert parse_sockstat("USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS\n") == ()


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("", Reason.CLOSED, "said nothing"),
        (" \n\n", Reason.CLOSED, "said nothing"),
        ("sockstat: Kommando nicht gefunden\n", Reason.MALFORMED, "not a row"),
        ("Netid State  Recv-Q Send-Q Local Address:Port\ntcp LISTEN 0 100 0.0.0.0:25\n", Reason.MALFORMED, "not a row"),
        ("  10.0.0.1:25", Reason.MALFORMED, "not a row"),
        (ROW[:38], Reason.MALFORMED, "no local address"),
        (ROW.replace("*:25", "10.0.20.1.9:25"), Reason.MALFORMED, "is no address"),
        (ROW.replace("*:25", "*:999999"), Reason.MALFORMED, "no local address"),
        (f"x{' ' * 500_000}y{' ' * 500_000}", Reason.MALFORMED, "a line of 1000002 characters"),
        ("x" * (MAX_ANSWER + 1), Reason.TOO_LARGE, "at most"),
    ],
)
def test_wrong(text: str, reason: Reason, detail: str) -> None:
    """Anything else is refused with what is wrong with it."""
    with pytest.raises(WireError, match="sockstat") as caught:
        parse_sockstat(text)
    assert caught.value.reason is reason
    assert detail in caught.value.detail


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(garbage: bytes) -> None:
    """Any bytes give rows or a WireError, and never touch the rows before."""
    with suppress(WireError):
        sockets = parse_sockstat(ROW.encode() + b"\n" + garbage)
        assert sockets[0].port == 25
        assert frontends(sockets, EDGE, PORTS)[25].bound
