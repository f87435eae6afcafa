"""TCP checks, thousands a second: an epoll descriptor of its own under the event loop, joined to it by one reader.

Why not ``loop.sock_connect``: for every connect it makes a future, a handle, two calls of ``epoll_ctl`` and a pass
through the loop, which together cost more than the connect itself. Here the loop wakes once for a whole batch.

Silent mode does what HAProxy does on Linux: with ``TCP_QUICKACK`` off the kernel delays the last ACK of the handshake
(up to 200 ms, TCP_DELACK_MAX), and a close with linger 0 before that sends RST in its place: SYN, SYN-ACK, RST. The
connection never reaches the peer's accept queue, so no application sees it and nothing is logged. It proves that the
peer's kernel listens, and no more.
"""

import asyncio
import errno
import math
import os
import select
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.sweep import Sweep
from monitor.links.tcp import (
    SocketAddress,
    begin_connect,
    connect_seconds,
    known_literal,
    open_socket,
    reason_of,
    reason_of_errno,
    resolve,
    words,
)

# Overdue attempts are looked for at most this often (seconds): one look serves all that came due meanwhile.
SWEEP_GRAIN = 0.02

_QUICKACK: int | None = socket.TCP_QUICKACK if sys.platform == "linux" else None
_CONNECTED = select.EPOLLOUT | select.EPOLLONESHOT if sys.platform == "linux" else 0
_LINGER_0 = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Terms:
    """How connects are made, put together once for many: each ends within ``timeout`` seconds.

    A ``silent`` one is not seen by the peer's application, where the kernel can do that (Linux); others are accepted
    and closed in order. ``source_address`` is ours (``None``: the kernel's choice).
    """

    timeout: float
    silent: bool
    source_address: str | None = None


class ConnectResult(NamedTuple):
    """How a check ended: ``reason`` is ``None`` for success, ``seconds`` the kernel's round trip or the time spent."""

    reason: Reason | None
    seconds: float
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether the peer accepts connections."""
        return self.reason is None

    @property
    def answered(self) -> bool:
        """Whether the address gave any sign of life: a SYN-ACK or a reset."""
        return self.reason in {None, Reason.REFUSED, Reason.RESET}


Done = Callable[[ConnectResult], object]


class Attempt:
    """A connect under way."""

    __slots__ = ("deadline", "done", "socket", "started")

    def __init__(self, connecting: socket.SocketType, started: float, deadline: float, done: Done) -> None:
        """Times are the event loop's."""
        self.socket = connecting
        self.started = started
        self.deadline = deadline
        self.done = done


class Connector:
    """Connects on the running loop, each with a deadline; ``close`` must be called."""

    def __init__(self) -> None:
        """Open the epoll descriptor; where there is none, the loop itself watches each socket.

        Raises:
            OSError: As ``epoll_create(2)`` says it.
        """
        self._loop = asyncio.get_running_loop()
        self._attempts: dict[int, Attempt] = {}
        self._sweep = Sweep(self._loop, self._end_overdue, SWEEP_GRAIN)
        self._closed = False
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            self._loop.add_reader(self._epoll.fileno(), self._reap)

    async def connect(self, address: str, port: int, terms: Terms) -> ConnectResult:
        """Check one address: a literal, or a host name that is looked up within the same timeout."""
        if (to := known_literal(address, port)) is None:
            started, timeout = self._loop.time(), terms.timeout
            try:
                async with asyncio.timeout_at(started + timeout):
                    to = await resolve(address, port)
            except TimeoutError:
                return ConnectResult(Reason.UNREACHABLE, timeout, f"cannot resolve {address} within {timeout:g} s")
            except LinkError as error:
                return ConnectResult(error.reason, self._loop.time() - started, error.detail)
            terms = replace(terms, timeout=timeout - (self._loop.time() - started))
        ended: asyncio.Future[ConnectResult] = self._loop.create_future()
        attempt = self.start(to, terms, partial(_settle, ended))
        try:
            return await ended
        finally:
            self.cancel(attempt)

    def start(self, to: SocketAddress, terms: Terms, done: Done) -> Attempt | None:
        """Begin a connect; ``done`` is called exactly once from the loop, never from in here, unless it is cancelled.

        Returns:
            What ``cancel`` takes; ``None`` when the attempt has failed already.
        """
        started = self._loop.time()
        try:
            connecting = self._begin(to, terms)
        except OSError as error:
            self._loop.call_soon(done, ConnectResult(reason_of(error), 0.0, words(error)))
            return None
        deadline = started + terms.timeout
        attempt = self._attempts[connecting.fileno()] = Attempt(connecting, started, deadline, done)
        if deadline < self._sweep.next:
            self._sweep.by(deadline)
        return attempt

    def _begin(self, to: SocketAddress, terms: Terms) -> socket.SocketType:
        if self._closed:
            raise OSError(errno.ECANCELED, "the connector is closed")
        connecting = open_socket(to.family)
        try:
            if terms.silent and _QUICKACK is not None:
                connecting.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 0)
                connecting.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
            begin_connect(connecting, to, terms.source_address)
            if self._epoll is not None:
                # One event is all we want of it, and close takes it out again: no EPOLL_CTL_DEL is ever needed.
                self._epoll.register(connecting.fileno(), _CONNECTED)
            else:
                self._loop.add_writer(connecting.fileno(), self._writable, connecting.fileno())
        except OSError:
            connecting.close()
            raise
        return connecting

    def cancel(self, attempt: Attempt | None) -> None:
        """Forget an attempt and close its socket; one that the kernel has just decided is told all the same."""
        if attempt is not None and self._attempts.get(attempt.socket.fileno()) is attempt:
            self._forget(attempt)

    def close(self) -> None:
        """End what is under way with ``local_error`` and close every descriptor; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._sweep.stop()
        for attempt in list(self._attempts.values()):
            self._give_up(attempt, Reason.LOCAL_ERROR, "the connector is closed")
        if self._epoll is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _reap(self) -> None:
        """Conclude whatever the kernel has decided since the last time.

        All of the batch is closed, one system call after the other, before anybody is told: the peer, which has to do
        for each of them, is kept awake, and a callback may start an attempt that gets a descriptor just closed.
        """
        if self._epoll is None:
            return
        under_way, now, ended = self._attempts, self._loop.time(), []
        for fd, events in self._epoll.poll(0):
            if fd in under_way:
                attempt = under_way.pop(fd)
                ended.append((attempt, self._conclude(attempt, events, now)))
        for attempt, result in ended:
            self._tell(attempt, result)

    def _writable(self, fd: int) -> None:
        self._loop.remove_writer(fd)
        attempt = self._attempts.pop(fd)
        self._tell(attempt, self._conclude(attempt, 0, self._loop.time()))

    def _conclude(self, attempt: Attempt, events: int, now: float) -> ConnectResult:
        """Read the kernel's decision, its error only where there may be one, for that is a system call; and close."""
        connected, elapsed = attempt.socket, now - attempt.started
        number = 0 if events == select.EPOLLOUT else connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            result = ConnectResult(reason_of_errno(number), elapsed, os.strerror(number))
        else:
            result = ConnectResult(None, connect_seconds(connected, elapsed))
        connected.close()
        return result

    def _give_up(self, attempt: Attempt, reason: Reason, detail: str) -> None:
        self._forget(attempt)
        self._tell(attempt, ConnectResult(reason, self._loop.time() - attempt.started, detail))

    def _forget(self, attempt: Attempt) -> None:
        fd = attempt.socket.fileno()
        del self._attempts[fd]
        if self._epoll is None:
            self._loop.remove_writer(fd)
        attempt.socket.close()

    def _tell(self, attempt: Attempt, result: ConnectResult) -> None:
        try:
            attempt.done(result)
        except Exception as error:  # noqa: BLE001 - one caller's bug must not take the rest of the batch with it
            self._loop.call_exception_handler({"message": "a connector's callback failed", "exception": error})

    def _end_overdue(self) -> float:
        """End what is overdue; what the kernel decided in time counts, however late we come to read it."""
        self._reap()
        now = self._loop.time()
        for attempt in [attempt for attempt in self._attempts.values() if attempt.deadline <= now]:
            if self._attempts.get(attempt.socket.fileno()) is attempt:  # else an earlier callback has cancelled it
                limit = attempt.deadline - attempt.started
                self._give_up(attempt, Reason.TIMEOUT, f"no answer within {limit:.3g} s")
        return min((attempt.deadline for attempt in self._attempts.values()), default=math.inf)


def _settle(ended: asyncio.Future[ConnectResult], result: ConnectResult) -> None:
    if not ended.done():
        ended.set_result(result)
