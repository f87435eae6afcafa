"""monitor.links.polled_stream: what can be done now, and what must wait."""

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from monitor.links.polled_stream import PolledStream
from monitor.links.poller import PEER_LEFT, READABLE, WRITABLE
from monitor.links.tcp import RECEIVE_SIZE, SocketAddress
from tests.links.peers import address_of, descriptors, refusing
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Give a listener."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


class Owner:
    """Passes events on to a stream, as a conversation does."""

    def __init__(self, stream: PolledStream) -> None:
        """Wait a minute at most."""
        self.stream = stream
        self.deadline = time.monotonic() + 60.0

    def ready(self, events: int) -> int:
        """Pass them on."""
        self.stream.saw(events)
        return READABLE

    def send(self) -> int:
        """Never come to that."""
        raise AssertionError("what is written is written by hand here")

    def expire(self) -> int:
        """Never come to that."""
        raise AssertionError("nobody waits so long here")


async def connect(listener: socket.socket) -> tuple[PolledStream, socket.socket]:
    """Give both ends of a connection."""
    stream = PolledStream(address_of(listener))
    stream.open()
    stream.connect(None, asyncio.get_running_loop(), Owner(stream))
    await until(stream.connected)
    return stream, listener.accept()[0]


async def read(stream: PolledStream) -> bytes:
    """Wait for what there is to read."""
    got: list[bytes] = []

    def arrived() -> bool:
        data = stream.read()
        if data is not None:
            got.append(data)
        return data is not None

    await until(arrived)
    return got[0]


async def test_bytes_go_both_ways_and_the_end_is_empty(listener: socket.socket) -> None:
    """What is written arrives, an answer is read, a FIN reads as the empty end, again and again."""
    stream, peer = await connect(listener)
    with closing(stream), peer:
        ends = stream.endpoints()
        assert (ends.local_address, ends.local_port) == peer.getpeername()
        assert (ends.remote_address, ends.remote_port) == listener.getsockname()
        assert 0 < stream.connect_seconds(1.0) < 0.5
        assert stream.read() is None
        assert stream.write(b"NOOP\r\n") == 6
        assert peer.recv(64) == b"NOOP\r\n"
        peer.send(b"250 Ok\r\n")
        assert await read(stream) == b"250 Ok\r\n"
        assert not stream.peer_left()
        peer.close()
        assert [await read(stream), await read(stream)] == [b"", b""]
        assert stream.peer_left()


async def test_what_was_said_before_the_end_is_read_before_it(listener: socket.socket) -> None:
    """Bytes and FIN that arrive at once are told apart, however many reads they take."""
    stream, peer = await connect(listener)
    said = b"2" * (2 * RECEIVE_SIZE + 1)
    with closing(stream):
        peer.sendall(said)
        peer.close()
        heard = b""
        while data := await read(stream):
            heard += data
        assert heard == said


async def test_what_a_peer_said_before_it_reset_is_still_read(listener: socket.socket) -> None:
    """Writing into the reset is no error yet; the error comes after the last words."""
    stream, peer = await connect(listener)
    with closing(stream):
        peer.send(b"421 4.3.2 No system resources\r\n")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        assert [stream.write(b"EHLO mailpath.invalid\r\n"), stream.write(b"QUIT\r\n")] == [23, 6]
        assert await read(stream) == b"421 4.3.2 No system resources\r\n"
        with pytest.raises(ConnectionError):
            await read(stream)


async def test_a_full_buffer_takes_a_part(listener: socket.socket) -> None:
    """The kernel says how much it took, then nothing; and the socket becomes writable again."""
    stream, peer = await connect(listener)
    with closing(stream), peer:
        most = bytes(64 * 1024 * 1024)
        assert 0 < stream.write(most) < len(most)
        while stream.write(most):
            pass
        assert stream.write(most) == 0
        peer.settimeout(5.0)
        while peer.recv(1 << 20) and not stream.write(b"x"):
            pass


async def test_a_promise_that_the_kernel_does_not_keep_is_borne(listener: socket.socket) -> None:
    """Told of bytes that are not there, it waits on."""
    stream, peer = await connect(listener)
    with closing(stream), peer:
        stream.saw(READABLE | PEER_LEFT)
        assert stream.read() is None
        peer.send(b"220 mail\r\n")
        assert await read(stream) == b"220 mail\r\n"


async def test_a_refused_connect_is_raised_and_leaves_nothing_open() -> None:
    """When the kernel has decided, not before."""
    before = descriptors()
    with refusing() as port:
        stream = PolledStream(SocketAddress(socket.AF_INET, ("127.0.0.1", port)))
        stream.open()
        with closing(stream):
            assert not stream.connected()
            stream.connect(None, asyncio.get_running_loop(), Owner(stream))
            with pytest.raises(ConnectionRefusedError):
                await until(stream.connected)
        stream.close()
    assert descriptors() == before


async def test_a_connect_that_fails_at_once_leaves_no_poller_open() -> None:
    """No address of ours, no route."""
    before = descriptors()
    stream = PolledStream(SocketAddress(socket.AF_INET, ("127.0.0.1", 25)))
    stream.open()
    with closing(stream), pytest.raises(OSError, match="Cannot assign"):
        stream.connect("203.0.113.9", asyncio.get_running_loop(), Owner(stream))
    assert descriptors() == before


async def test_our_end_is_told_in_order(listener: socket.socket) -> None:
    """A FIN, and what the peer still says is heard; to tell it twice does no harm."""
    stream, peer = await connect(listener)
    with closing(stream), peer:
        stream.finish_sending()
        assert peer.recv(64) == b""
        peer.send(b"221 Bye\r\n")
        assert await read(stream) == b"221 Bye\r\n"
        stream.finish_sending()
        assert stream.write(b"too late") == 8
        stream.saw(WRITABLE)
        assert stream.read() is None
