"""TCP: addresses, the kernel's errors in our words, its own measure of a connect, and one connected stream.

The stream sits on a bare non-blocking socket and ``add_reader``. asyncio's streams would put a second buffer, a
transport and a protocol between us and the kernel, and split or delay what must leave in one segment.
"""

import asyncio
import errno
import os
import socket
import struct
import sys
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from monitor.core.conversation import Endpoints
from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason

RECEIVE_SIZE = 16 * 1024

_UNDER_WAY = frozenset({0, errno.EINPROGRESS})

# EACCES, EPERM, EMFILE, ENFILE, ENOBUFS, EADDRNOTAVAIL and whatever is not listed is ours: LOCAL_ERROR.
_REASONS = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ECONNRESET: Reason.RESET,
    errno.ECONNABORTED: Reason.RESET,
    errno.EPIPE: Reason.RESET,
    errno.ENOTCONN: Reason.RESET,  # reset between connect and the first look at it
    errno.ETIMEDOUT: Reason.TIMEOUT,
    errno.EHOSTUNREACH: Reason.UNREACHABLE,
    errno.EHOSTDOWN: Reason.UNREACHABLE,
    errno.ENETUNREACH: Reason.UNREACHABLE,
    errno.ENETDOWN: Reason.UNREACHABLE,
}

# Non-blocking from birth, where the kernel can: one system call less on the path of every check.
_STREAM = socket.SOCK_STREAM | getattr(socket, "SOCK_NONBLOCK", 0)
_NEVER_BLOCKS = hasattr(socket, "SOCK_NONBLOCK")

# struct tcp_info of <linux/tcp.h>: tcpi_rtt (microseconds) at byte 68, tcpi_total_retrans at byte 100.
_TCP_INFO = struct.Struct("=68xI28xI")
_TCP_INFO_OPTION: int | None = socket.TCP_INFO if sys.platform == "linux" else None


class SocketAddress(NamedTuple):
    """What ``connect(2)`` wants: the address family and the family's own tuple."""

    family: socket.AddressFamily
    address: tuple[Any, ...]


def reason_of(error: OSError) -> Reason:
    """Say in the taxonomy's words what the kernel or the resolver said."""
    if isinstance(error, socket.gaierror):
        return Reason.UNREACHABLE
    if isinstance(error, TimeoutError):
        return Reason.TIMEOUT
    return reason_of_errno(error.errno)


def reason_of_errno(number: int | None) -> Reason:
    """Say in the taxonomy's words what an errno means for a connection."""
    return _REASONS.get(number or 0, Reason.LOCAL_ERROR)


def literal(host: str, port: int) -> SocketAddress | None:
    """Read an IPv4 or IPv6 literal (scope included) without asking a resolver; ``None`` for a host name."""
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=numeric)
    except (socket.gaierror, UnicodeError):
        return None
    family, _, _, _, (text, _, *scope) = found[0]
    # The caller's own text where it is the same: there may be thousands of them.
    return SocketAddress(family, (host if text == host else text, port, *scope))


# For those who ask before every round.
known_literal = lru_cache(maxsize=4096)(literal)


async def resolve(host: str, port: int) -> SocketAddress:
    """Find the socket address of a literal at once, of a host name by the system's resolver (its first answer).

    Raises:
        LinkError: ``unreachable`` when the name has no address.
    """
    if (known := known_literal(host, port)) is not None:
        return known
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise LinkError(Reason.UNREACHABLE, f"cannot resolve {host}: {words(error)}") from error
    family, _, _, _, address = found[0]
    return SocketAddress(family, address)


def source_towards(host: str, port: int) -> str | None:
    """Ask the kernel which of our addresses a connection would come from, and send nothing.

    ``None`` for a host name, and where no route leads.
    """
    if (to := literal(host, port)) is None:
        return None
    with socket.socket(to.family, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(to.address)  # of a datagram socket: it looks the route up, and that is all
        except OSError:
            return None
        return str(asking.getsockname()[0])


def words(error: Exception) -> str:
    """Give the system's own words for an error, without its number."""
    return str(getattr(error, "strerror", None) or error)


def open_socket(family: socket.AddressFamily) -> socket.SocketType:
    """Open a TCP socket that never blocks: the C type itself, without ``socket.socket``'s Python around it.

    That layer (``makefile``, ``accept``, reference counts) costs a tenth of a check.

    Raises:
        OSError: As the kernel says it (``EMFILE``, ``EAFNOSUPPORT``).
    """
    made = socket.SocketType(family, _STREAM)
    if not _NEVER_BLOCKS:
        made.settimeout(0)
    return made


def begin_connect(connecting: socket.SocketType, to: SocketAddress, source_address: str | None) -> None:
    """Send the SYN, from ``source_address`` (``None``: the kernel's choice); the socket is writable when it is decided.

    Raises:
        OSError: What the kernel decides at once (no route, no free port).
    """
    if source_address is not None:
        connecting.bind((source_address, 0))
    # connect_ex and not connect: the usual answer, EINPROGRESS, would come as an exception.
    number = connecting.connect_ex(to.address)
    if number not in _UNDER_WAY:
        raise OSError(number, os.strerror(number))


def connect_seconds(connected: socket.SocketType, elapsed: float) -> float:
    """Measure a connect by the kernel's round trip of SYN and SYN-ACK, so that our own load never blurs it.

    A repeated SYN costs a second that the round trip hides, so then, and where there is no ``TCP_INFO``, the caller's
    own measure ``elapsed`` (seconds) holds.
    """
    if _TCP_INFO_OPTION is None:
        return elapsed
    info = connected.getsockopt(socket.IPPROTO_TCP, _TCP_INFO_OPTION, _TCP_INFO.size)
    if len(info) < _TCP_INFO.size:
        return elapsed
    round_trip, repeated = _TCP_INFO.unpack(info)
    return elapsed if repeated or not round_trip else round_trip / 1e6


class TcpStream:
    """A socket on the running loop; one coroutine uses it, and every wait ends at once when that is cancelled."""

    __slots__ = ("_arrived", "_broken", "_fd", "_loop", "_over", "_reading", "_socket", "_waiter")

    def __init__(self, made: socket.SocketType) -> None:
        """Take over a non-blocking socket; ``close`` must be called."""
        self._loop = asyncio.get_running_loop()
        self._socket = made
        self._fd = made.fileno()
        self._reading = False
        self._arrived = b""
        self._over = False
        self._waiter: asyncio.Future[None] | None = None
        self._broken: OSError | None = None

    @classmethod
    async def connect(cls, to: SocketAddress, source_address: str | None = None) -> "TcpStream":
        """Open a connection from ``source_address`` (``None``: the kernel's choice).

        Raises:
            OSError: As the kernel says it; nothing stays open then, nor on cancellation.
        """
        stream = cls(open_socket(to.family))
        try:
            await stream._connect(to, source_address)
        except BaseException:
            stream.close()
            raise
        return stream

    async def _connect(self, to: SocketAddress, source_address: str | None) -> None:
        # The PROXY header must leave at once and arrive in one segment (PROXY protocol, section 2).
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin_connect(self._socket, to, source_address)
        await self._writable()
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))

    def endpoints(self) -> Endpoints:
        """Name both ends. Raises ``OSError`` when the connection has gone already."""
        local, remote = self._socket.getsockname(), self._socket.getpeername()
        return Endpoints(local[0], local[1], remote[0], remote[1])

    async def send(self, data: bytes) -> None:
        """Hand the bytes to the kernel in one call, the rest (a full buffer) as it takes them.

        A peer that has gone is no error yet: what it said before is still to be read (postscreen's ``421`` is
        followed by a reset), so the error waits until ``receive`` comes to the end.
        """
        try:
            rest = memoryview(data)[self._write(data) :]
            while rest:
                await self._writable()
                rest = rest[self._write(rest) :]
        except ConnectionError as error:
            self._broken = error

    def _write(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    async def receive(self) -> bytes:
        """Wait for the next bytes; ``b""`` at the end of the stream.

        Raises:
            OSError: As the kernel says it.
        """
        if not self._arrived and not self._over:
            waiter = self._waiter = self._loop.create_future()
            if not self._reading:
                self._loop.add_reader(self._fd, self._readable)
                self._reading = True
            try:
                await waiter
            finally:
                self._waiter = None
        data, self._arrived = self._arrived, b""
        if not data and self._broken is not None:
            raise self._broken
        return data

    def _readable(self) -> None:
        # All there is, to the end: uvloop tells of a reset once, together with the bytes before it, and never again.
        # The reader stays registered from one wait to the next, which saves two calls of epoll_ctl for every answer.
        while len(self._arrived) < RECEIVE_SIZE and not self._over:
            try:
                data = self._socket.recv(RECEIVE_SIZE)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                data, self._broken = b"", error
            self._arrived += data
            self._over = not data
        else:
            self._stop_reading()
        if self._waiter is not None and not self._waiter.done() and (self._arrived or self._over):
            self._waiter.set_result(None)

    def _stop_reading(self) -> None:
        if self._reading:
            self._loop.remove_reader(self._fd)
            self._reading = False

    async def _writable(self) -> None:
        waiter = self._loop.create_future()
        self._loop.add_writer(self._fd, _wake, waiter)
        try:
            await waiter
        finally:
            self._loop.remove_writer(self._fd)

    def finish_sending(self) -> None:
        """Send FIN: nothing more will come from us."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the descriptor back; idempotent."""
        self._stop_reading()
        self._socket.close()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
