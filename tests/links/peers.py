"""Mail servers that misbehave on purpose, on real loopback sockets."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from monitor.links.tcp import SocketAddress, literal
from tests.waiting import until

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]


@asynccontextmanager
async def serving(
    handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", backlog: int = 100
) -> AsyncIterator[int]:
    """Serve each connection by ``handler`` and close it in order afterwards; gives the port."""
    at_work: set[asyncio.Task[object]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: asyncio.Task[object] | None = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            at_work.discard(task)
            writer.close()

    server = await asyncio.start_server(handle, host, 0, ssl=tls, backlog=backlog)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(at_work):
            task.cancel()
        await until(lambda: not at_work)
        await asyncio.sleep(0)  # transports close one pass later


class Encrypted:
    """A server's end of TLS over streams that hold its first bytes already; ``start_tls`` would lose them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext) -> None:
        """Use ``begin``."""
        self._reader, self._writer = reader, writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    @classmethod
    async def begin(
        cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext
    ) -> "Encrypted":
        """Carry out the handshake; raises ``ssl.SSLError`` with the client's alert."""
        made = cls(reader, writer, context)
        await made._when_fed(made._tls.do_handshake)
        return made

    @property
    def resumed(self) -> bool:
        """Tell whether the client has resumed a session."""
        return bool(self._tls.session_reused)

    async def _when_fed(self, act: Callable[[], bytes | None]) -> bytes:
        while True:
            try:
                return act() or b""
            except ssl.SSLWantReadError:
                self._writer.write(self._outgoing.read())
                data = await self._reader.read(65536)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            finally:
                self._writer.write(self._outgoing.read())

    async def readline(self) -> bytes:
        """Read to the line's end, or what there is before the end of the stream."""
        line = b""
        while not line.endswith(b"\n") and (byte := await self._when_fed(lambda: self._tls.read(1))):
            line += byte
        return line

    def write(self, data: bytes) -> None:
        """Encrypt and send."""
        self._tls.write(data)
        self._writer.write(self._outgoing.read())

    async def drain(self) -> None:
        """Wait until the kernel has taken enough."""
        await self._writer.drain()


@contextmanager
def unanswering() -> Iterator[int]:
    """Give a port whose SYNs stay unanswered: a listener with its accept queue full drops them."""
    with socket.socket() as listener, socket.socket() as first:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        first.connect(("127.0.0.1", port))
        yield port


@contextmanager
def refusing() -> Iterator[int]:
    """Give a port that nobody listens on and nobody else gets."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def reset(writer: asyncio.StreamWriter) -> None:
    """Leave with a reset instead of a FIN."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def resident() -> int:
    """Give this process's resident memory in KiB, which is what a limit is held to."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def descriptors() -> set[str]:
    """Name this process's sockets and epoll descriptors, each by what it is open on."""
    opened = set()
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            opened.add(f"{fd.name} {fd.readlink()}")
    return {name for name in opened if "socket:" in name or "eventpoll" in name}


def address_of(listener: socket.socket) -> SocketAddress:
    """Name a listener as the core API wants it."""
    known = literal(*listener.getsockname()[:2])
    assert known is not None
    return known
