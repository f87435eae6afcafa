"""monitor.links.connector: checks, silent and not, and each way to fail."""

import asyncio
import gc
import os
import resource
import select
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from monitor.core.taxonomy import Reason
from monitor.links import connector as room
from monitor.links.connector import Connector, ConnectResult, Terms
from monitor.links.tcp import literal
from tests.links.peers import address_of, descriptors, refusing, unanswering
from tests.waiting import until

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has TCP_QUICKACK")


@asynccontextmanager
async def connecting() -> AsyncIterator[Connector]:
    """Give a connector, and prove that it leaves no descriptor behind."""
    before = descriptors()
    made = Connector()
    try:
        yield made
    finally:
        made.close()
    gc.collect()
    assert descriptors() == before


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Give a listener whose accept queue can be looked into."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as made:
        made.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        yield made


def accepted(listener: socket.socket) -> int:
    """Empty the accept queue and say how many connections were in it."""
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@linux
@pytest.mark.usefixtures("each_way")
async def test_a_silent_check_is_never_accepted(listener: socket.socket) -> None:
    """The kernel answers, and the application's accept queue stays empty: nothing can be logged.

    The kernel puts its ACK off for 40 ms. A machine that takes the processor away for longer has another try.
    """
    port = listener.getsockname()[1]
    async with connecting() as connector:

        async def accepted_of_many() -> int:
            results = await asyncio.gather(
                *(connector.connect("127.0.0.1", port, Terms(3.0, silent=True)) for _ in range(200))
            )
            assert all(result.ok and result.answered for result in results)
            return accepted(listener)

        assert 0 in [await accepted_of_many() for _ in range(5)]
        assert (await connector.connect("127.0.0.1", port, Terms(3.0, silent=False))).ok
        assert accepted(listener) == 1


@pytest.mark.usefixtures("each_way")
async def test_a_check_in_connect_mode_is_accepted_and_closed_in_order(listener: socket.socket) -> None:
    """The application sees a connection and its end, no reset."""
    async with connecting() as connector:
        assert (await connector.connect("127.0.0.1", listener.getsockname()[1], Terms(3.0, silent=False))).ok
        seen, _ = listener.accept()
        with seen:
            assert seen.recv(1) == b""


@pytest.mark.usefixtures("each_way")
async def test_without_quickack_a_silent_check_falls_back_to_connect_mode(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel cannot be silent the check is still made."""
    monkeypatch.setattr(room, "_QUICKACK", None)
    async with connecting() as connector:
        assert (await connector.connect("127.0.0.1", listener.getsockname()[1], Terms(3.0, silent=True))).ok
    assert accepted(listener) == 1


@linux
async def test_the_connect_is_timed_by_the_kernel(listener: socket.socket) -> None:
    """A loop that is blocked for a while blurs the loop's clock, not the figure."""
    async with connecting() as connector:
        ended: list[ConnectResult] = []
        connector.start(address_of(listener), Terms(3.0, silent=True), ended.append)
        select.select([], [], [], 0.25)
        await until(lambda: bool(ended))
        assert 0 < ended[0].seconds < 0.25


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("silent", [True, False])
async def test_a_refused_check_is_an_answer(*, silent: bool) -> None:
    """A reset says that the host is alive and the port closed."""
    with refusing() as port:
        async with connecting() as connector:
            result = await connector.connect("127.0.0.1", port, Terms(3.0, silent=silent))
    assert (result.reason, result.detail) == (Reason.REFUSED, "Connection refused")
    assert result.answered
    assert not result.ok
    assert 0 <= result.seconds < 3.0


@pytest.mark.usefixtures("each_way")
async def test_silence_ends_at_the_deadline() -> None:
    """Each attempt has its own deadline, in whatever order they were begun, and silence is no answer."""
    loop = asyncio.get_running_loop()
    with unanswering() as port:
        async with connecting() as connector:
            order: list[float] = []

            async def check(limit: float) -> ConnectResult:
                begun = loop.time()
                result = await connector.connect("127.0.0.1", port, Terms(limit, silent=True))
                assert limit <= loop.time() - begun < limit + 0.5
                order.append(limit)
                return result

            results = await asyncio.gather(*(check(limit) for limit in (0.15, 0.05, 0.1)))
    assert order == [0.05, 0.1, 0.15]
    assert {result.reason for result in results} == {Reason.TIMEOUT}
    assert results[0].detail == "no answer within 0.15 s"
    assert not any(result.answered for result in results)


async def test_an_answer_in_time_counts_even_when_it_is_read_late(listener: socket.socket) -> None:
    """A loop that was busy beyond the deadline does not turn a living port into a dead one."""
    async with connecting() as connector:
        ended: list[ConnectResult] = []
        connector.start(address_of(listener), Terms(0.01, silent=True), ended.append)
        select.select([], [], [], 0.03)
        connector._sweep.look()  # noqa: SLF001 - loops differ in whether timers or descriptors come first
        assert [result.ok for result in ended] == [True]


@pytest.mark.usefixtures("each_way")
async def test_ipv6_is_checked_alike() -> None:
    """A listener on ::1 is found, and silently."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        listener.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        async with connecting() as connector:
            assert (await connector.connect("::1", listener.getsockname()[1], Terms(3.0, silent=True))).ok
        assert accepted(listener) == 0


async def test_the_source_address_is_bound(listener: socket.socket) -> None:
    """The peer sees the address that was asked for."""
    async with connecting() as connector:
        port = listener.getsockname()[1]
        result = await connector.connect("127.0.0.1", port, Terms(3.0, silent=False, source_address="127.0.0.9"))
        assert result.ok
    seen, peer = listener.accept()
    seen.close()
    assert peer[0] == "127.0.0.9"


@pytest.mark.parametrize(
    ("address", "source", "reason"),
    [
        ("127.0.0.1", "203.0.113.9", Reason.LOCAL_ERROR),  # not an address of ours
        ("255.255.255.255", None, Reason.UNREACHABLE),
    ],
)
async def test_what_the_kernel_refuses_at_once_is_told_from_the_loop(
    address: str, source: str | None, reason: Reason
) -> None:
    """The callback never runs inside ``start``, and nothing is left to cancel."""
    to = literal(address, 25)
    assert to is not None
    async with connecting() as connector:
        ended: list[ConnectResult] = []
        attempt = connector.start(to, Terms(3.0, silent=True, source_address=source), ended.append)
        assert (attempt, ended) == (None, [])
        await asyncio.sleep(0)
        assert [result.reason for result in ended] == [reason]
        connector.cancel(attempt)


async def test_running_out_of_descriptors_is_our_own_error(listener: socket.socket) -> None:
    """EMFILE says nothing about the peer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with connecting() as connector:
        with open(os.devnull) as last:  # noqa: ASYNC230, PTH123 - any descriptor will do, it is never read
            resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), hard))
        try:
            result = await connector.connect("127.0.0.1", listener.getsockname()[1], Terms(3.0, silent=True))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (result.reason, result.detail) == (Reason.LOCAL_ERROR, "Too many open files")


async def test_a_name_is_looked_up(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the resolver finds is checked."""

    async def found(*_arguments: object, **_options: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", listener.getsockname())]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    async with connecting() as connector:
        assert (await connector.connect("node1.example.org", 30145, Terms(3.0, silent=True))).ok


async def test_an_unknown_name_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The detail tells a resolver's failure from a missing route."""

    async def unknown(*_arguments: object, **_options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    async with connecting() as connector:
        result = await connector.connect("nosuch.invalid", 25, Terms(3.0, silent=True))
    assert result.reason is Reason.UNREACHABLE
    assert result.detail == "cannot resolve nosuch.invalid: Name or service not known"


async def test_a_silent_resolver_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lookup is part of the check's time."""

    async def hang(*_arguments: object, **_options: object) -> object:
        return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    async with connecting() as connector:
        result = await connector.connect("slow.example.org", 25, Terms(0.02, silent=True))
    assert result == (Reason.UNREACHABLE, 0.02, "cannot resolve slow.example.org within 0.02 s")


@pytest.mark.usefixtures("each_way")
async def test_a_cancelled_check_leaves_nothing_open() -> None:
    """The waiting coroutine ends at once and its socket is closed while the connector lives on."""
    with unanswering() as port:
        async with connecting() as connector:
            before = descriptors()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await connector.connect("127.0.0.1", port, Terms(60.0, silent=True))
            assert descriptors() == before


@pytest.mark.usefixtures("each_way")
async def test_closing_ends_what_is_under_way() -> None:
    """Whoever waits is told, every descriptor is closed, and nothing new begins."""
    loop = asyncio.get_running_loop()
    with unanswering() as port:
        async with connecting() as connector:
            loop.call_later(0.01, connector.close)
            checks = [connector.connect("127.0.0.1", port, Terms(60.0, silent=True)) for _ in range(3)]
            results = await asyncio.gather(*checks)
            late = await connector.connect("127.0.0.1", port, Terms(60.0, silent=True))
    assert {(result.reason, result.detail) for result in [*results, late]} == {
        (Reason.LOCAL_ERROR, "the connector is closed")
    }


async def test_a_callback_may_start_the_next_check(listener: socket.socket) -> None:
    """A descriptor that is closed and given out again within one batch is not mistaken."""
    async with connecting() as connector:
        ended: list[ConnectResult] = []
        to = address_of(listener)
        all_ended = asyncio.Event()

        def again(result: ConnectResult) -> None:
            ended.append(result)
            if len(ended) <= 300:
                connector.start(to, Terms(3.0, silent=True), again)
            elif len(ended) == 320:
                all_ended.set()

        for _ in range(20):
            connector.start(to, Terms(3.0, silent=True), again)
        await all_ended.wait()
        assert all(result.ok for result in ended)
    assert accepted(listener) == 0


async def test_a_callbacks_bug_is_reported_and_harms_no_other(listener: socket.socket) -> None:
    """The loop's exception handler hears of it; the rest of the batch is told all the same."""
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    bug = ValueError("a bug")

    def broken(_: ConnectResult) -> None:
        raise bug

    async with connecting() as connector:
        ended: list[ConnectResult] = []
        for done in (broken, ended.append):
            connector.start(address_of(listener), Terms(3.0, silent=True), done)
        await until(lambda: bool(ended))
    assert reported == [bug]


async def test_a_callback_may_cancel_what_is_overdue_with_it() -> None:
    """An attempt that another's callback gives up is not told."""
    with unanswering() as port:
        to = literal("127.0.0.1", port)
        assert to is not None
        async with connecting() as connector:
            told: list[str] = []
            first_told = asyncio.Event()

            def first(_: ConnectResult) -> None:
                told.append("first")
                connector.cancel(second)
                first_told.set()

            connector.start(to, Terms(0.02, silent=True), first)
            second = connector.start(to, Terms(0.02, silent=True), lambda _: told.append("second"))
            await first_told.wait()
            await asyncio.sleep(0.03)
    assert told == ["first"]


def test_it_runs_on_uvloop_too(listener: socket.socket) -> None:
    """The design does not depend on asyncio's own loop."""
    uvloop = pytest.importorskip("uvloop")
    port = listener.getsockname()[1]

    async def check() -> ConnectResult:
        async with connecting() as connector:
            return await connector.connect("127.0.0.1", port, Terms(3.0, silent=True))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(check()).ok
    assert accepted(listener) == 0
