"""A blocking call in a thread: its result, its end when the time is over, and the connection that is cut for it."""

import socket

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.in_thread import in_thread

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


class Reading:
    """Reads from a peer that says nothing."""

    def __init__(self) -> None:
        """Be connected."""
        self.connection, self._peer = socket.socketpair()

    def read(self) -> bytes:
        """Block until the peer, or somebody else, ends it."""
        with self._peer, self.connection:
            return self.connection.recv(1)


class Unconnected:
    """Has no socket yet."""

    connection = None


async def test_a_result_comes_back() -> None:
    """And an error as well."""
    assert await in_thread(Unconnected(), lambda: 7, 5) == 7
    with pytest.raises(ZeroDivisionError):
        await in_thread(Unconnected(), lambda: 1 // 0, 5)


async def test_a_call_that_blocks_is_cut_off() -> None:
    """The thread ends too, for its socket does."""
    reading = Reading()
    with pytest.raises(LinkError) as caught:
        await in_thread(reading, reading.read, 0.05)
    assert caught.value.reason is Reason.TIMEOUT
