"""monitor.links.poller: one descriptor for all, opened by the first and closed by the last."""

import asyncio
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from monitor.links.poller import READABLE, TURN, WRITABLE, Poller
from tests.links.peers import descriptors
from tests.waiting import until


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give two ends of a connection, of which the first does not block."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    with ours, theirs:
        yield ours, theirs


class Noting:
    """Notes what it is told, and waits for more."""

    def __init__(self, seconds: float = 60.0, awaited: int = READABLE) -> None:
        """Wait so long."""
        self.deadline = time.monotonic() + seconds
        self.awaited = awaited
        self.events: list[int] = []
        self.expired: list[float] = []

    def ready(self, events: int) -> int:
        """Note the events."""
        self.events.append(events)
        return self.awaited

    def send(self) -> int:
        """Never come to that."""
        raise AssertionError("nobody here has anything to send")

    def expire(self) -> int:
        """Note the time, and wait another minute."""
        self.expired.append(time.monotonic())
        self.deadline += 60.0
        return self.awaited


@pytest.mark.usefixtures("each_way")
async def test_events_come_until_the_socket_is_forgotten(pair: tuple[socket.socket, socket.socket]) -> None:
    """Writable at first, readable when the peer speaks; then nothing any more, and no descriptor stays."""
    ours, theirs = pair
    before = descriptors()
    noting, poller = Noting(), Poller.of(asyncio.get_running_loop())
    poller.watch(ours.fileno(), noting, WRITABLE)
    await until(lambda: bool(noting.events))
    assert noting.events[0] & WRITABLE
    theirs.send(b"220 mail\r\n")
    await until(lambda: bool(noting.events[-1] & READABLE))
    assert ours.recv(64) == b"220 mail\r\n"
    poller.forget(ours.fileno())
    assert descriptors() == before
    told = len(noting.events)
    theirs.send(b"more\r\n")
    await asyncio.sleep(0.01)
    assert len(noting.events) == told


async def test_an_edge_is_told_once(pair: tuple[socket.socket, socket.socket]) -> None:
    """Bytes that nobody reads cost nothing until more arrive."""
    ours, theirs = pair
    noting, poller = Noting(), Poller.of(asyncio.get_running_loop())
    theirs.send(b"2")
    poller.watch(ours.fileno(), noting, READABLE)
    await until(lambda: bool(noting.events))
    await asyncio.sleep(0.01)
    assert len(noting.events) == 1
    poller.forget(ours.fileno())


async def test_a_loop_has_one_poller_as_long_as_it_is_needed(pair: tuple[socket.socket, socket.socket]) -> None:
    """Conversations at the same time share it."""
    ours, theirs = pair
    loop = asyncio.get_running_loop()
    first = Poller.of(loop)
    first.watch(ours.fileno(), Noting(), WRITABLE)
    assert Poller.of(loop) is first
    first.watch(theirs.fileno(), Noting(), WRITABLE)
    first.forget(ours.fileno())
    assert Poller.of(loop) is first
    first.forget(theirs.fileno())
    second = Poller.of(loop)
    assert second is not first
    second.close()
    second.close()


async def test_a_socket_that_cannot_be_watched_leaves_nothing_open() -> None:
    """What the kernel says of it is raised."""
    before = descriptors()
    poller = Poller.of(asyncio.get_running_loop())
    with open("/dev/null", "rb") as regular, pytest.raises(PermissionError):  # noqa: ASYNC230, PTH123 - never read
        poller.watch(regular.fileno(), Noting(), READABLE)
    assert descriptors() == before


@pytest.mark.usefixtures("each_way")
async def test_each_is_told_of_its_own_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    """Not before it, once, and a deadline that is moved forward later is seen as well."""
    ours, theirs = pair
    poller = Poller.of(asyncio.get_running_loop())
    patient, hasty = Noting(), Noting(0.03)
    due = hasty.deadline
    poller.watch(ours.fileno(), patient, READABLE)
    poller.watch(theirs.fileno(), hasty, READABLE)
    await until(lambda: bool(hasty.expired))
    assert hasty.expired[0] >= due
    assert patient.expired == []
    patient.deadline = time.monotonic() + 0.02
    poller.sweep_by(patient.deadline)
    await until(lambda: bool(patient.expired))
    assert len(hasty.expired) == 1
    poller.forget(ours.fileno())
    poller.forget(theirs.fileno())


class Sending(Noting):
    """Reads what has come, then sends so many times."""

    def __init__(self, name: str, ours: socket.socket, sends: int, order: list[str]) -> None:
        """Note everything in ``order``."""
        super().__init__()
        self.name, self.ours, self.left, self.order = name, ours, sends, order

    def ready(self, _: int) -> int:
        """Read."""
        self.ours.recv(64)
        self.order.append(f"{self.name} told")
        return TURN

    def send(self) -> int:
        """Send: once each time that it is asked."""
        self.order.append(f"{self.name} sends")
        self.left -= 1
        return TURN if self.left else READABLE


@pytest.mark.usefixtures("each_way")
async def test_who_wants_to_send_waits_until_all_have_been_told() -> None:
    """Both take note of what has happened before either sends; then each sends all that it has to."""
    order: list[str] = []
    poller = Poller.of(asyncio.get_running_loop())
    with ExitStack() as stack:
        for name, sends in (("first", 1), ("second", 2)):
            ours, theirs = (stack.enter_context(each) for each in socket.socketpair())
            ours.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            theirs.send(b"220 mail\r\n")
            poller.watch(ours.fileno(), Sending(name, ours, sends, order), READABLE)
            stack.callback(poller.forget, ours.fileno())
        await until(lambda: len(order) >= 5)
    assert sorted(order) == ["first sends", "first told", "second sends", "second sends", "second told"]
    assert order[:2] == ["first told", "second told"] or not hasattr(select, "epoll")  # the loop tells of one at a time
