"""Listen addresses: how they are written, and that they are bound."""

import asyncio
import logging
import socket

import aiohttp
import pytest
from aiohttp import web

from monitor.core.errors import ConfigError
from monitor.publish.listen import ListenAddress, parse_listen_address, serving


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":9641", ListenAddress("", 9641)),
        ("127.0.0.1:0", ListenAddress("127.0.0.1", 0)),
        ("[::1]:9641", ListenAddress("::1", 9641)),
        ("localhost:80", ListenAddress("localhost", 80)),
    ],
)
def test_addresses_read_and_write_alike(text: str, address: ListenAddress) -> None:
    """What was read is written as it was given."""
    assert parse_listen_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (ListenAddress("", 9641), "http://localhost:9641/"),
        (ListenAddress("127.0.0.1", 80), "http://127.0.0.1:80/"),
        (ListenAddress("::1", 9641), "http://[::1]:9641/"),
    ],
)
def test_an_address_as_a_browser_takes_it(address: ListenAddress, url: str) -> None:
    """What listens on every interface is found on this host too."""
    assert address.url("http") == url


@pytest.mark.parametrize("text", ["", "9641", ":", ":http", "::1:9641", "host:65536", "host:-1", "[::1]", "[::1:80"])
def test_other_addresses_are_the_operators_fault(text: str) -> None:
    """The fault shows the flag and the forms that it takes."""
    with pytest.raises(ConfigError, match=r"--web.listen-address=.*expected \[host\]:port"):
        parse_listen_address(text)


async def answers(url: str) -> bool:
    """Ask for a page that does not exist."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status == 404


async def test_several_addresses_are_served_and_their_real_ports_known() -> None:
    """Port 0 becomes the port that was given; afterwards nothing listens."""
    addresses = [ListenAddress("127.0.0.1", 0), ListenAddress("127.0.0.1", 0)]
    async with serving(web.Application(), addresses) as bound:
        assert len({address.port for address in bound} - {0}) == 2
        for address in bound:
            assert await answers(f"http://{address}/")
    with pytest.raises(aiohttp.ClientConnectionError):
        await answers(f"http://{bound[0]}/")


async def test_an_empty_host_is_every_interface() -> None:
    """IPv4 is served, and IPv6 on the same port where the host has it."""
    async with serving(web.Application(), [ListenAddress("", 0)]) as (address,):
        assert await answers(f"http://127.0.0.1:{address.port}/")


async def test_without_ipv6_the_empty_host_is_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without IPv6 is no reason not to start."""
    real = socket.create_server

    def no_ipv6(where: tuple[str, int], *, family: int = socket.AF_INET, **_: object) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return real(where, family=family)

    monkeypatch.setattr(socket, "create_server", no_ipv6)
    async with serving(web.Application(), [ListenAddress("", 0)]) as (address,):
        assert await answers(f"http://127.0.0.1:{address.port}/")


async def test_an_occupied_port_is_the_operators_fault() -> None:
    """Each address that cannot be had is named, and none of the others stays bound."""
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        taken = ListenAddress("127.0.0.1", occupied.getsockname()[1])
        with pytest.raises(ConfigError) as caught:
            async with serving(web.Application(), [ListenAddress("127.0.0.1", 0), taken, taken]):
                pytest.fail("must not be reached")
    assert [str(fault) for fault in caught.value.faults] == [
        f"--web.listen-address={taken}: Address already in use"
    ] * 2


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n"])
async def test_garbage_is_refused_and_not_logged(garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What is no HTTP, or an endless line of it, is answered 400 and leaves no traceback in the log."""
    async with serving(web.Application(), [ListenAddress("127.0.0.1", 0)]) as (address,), asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(garbage)
        assert b" 400 Bad Request" in await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert caplog.records == []


@pytest.mark.parametrize(
    "body", [b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", b"Content-Length: 9\r\n\r\nabc"]
)
async def test_a_body_that_cannot_be_read_is_not_logged(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Neither one that is not packed as it says, nor one whose sender leaves amid it."""
    ended = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        try:
            await request.read()
        finally:
            ended.set()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handler)
    async with serving(app, [ListenAddress("127.0.0.1", 0)]) as (address,), asyncio.timeout(30):
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + body)
        await writer.drain()
        writer.close()
        await ended.wait()
    assert caplog.records == []


async def test_a_bug_of_ours_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a handler is answered 500 and told with its traceback."""

    async def handler(_request: web.Request) -> web.Response:
        raise RuntimeError("unexpected")

    app = web.Application()
    app.router.add_get("/", handler)
    async with (
        serving(app, [ListenAddress("127.0.0.1", 0)]) as (address,),
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}/") as answer,
    ):
        assert answer.status == 500
        assert "unexpected" not in await answer.text()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
