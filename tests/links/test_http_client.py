"""One HTTP request: what comes back, how much of it at most, and how it fails; the URL is in no error."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.http_client import MAX_ANSWER, request
from tests.links.peers import serving

TOKEN = "marked-token"  # noqa: S105 - a mark to search for


@asynccontextmanager
async def answering(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Serve every path by a handler; gives the URL."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


async def test_a_request_and_its_answer() -> None:
    """Method, path, headers, body and credentials arrive; status and body come back."""

    async def echo(asked: web.Request) -> web.Response:
        said = (
            asked.method,
            asked.path_qs,
            asked.headers["api-key"],
            asked.headers["Authorization"],
            await asked.text(),
        )
        return web.Response(status=202, text=" ".join(said))

    async with answering(echo) as url:
        place = url.replace("://", "://user:word@") + "/a?b=c"
        answer = await request("POST", place, within=5, body=b"hello", headers={"api-key": "k"})
    assert answer == (202, b"POST /a?b=c k Basic dXNlcjp3b3Jk hello")


async def test_a_redirect_is_an_answer() -> None:
    """No key is carried to another host."""

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/")

    async with answering(elsewhere) as url:
        assert (await request("GET", url, within=5)).status == 302


async def test_a_long_answer_is_cut() -> None:
    """No answer takes more memory than any sound one."""

    async def endless(asked: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(asked)
        for _ in range(100):
            await response.write(b"x" * 10_000)
        return response

    async with answering(endless) as url:
        assert len((await request("GET", url, within=5)).body) == MAX_ANSWER


async def test_a_slow_answer() -> None:
    """The time is for all of it."""

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    began = time.monotonic()
    async with answering(slow) as url:
        with pytest.raises(LinkError) as caught:
            await request("GET", f"{url}/{TOKEN}", within=0.2)
    assert (caught.value.reason, caught.value.detail) == (Reason.TIMEOUT, "no answer within 0.2 s")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("said", "reason"), [(b"", Reason.CLOSED), (b"220 mail.example.org ESMTP\r\n\r\n", Reason.MALFORMED)]
)
async def test_who_speaks_no_http(said: bytes, reason: Reason) -> None:
    """Closing at once, or another protocol."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    async with serving(speak) as port:
        with pytest.raises(LinkError) as caught:
            await request("GET", f"http://127.0.0.1:{port}/{TOKEN}", within=5)
    assert caught.value.reason is reason
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"http://127.0.0.1:1/{TOKEN}", Reason.REFUSED),
        (f"http://nowhere.invalid/{TOKEN}", Reason.UNREACHABLE),
        (f"http://[::1/{TOKEN}", Reason.MALFORMED),
        (f"gopher://127.0.0.1/{TOKEN}", Reason.MALFORMED),
    ],
)
async def test_who_cannot_be_asked(url: str, reason: Reason) -> None:
    """Each has its reason."""
    with pytest.raises(LinkError) as caught:
        await request("GET", url, within=5)
    assert caught.value.reason is reason
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_certificate_that_nobody_trusts(good: ssl.SSLContext) -> None:
    """A key goes to nobody whose name is not proven."""

    async def speak(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        raise AssertionError("nobody came so far")

    async with serving(speak, good) as port:
        with pytest.raises(LinkError) as caught:
            await request("GET", f"https://127.0.0.1:{port}/{TOKEN}", within=5)
    assert caught.value.reason is Reason.CERTIFICATE_UNTRUSTED
    assert TOKEN not in str(caught.value)


async def test_no_tls_where_it_must_be() -> None:
    """Plain text in place of TLS."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()

    async with serving(speak) as port:
        with pytest.raises(LinkError) as caught:
            await request("GET", f"https://127.0.0.1:{port}/{TOKEN}", within=5)
    assert caught.value.reason is Reason.TLS_ERROR
