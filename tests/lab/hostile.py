"""Servers of the pod that speak nonsense, each in its own way, on ports to which a NodePort may be rewired."""

import asyncio
import contextlib
import random
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from tests.lab.host import Host

GREETING = b"220 mail.example.org ESMTP\r\n"
EHLO = b"250-mail.example.org\r\n250 STARTTLS\r\n"
LONGEST = 5.0
"""Seconds after which a server leaves its victim alone."""
CHUNK = 1 << 16
TEN_MEGABYTES = 10_000_000
HEADER = 28
"""Bytes of a PROXY v2 header for TCP over IPv4 (proxy-protocol.txt section 2.2)."""

Hostility = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def random_bytes(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say 64 KiB of noise, the same each time."""
    writer.write(random.Random(25).randbytes(CHUNK))  # noqa: S311 - noise, not a secret


async def endless_line(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begin a greeting and never end the line."""
    await _flood(writer, b"220 " + b"a" * CHUNK, b"a" * CHUNK)


async def endless_reply(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say ten megabytes of a greeting, line by line."""
    line = b"220-mail.example.org ESMTP\r\n"
    await _flood(writer, line * (CHUNK // len(line)))


async def a_byte_a_second(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet slower than anybody waits."""
    for byte in GREETING:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read and say nothing."""
    while await reader.read(CHUNK):
        pass


async def reset_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the header and reset."""
    await reader.read(CHUNK)
    _reset(writer)


async def reset_after_ehlo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Greet, and reset when EHLO comes."""
    await _until(reader, b"\r\n\r\n\0\r\nQUIT\n")
    writer.write(GREETING)
    await _until(reader, b"EHLO")
    _reset(writer)


async def reset_after_starttls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Offer STARTTLS, and reset when it is taken."""
    writer.write(GREETING)
    await _until(reader, b"EHLO")
    writer.write(EHLO)
    await _until(reader, b"STARTTLS")
    _reset(writer)


async def reset_in_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Agree to STARTTLS, and reset when the ClientHello comes."""
    writer.write(GREETING)
    await _until(reader, b"EHLO")
    writer.write(EHLO)
    await _until(reader, b"STARTTLS")
    writer.write(b"220 2.0.0 Ready to start TLS\r\n")
    await reader.read(CHUNK)
    _reset(writer)


async def endless_imap_greeting(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begin a greeting and never end the line."""
    await _flood(writer, b"* OK " + b"a" * CHUNK, b"a" * CHUNK)


class HostileServer:
    """One of them on a port of a host, for as long as the context."""

    def __init__(self, host: Host, hostility: Hostility, tls: ssl.SSLContext | None = None) -> None:
        """Start at once; ``port`` is where it listens, ``tls`` is put on top right behind the header."""
        self._hostility = hostility
        self._tls = tls
        self._listening: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._end = host.submit(asyncio.run, self._serve())
        self.port, self._loop, self._stopped = self._listening.result(timeout=5)

    def __enter__(self) -> Self:
        """Keep listening."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the listener and every connection."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._end.result(timeout=5)

    async def _serve(self) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        with socket.create_server(("", 0)) as listener:
            listener.settimeout(0)
            self._listening.set_result((listener.getsockname()[1], loop, stopped))
            async with asyncio.TaskGroup() as tasks:
                accepting = tasks.create_task(self._accept(listener, tasks))
                await stopped.wait()
                accepting.cancel()

    async def _accept(self, listener: socket.socket, tasks: asyncio.TaskGroup) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            tasks.create_task(self._speak(connection))

    async def _speak(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        # The victim hangs up in the middle of things: that is what it is tested for.
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(LONGEST):
                if self._tls is not None:
                    await loop.sock_recv(connection, HEADER)
                transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
                with contextlib.closing(asyncio.StreamWriter(transport, protocol, reader, loop)) as writer:
                    await self._hostility(reader, writer)
                    await silence(reader, writer)


async def _flood(writer: asyncio.StreamWriter, first: bytes, then: bytes = b"") -> None:
    sent = 0
    while sent < TEN_MEGABYTES and not writer.is_closing():
        chunk = first if sent == 0 else then or first
        writer.write(chunk)
        await writer.drain()
        sent += len(chunk)


async def _until(reader: asyncio.StreamReader, word: bytes) -> None:
    seen = b""
    while word not in seen:
        data = await reader.read(CHUNK)
        if not data:
            raise ConnectionError
        seen += data


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
