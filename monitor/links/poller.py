"""Sockets in conversation, hundreds at once: an epoll descriptor of its own, joined to the event loop by one reader.

The loop's own ways (a transport, or a future and two calls of ``epoll_ctl`` a wait) cost more than what is said.
Here a socket is registered once, for all that may happen to it, edge-triggered: it tells its news and never repeats
itself, so that nothing is changed until it is closed. ``links/connector.py`` wants one event of each, and is simpler.

The descriptor lives as long as conversations do: the first opens it, the last closes it, and nobody owns it.
"""

import asyncio
import math
import select
from typing import Protocol

from monitor.links.clock import exact_time
from monitor.links.sweep import Sweep

# Of <sys/epoll.h>, and the same on every Linux; ``select`` has the names only where there is an epoll.
READABLE, WRITABLE, BROKEN, HUNG_UP, PEER_LEFT, EDGES = 0x001, 0x004, 0x008, 0x010, 0x2000, 1 << 31
EVERYTHING = READABLE | WRITABLE | PEER_LEFT | EDGES
OVER = 0
TURN = 0x002  # nothing of the kernel's that we ask for: to ``send`` when it is the senders' turn

# Overdue conversations are looked for at most this often (seconds): one look serves all that came due meanwhile.
SWEEP_GRAIN = 0.01


class Polled(Protocol):
    """What waits at a socket until ``deadline`` (seconds of the event loop's clock)."""

    deadline: float

    def ready(self, events: int) -> int:
        """Go on, and say what is waited for next, or ``OVER``. Raises nothing.

        That is ``READABLE``, ``WRITABLE``, or ``TURN``: ``send``, once all others have taken note of what has happened.
        """

    def send(self) -> int:
        """Send, now that it is the senders' turn; answers as ``ready`` does."""

    def expire(self) -> int:
        """Give up, or wait until a later ``deadline``; answers as ``ready`` does, but never has anything to send."""


class Poller:
    """Wakes conversations up; ``Poller.of`` gives a loop's own."""

    _of_loop: dict[asyncio.AbstractEventLoop, "Poller"] = {}  # noqa: RUF012 - one table for all is what it is for

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "Poller":
        """Give a loop's poller, opened now if nobody is in conversation.

        Raises:
            OSError: As ``epoll_create(2)`` says it.
        """
        return cls._of_loop.get(loop) or cls(loop)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Open the descriptor; where there is no epoll, the loop itself watches each socket."""
        self._loop = loop
        self.clock = exact_time(loop)
        self._polled: dict[int, Polled] = {}
        self._sweep = Sweep(loop, self._end_overdue, SWEEP_GRAIN)
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self._reap)

    def watch(self, fd: int, polled: Polled, awaited: int) -> None:
        """Tell ``polled`` of all that happens at a non-blocking socket, until ``forget``.

        Raises:
            OSError: As ``epoll_ctl(2)`` says it; the socket is not watched then.
        """
        try:
            if self._epoll is None:
                self._await(fd, awaited)
            else:
                self._epoll.register(fd, EVERYTHING)
        except OSError:
            if not self._polled:
                self.close()
            raise
        if not self._polled:
            self._of_loop[self._loop] = self
        self._polled[fd] = polled
        if polled.deadline < self._sweep.next:
            self._sweep.by(polled.deadline)

    def forget(self, fd: int) -> None:
        """Watch no longer; to be called before the descriptor is closed. The last one closes the poller's own."""
        del self._polled[fd]
        if self._epoll is None:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
        if not self._polled:
            self.close()

    def close(self) -> None:
        """Give the descriptor back; idempotent."""
        self._sweep.stop()
        if self._epoll is not None and not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
        self._of_loop.pop(self._loop, None)

    def sweep_by(self, deadline: float) -> None:
        """See to it that somebody's new ``deadline`` is looked at."""
        self._sweep.by(deadline)

    def _reap(self) -> None:
        """Pass on what has happened. No conversation begins in here, so no descriptor of the batch is another's.

        First all take note of it, then those that have something to send send it, one right behind the other. A peer
        that sleeps is woken up at our expense: once by this, and not by each of them.
        """
        if self._epoll is not None:
            polled, senders = self._polled, list[Polled]()
            for fd, events in self._epoll.poll(0):
                if fd in polled:
                    one = polled[fd]
                    if one.ready(events) == TURN:
                        senders.append(one)
            for one in senders:
                while one.send() == TURN:
                    pass

    def _await(self, fd: int, awaited: int) -> None:
        """Have the loop tell once of one event: it would repeat itself else, as long as nothing is done about it."""
        if awaited == WRITABLE:
            # How a connect has ended, the loop does not say.
            self._loop.add_writer(fd, self._happened, fd, WRITABLE | BROKEN)
        else:
            self._loop.add_reader(fd, self._happened, fd, READABLE)

    def _happened(self, fd: int, event: int) -> None:
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
        polled = self._polled[fd]
        awaited = polled.ready(event)
        while awaited == TURN:
            awaited = polled.send()
        if awaited:
            self._await(fd, awaited)

    def _end_overdue(self) -> float:
        self._reap()
        now = self.clock()
        for fd, polled in [(fd, polled) for fd, polled in self._polled.items() if polled.deadline <= now]:
            if (awaited := polled.expire()) and self._epoll is None:
                self._await(fd, awaited)
        return min((polled.deadline for polled in self._polled.values()), default=math.inf)
