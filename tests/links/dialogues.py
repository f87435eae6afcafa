"""Dialogues for tests: the scripts of a client, and the servers that answer them."""

import asyncio
import ssl
from typing import Protocol

from monitor.core.conversation import (
    Conversation,
    DialogueOutcome,
    Endpoints,
    Enter,
    Failure,
    Mark,
    Receive,
    Script,
    ScriptMaker,
    Send,
    StartTls,
)
from monitor.core.errors import WireError
from monitor.core.taxonomy import Phase, Reason
from monitor.links import converse as room
from monitor.links.tls import TlsClient
from tests.links.certificates import NAME
from tests.links.peers import Encrypted, Handler

HEADER = b"\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c" + bytes(12)


def line() -> Script:
    """Read one line, as a dialogue of ``wire`` would; the greeting of the outcome is that line."""
    heard = b""
    while not heard.endswith(b"\n"):
        data = yield Receive()
        if not data:
            raise WireError(Reason.CLOSED, "in the middle of a line", heard)
        heard += data
    return DialogueOutcome(greeting=heard.decode("latin-1"))


def smtp(_: Endpoints) -> Script:
    """Greeting, EHLO, QUIT."""
    yield Enter(Phase.GREETING)
    greeting = yield from line()
    yield Mark("banner")
    if not greeting.greeting.startswith("220"):
        raise WireError(Reason.TURNED_AWAY, "not 220", greeting.greeting.encode())
    yield Enter(Phase.EHLO)
    yield Send(b"EHLO mailpath.invalid\r\n")
    yield from line()
    yield Enter(Phase.QUIT)
    yield Send(b"QUIT\r\n")
    yield from line()
    return greeting


def smtps(ends: Endpoints) -> Script:
    """Put a header and TLS before the same dialogue."""
    yield Enter(Phase.PROXY_HEADER)
    yield Send(HEADER)
    yield StartTls()
    return (yield from smtp(ends))


class Reader(Protocol):
    """What a server reads from, in plain text or in TLS."""

    async def readline(self) -> bytes:
        """Read to the line's end."""


class Writer(Protocol):
    """What a server writes to, in plain text or in TLS."""

    def write(self, data: bytes) -> None:
        """Send."""

    async def drain(self) -> None:
        """Wait until it is sent."""


async def answer(reader: Reader, writer: Writer) -> None:
    """Speak SMTP as a good server does: banner, one answer to each line, close after QUIT."""
    writer.write(b"220 mail.example.org ESMTP\r\n")
    while command := await reader.readline():
        writer.write(b"221 2.0.0 Bye\r\n" if command == b"QUIT\r\n" else b"250 mail.example.org\r\n")
        if command == b"QUIT\r\n":
            break


def answer_in_tls(context: ssl.SSLContext) -> Handler:
    """Read a header, then speak SMTP in TLS."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(len(HEADER)) == HEADER
        encrypted = await Encrypted.begin(reader, writer, context)
        await answer(encrypted, encrypted)

    return handle


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Listen and say nothing."""
    await reader.read()
    await asyncio.get_running_loop().create_future()


async def converse(  # noqa: PLR0913 - the settings of a conversation, each with a default here
    make_script: ScriptMaker,
    port: int,
    *,
    timeout: float = 5.0,  # noqa: ASYNC109 - as in the function under test
    tls: TlsClient | None = None,
    address: str = "127.0.0.1",
    source_address: str | None = None,
) -> Conversation:
    """Converse with a loopback peer."""
    return await room.converse(
        make_script, address, port, timeout=timeout, tls=tls, server_name=NAME, source_address=source_address
    )


async def endless(_: asyncio.StreamReader, writer: Writer) -> None:
    """Send without end."""
    while True:
        writer.write(b"2" * 16384)
        await writer.drain()


def failure(conversation: Conversation) -> Failure:
    """Give the failure of a conversation that has one, and therefore no outcome."""
    assert conversation.outcome is None
    assert conversation.failure is not None
    return conversation.failure
