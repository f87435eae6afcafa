"""Ports that are open, closed or silent."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator

import pytest

from monitor.core.taxonomy import Reason
from monitor.demo import port as port_module
from monitor.demo.port import Port
from monitor.engine.tasks import Tasks
from monitor.links.connector import Connector, ConnectResult, Terms
from monitor.links.tcp import TcpStream

HOST = "127.0.0.1"


async def _echo(stream: TcpStream) -> None:
    while data := await stream.receive():
        await stream.send(data)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    """Give an open port that repeats what it hears."""
    tasks = Tasks(lambda name, error: pytest.fail(f"{name}: {error!r}"))
    made = Port(HOST, 0, _echo, tasks)
    made.open()
    yield made
    made.close()
    await tasks.cancel()


async def _connect(port: Port, timeout: float = 1.0) -> ConnectResult:  # noqa: ASYNC109 - handed on
    connector = Connector()
    try:
        return await connector.connect(HOST, port.port, Terms(timeout, silent=False))
    finally:
        connector.close()


async def test_an_open_port_serves(port: Port) -> None:
    """Each connection is handed to the server."""
    reader, writer = await asyncio.open_connection(HOST, port.port)
    writer.write(b"hello")
    writer.write_eof()
    assert await reader.read() == b"hello"
    writer.close()


async def test_a_closed_port_refuses(port: Port) -> None:
    """Closing shows as a refusal at connect."""
    port.close()
    assert (await _connect(port)).reason is Reason.REFUSED


async def test_a_silent_port_answers_nothing_again_and_again(port: Port) -> None:
    """A black hole lets every connect run into its timeout, not only the first."""
    port.silence()
    reasons = [(await _connect(port, timeout=0.15)).reason for _ in range(3)]
    assert reasons == [Reason.TIMEOUT] * 3


async def test_a_port_can_be_opened_again(port: Port) -> None:
    """Faults can be undone."""
    port.silence()
    port.open()
    assert (await _connect(port)).reason is None


async def test_a_port_that_is_taken_cannot_be_opened(port: Port) -> None:
    """Somebody else's port is the kernel's error, for the caller to try another."""
    other = Port(HOST, port.port, _echo, Tasks(lambda _name, _error: None))
    with pytest.raises(OSError, match="in use"):
        other.open()


async def test_sessions_are_bounded(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """One connection too many is closed at once."""
    monkeypatch.setattr(port_module, "MAX_SESSIONS", 1)
    _, first = await asyncio.open_connection(HOST, port.port)
    reader, second = await asyncio.open_connection(HOST, port.port)
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    first.close()
    second.close()


async def test_a_session_has_a_time_limit(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says nothing is hung up on."""
    monkeypatch.setattr(port_module, "SESSION_LIMIT", 0.05)
    reader, writer = await asyncio.open_connection(HOST, port.port)
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()


async def test_a_session_that_never_began_is_closed() -> None:
    """A path that is closed right after a connection was accepted leaves no socket behind."""
    tasks = Tasks(lambda name, error: pytest.fail(f"{name}: {error!r}"))
    port = Port(HOST, 0, _echo, tasks)
    port.open()
    with socket.create_connection((HOST, port.port), timeout=5.0) as client:
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # accepted now, and its task has not had a turn
        port.close()
        await tasks.cancel()
        assert await asyncio.to_thread(client.recv, 1) == b""
    gc.collect()
