"""Whoever listens for news: each has a queue of its own, and who does not keep up is let go."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

# A browser that is let go comes back by itself, with the number of the last event it has heard.
BACKLOG = 256
MOST_LISTENERS = 64


class Message(NamedTuple):
    """One piece of news: its kind (``event`` or ``status``), its JSON, and the number of an event."""

    kind: str
    data: str
    number: int | None = None


class FeedFullError(Exception):
    """There are as many listeners as there may be, or the daemon is about to end."""


# ``None``: nothing more will come.
Queue = asyncio.Queue[Message | None]


class Feed:
    """Tells every listener; never waits for one."""

    def __init__(self) -> None:
        """Begin without listeners; each is a queue."""
        self.queues: set[Queue] = set()
        self._closed = False

    def __len__(self) -> int:
        """Count the listeners."""
        return len(self.queues)

    def tell(self, message: Message) -> None:
        """Tell all."""
        for queue in tuple(self.queues):
            if queue.full():
                self._let_go(queue)
            else:
                queue.put_nowait(message)

    def close(self) -> None:
        """Let everybody go, and take nobody on any more."""
        self._closed = True
        for queue in tuple(self.queues):
            self._let_go(queue)

    @contextmanager
    def listening(self) -> Iterator[Queue]:
        """Listen for as long as the context lasts.

        Raises:
            FeedFullError: there is no room.
        """
        if self._closed or len(self.queues) >= MOST_LISTENERS:
            raise FeedFullError
        queue: Queue = asyncio.Queue(BACKLOG)
        self.queues.add(queue)
        try:
            yield queue
        finally:
            self.queues.discard(queue)

    def _let_go(self, queue: Queue) -> None:
        self.queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)
