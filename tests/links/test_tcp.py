"""monitor.links.tcp: addresses, errors, the kernel's measure, and the stream."""

import asyncio
import errno
import os
import socket

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links import tcp
from tests.links.peers import descriptors, refusing, reset, serving, unanswering
from tests.waiting import until


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ECONNREFUSED, Reason.REFUSED),
        (errno.ECONNRESET, Reason.RESET),
        (errno.EPIPE, Reason.RESET),
        (errno.ENOTCONN, Reason.RESET),
        (errno.ETIMEDOUT, Reason.TIMEOUT),
        (errno.EHOSTUNREACH, Reason.UNREACHABLE),
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.EMFILE, Reason.LOCAL_ERROR),
        (errno.ENFILE, Reason.LOCAL_ERROR),
        (errno.ENOBUFS, Reason.LOCAL_ERROR),
        (errno.EADDRNOTAVAIL, Reason.LOCAL_ERROR),
        (errno.EACCES, Reason.LOCAL_ERROR),
    ],
)
def test_the_kernels_errors_have_their_reasons(number: int, reason: Reason) -> None:
    """An errno means the same whether it comes as a number or as an exception."""
    assert tcp.reason_of(OSError(number, os.strerror(number))) is reason
    assert tcp.reason_of_errno(number) is reason


def test_a_deadline_and_a_resolver_have_their_reasons() -> None:
    """Neither carries an errno of the kernel."""
    assert tcp.reason_of(TimeoutError()) is Reason.TIMEOUT
    assert tcp.reason_of(socket.gaierror(socket.EAI_NONAME, "unknown")) is Reason.UNREACHABLE


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.25", (socket.AF_INET, ("192.0.2.25", 25))),
        ("2001:db8::25", (socket.AF_INET6, ("2001:db8::25", 25, 0, 0))),
        ("mail.example.org", None),
        ("", None),
        ("a" * 70 + ".example.org", None),
    ],
)
def test_a_literal_is_told_from_a_name_without_a_resolver(host: str, expected: object) -> None:
    """Only a name needs the resolver."""
    assert tcp.literal(host, 25) == expected


async def test_a_name_is_resolved_by_the_system() -> None:
    """The first address of the answer is taken."""
    found = await tcp.resolve("localhost", 25)
    assert found.address[0] in {"127.0.0.1", "::1"}


async def test_an_unknown_name_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's own words are kept."""

    async def unknown(*_arguments: object, **_options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(LinkError) as failed:
        await tcp.resolve("nosuch.invalid", 25)
    assert failed.value.reason is Reason.UNREACHABLE
    assert failed.value.detail == "cannot resolve nosuch.invalid: Name or service not known"


async def test_the_kernel_measures_the_connect() -> None:
    """On loopback its round trip is far below the second that our own clock claims here."""
    async with serving(lambda reader, _: reader.read()) as port:
        with socket.create_connection(("127.0.0.1", port)) as connected:
            assert 0 < tcp.connect_seconds(connected, 1.0) < 0.5


@pytest.mark.parametrize("option", [None, socket.TCP_MAXSEG])
async def test_where_the_kernel_does_not_measure_the_clock_does(
    monkeypatch: pytest.MonkeyPatch, option: int | None
) -> None:
    """Without TCP_INFO, or with a shorter one, the caller's measure holds."""
    monkeypatch.setattr(tcp, "_TCP_INFO_OPTION", option)
    async with serving(lambda reader, _: reader.read()) as port:
        with socket.create_connection(("127.0.0.1", port)) as connected:
            assert tcp.connect_seconds(connected, 1.0) == 1.0


class Retransmitted(socket.socket):
    """A socket whose kernel had to repeat the SYN: round trip 20 microseconds, one segment retransmitted."""

    def getsockopt(self, *_arguments: object) -> bytes:  # type: ignore[override]
        """Answer as TCP_INFO would."""
        return bytes(68) + (20).to_bytes(4, "little") + bytes(28) + (1).to_bytes(4, "little")


@pytest.mark.skipif("sys.byteorder != 'little'")
def test_a_repeated_syn_is_not_hidden_by_its_round_trip() -> None:
    """A lost SYN costs a second that only the clock sees."""
    with Retransmitted() as repeated:
        assert tcp.connect_seconds(repeated, 1.02) == 1.02


async def test_bytes_go_both_ways_and_the_end_is_empty() -> None:
    """What is sent comes back, a FIN reads as the empty end, and reading again says so again."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(4))

    async with serving(echo) as port:
        stream = await tcp.TcpStream.connect(tcp.SocketAddress(socket.AF_INET, ("127.0.0.1", port)))
        await stream.send(b"NOOP")
        assert await stream.receive() == b"NOOP"
        assert [await stream.receive(), await stream.receive()] == [b"", b""]
        stream.close()
        stream.close()


async def test_both_ends_are_named_on_ipv6_too() -> None:
    """Endpoints are plain addresses and ports, without flow label and scope."""
    async with serving(lambda reader, _: reader.read(), host="::1") as port:
        stream = await tcp.TcpStream.connect(tcp.SocketAddress(socket.AF_INET6, ("::1", port)), "::1")
        ends = stream.endpoints()
        assert (ends.local_address, ends.remote_address, ends.remote_port) == ("::1", "::1", port)
        assert ends.local_port > 0
        stream.close()


async def test_more_than_the_kernel_takes_at_once_is_sent_all_the_same() -> None:
    """A write that fills the peer's window goes on as the peer reads."""
    size = 8 * 1024 * 1024
    got = 0

    async def count(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal got
        while chunk := await reader.read(65536):
            got += len(chunk)

    async with serving(count) as port:
        stream = await tcp.TcpStream.connect(tcp.SocketAddress(socket.AF_INET, ("127.0.0.1", port)))
        await stream.send(bytes(size))
        stream.finish_sending()
        assert await stream.receive() == b""
        stream.close()
    assert got == size


async def test_what_a_peer_said_before_it_reset_is_still_read() -> None:
    """Writing into the reset is no error yet; the error comes after the last words."""
    gone = asyncio.Event()

    async def turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"421 4.3.2 No system resources\r\n")
        await writer.drain()
        reset(writer)
        gone.set()

    async with serving(turn_away) as port:
        stream = await tcp.TcpStream.connect(tcp.SocketAddress(socket.AF_INET, ("127.0.0.1", port)))
        await stream.send(b"x")
        await gone.wait()
        await asyncio.sleep(0)
        await stream.send(b"EHLO mailpath.invalid\r\n")
        await stream.send(b"QUIT\r\n")
        assert await stream.receive() == b"421 4.3.2 No system resources\r\n"
        with pytest.raises(ConnectionError):
            await stream.receive()
        stream.close()


async def test_a_refused_connect_leaves_nothing_open() -> None:
    """The descriptor is given back before the error is raised."""
    before = descriptors()
    with refusing() as port, pytest.raises(ConnectionRefusedError):
        await tcp.TcpStream.connect(tcp.SocketAddress(socket.AF_INET, ("127.0.0.1", port)))
    assert descriptors() == before


@pytest.mark.parametrize(
    ("host", "source"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("mail.example.org", None), ("255.255.255.255", None)],
)
def test_the_kernel_names_our_address_without_sending(host: str, source: str | None) -> None:
    """As a connection there would have it; a name is not looked up, and where none can be there is none."""
    assert tcp.source_towards(host, 25) == source


async def test_a_connect_that_is_cancelled_leaves_nothing_open() -> None:
    """Waiting for the SYN-ACK ends at once."""
    before = descriptors()
    with unanswering() as port, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await tcp.TcpStream.connect(tcp.SocketAddress(socket.AF_INET, ("127.0.0.1", port)))
    assert descriptors() == before


async def test_bytes_that_nobody_waits_for_stay_in_the_kernel() -> None:
    """A peer that floods costs a bounded memory and no CPU: beyond that the reader unregisters itself."""

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(4 * tcp.RECEIVE_SIZE))
        await reader.read()

    async with serving(flood) as port:
        stream = await tcp.TcpStream.connect(tcp.SocketAddress(socket.AF_INET, ("127.0.0.1", port)))
        received = len(await stream.receive())
        await until(lambda: not stream._reading)  # noqa: SLF001 - what is shown is that nothing shows outside
        while received < 4 * tcp.RECEIVE_SIZE:
            data = await stream.receive()
            assert len(data) < 2 * tcp.RECEIVE_SIZE
            received += len(data)
        assert received == 4 * tcp.RECEIVE_SIZE
        stream.close()
