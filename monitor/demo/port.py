"""A TCP port as a client may meet it: open, closed or black-holed."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from monitor.engine.tasks import Tasks
from monitor.links.tcp import TcpStream

Serve = Callable[[TcpStream], Awaitable[None]]

BACKLOG = 128
MAX_SESSIONS = 64
SESSION_LIMIT = 60.0
"""Seconds that one connection may last."""


class Port:
    """One port of one host. An open one hands each connection to ``serve``, which may leave by ``OSError``.

    Port 0 is any free one; ``port`` then tells which, once it is open.
    """

    def __init__(self, address: str, port: int, serve: Serve, tasks: Tasks) -> None:
        """Listen to nothing yet."""
        self.address = address
        self.port = port
        self._serve = serve
        self._tasks = tasks
        self._listener: socket.socket | None = None
        self._fillers: list[socket.socket] = []
        self._sessions = 0

    def open(self) -> None:
        """Accept connections.

        Raises:
            OSError: ``EADDRINUSE``: somebody else has it; ``EADDRNOTAVAIL``: this host has no such address.
        """
        self.close()
        self._listener = self._listen(BACKLOG)
        self.port = self._listener.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._accept, self._listener)

    def close(self) -> None:
        """Refuse connections; those under way go on."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        while self._fillers:
            self._fillers.pop().close()

    def silence(self) -> None:
        """Answer nothing, as a host that is down.

        Linux drops a SYN whose listener's accept queue is full (``tcp_conn_request``), and a backlog of 0 is full with
        one connection: our own.
        """
        self.close()
        self._listener = self._listen(0)
        for _ in range(2):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._fillers.append(filler)
            filler.settimeout(0)
            filler.connect_ex((self.address, self.port))

    def _listen(self, backlog: int) -> socket.socket:
        listener = socket.create_server((self.address, self.port), backlog=backlog)
        listener.settimeout(0)
        return listener

    def _accept(self, listener: socket.socket) -> None:
        try:
            accepted, _ = listener.accept()
        except OSError:  # gone before we came to it (ECONNABORTED)
            return
        if self._sessions >= MAX_SESSIONS:
            accepted.close()
            return
        accepted.settimeout(0)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sessions += 1
        stream = TcpStream(accepted)
        task = self._tasks.spawn(f"session at {self.address}:{self.port}", self._session(stream))
        # not in the session: one that is cancelled before its first step would never close its socket
        task.add_done_callback(partial(self._ended, stream))

    async def _session(self, stream: TcpStream) -> None:
        with suppress(OSError):  # the peer's departure, our time limit, and TLS gone wrong
            async with asyncio.timeout(SESSION_LIMIT):
                await self._serve(stream)

    def _ended(self, stream: TcpStream, _task: asyncio.Task[None]) -> None:
        stream.close()
        self._sessions -= 1
