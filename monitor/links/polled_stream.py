"""A TCP connection that never waits: every call does what can be done now, and the poller says when more can be.

``TcpStream`` is the same for coroutines, with a future and a visit of the event loop for every wait.
"""

import asyncio
import os
import socket
from contextlib import suppress

from monitor.core.conversation import Endpoints
from monitor.links.poller import BROKEN, HUNG_UP, PEER_LEFT, READABLE, WRITABLE, Polled, Poller
from monitor.links.tcp import RECEIVE_SIZE, SocketAddress, begin_connect, connect_seconds, open_socket

_OVER = BROKEN | HUNG_UP | PEER_LEFT
_TO_READ = READABLE | _OVER


class PolledStream:
    """A socket and what the poller has said of it; after ``open`` must come ``close``."""

    __slots__ = ("_broken", "_drained", "_fd", "_poller", "_seen", "_socket", "_to")

    _socket: socket.SocketType
    _fd: int

    def __init__(self, to: SocketAddress) -> None:
        """Take note of whom to connect to."""
        self._to = to
        self._poller: Poller | None = None
        self._seen = 0
        self._broken: OSError | None = None
        self._drained = False

    def open(self) -> None:
        """Open the socket.

        Raises:
            OSError: As the kernel says it (``EMFILE``, ``EAFNOSUPPORT``).
        """
        self._socket = open_socket(self._to.family)
        self._fd = self._socket.fileno()

    def connect(self, source_address: str | None, loop: asyncio.AbstractEventLoop, polled: Polled) -> None:
        """Send the SYN, from ``source_address`` (``None``: the kernel's choice); ``polled`` gets the events.

        Raises:
            OSError: What the kernel decides at once.
        """
        # The PROXY header must leave at once and arrive in one segment (PROXY protocol, section 2).
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin_connect(self._socket, self._to, source_address)
        poller = Poller.of(loop)
        poller.watch(self._fd, polled, WRITABLE)
        self._poller = poller

    def saw(self, events: int) -> None:
        """Take note of what the poller says; what has been seen stays true until a call of the kernel shows better."""
        self._seen |= events

    def connected(self) -> bool:
        """Whether the connect has come to its good end; to be asked after every event.

        Raises:
            OSError: As the kernel says it.
        """
        if self._seen & _OVER:  # else there is no error to ask for, and that would be a system call
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                raise OSError(number, os.strerror(number))
        return self._seen & (WRITABLE | _OVER) != 0

    def endpoints(self) -> Endpoints:
        """Name both ends: ours as the kernel has chosen it, the other as it was asked for."""
        ours, theirs = self._socket.getsockname(), self._to.address
        return Endpoints._make((ours[0], ours[1], theirs[0], theirs[1]))

    def connect_seconds(self, elapsed: float) -> float:
        """Measure the connect as ``tcp.connect_seconds`` does."""
        return connect_seconds(self._socket, elapsed)

    def write(self, data: bytes | memoryview) -> int:
        """Hand bytes to the kernel in one call; say how many it took: the rest when the socket is writable again.

        A peer that has gone is no error yet: what it said before is still to be read (postscreen's ``421`` is
        followed by a reset), so the bytes count as taken, and the error waits until ``read`` comes to the end.

        Raises:
            OSError: As the kernel says it.
        """
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except ConnectionError as error:
            self._broken = error
            return len(data)

    def read(self) -> bytes | None:
        """Take what has arrived: ``None`` when it is nothing yet, ``b""`` at the end of the stream, again and again.

        The kernel is not asked on the off chance: the poller has said whether there is something, and a read that did
        not fill its buffer has taken all; and where the peer's end was announced before it, nothing but that is left.

        Raises:
            OSError: As the kernel says it.
        """
        seen = self._seen
        if not seen & _TO_READ:
            return None
        if self._drained:
            data = b""
        else:
            try:
                data = self._socket.recv(RECEIVE_SIZE)
            except BlockingIOError:
                self._seen = 0
                return None
            if len(data) < RECEIVE_SIZE:
                self._seen = seen & ~READABLE
                self._drained = seen & _OVER == PEER_LEFT
        if not data:
            self._seen |= PEER_LEFT
            if self._broken is not None:
                raise self._broken
        return data

    def read_up(self) -> bool:
        """Whether nothing is left to read of all that the poller has told of."""
        return not self._seen & _TO_READ

    def peer_left(self) -> bool:
        """Whether the end of what the peer says has arrived, read or not."""
        return self._seen & _OVER != 0

    def finish_sending(self) -> None:
        """Send FIN: nothing more will come from us."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the descriptor back; idempotent."""
        if self._poller is not None:
            self._poller.forget(self._fd)
            self._poller = None
        self._socket.close()
