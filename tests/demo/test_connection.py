"""The mail server's end of a connection, whatever the client sends."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.demo.connection import MAX_LINE, ClientGoneError, Connection
from monitor.links.tcp import TcpStream
from monitor.wire.proxy_header import ProxyHeader, ProxyHeaderError
from monitor.wire.proxy_v2 import encode_v2

T = TypeVar("T")
HEADER = ProxyHeader.tcp("192.0.2.77", 40001, "10.0.20.1", 25)


async def _hear(data: bytes, ask: Callable[[Connection], Awaitable[T]], *, end: bool = True) -> T:
    """Ask a connection on which a client has said these bytes."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    with closing(theirs), closing(TcpStream(ours)) as stream:
        theirs.sendall(data)
        if end:
            theirs.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(30):
            return await ask(Connection(stream))


async def test_a_header_ends_where_it_says() -> None:
    """What follows the header, in the same segment, is the first line."""

    async def ask(connection: Connection) -> tuple[ProxyHeader, str]:
        return await connection.header(), await connection.line()

    assert await _hear(encode_v2(HEADER) + b"EHLO x\r\n", ask) == (HEADER, "EHLO x")


async def test_what_is_no_header_is_refused() -> None:
    """Commands in the place of a header are an error that keeps them."""
    with pytest.raises(ProxyHeaderError):
        await _hear(b"EHLO x\r\n", Connection.header)


async def test_a_client_that_leaves_is_gone() -> None:
    """An end in the middle of a header or of a line is the same error."""
    with pytest.raises(ClientGoneError):
        await _hear(encode_v2(HEADER)[:20], Connection.header)
    with pytest.raises(ClientGoneError):
        await _hear(b"EHL", Connection.line)


async def test_an_endless_line_is_not_kept() -> None:
    """Nobody makes the server hold more than a line's bound."""
    with pytest.raises(ClientGoneError, match="endless"):
        await _hear(b"x" * (MAX_LINE + 1), Connection.line)


async def test_silence_before_the_greeting_is_noticed_as_such() -> None:
    """A patient client has said nothing within the wait; an impatient one has, and its words stay unread."""

    async def ask(connection: Connection) -> tuple[bool, bytes]:
        return await connection.speaks_within(0.02), connection.unread

    assert await _hear(b"", ask, end=False) == (False, b"")
    assert await _hear(b"EHLO x\r\n", ask) == (True, b"EHLO x\r\n")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_end_as_a_header_or_an_error(data: bytes) -> None:
    """Garbage never hangs and never raises anything else."""
    try:
        header = asyncio.run(_hear(data, Connection.header))
    except (ClientGoneError, ProxyHeaderError):
        return
    assert isinstance(header, ProxyHeader)
