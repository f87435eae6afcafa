"""A small mail server on a loopback port, with or without PROXY, that relays or does not; and a client's TLS for it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from monitor.core.conversation import Conversation, DialogueOutcome, Endpoints, Failure, TlsFacts
from monitor.core.model import Node
from monitor.core.observations import Span
from monitor.core.taxonomy import Phase, Reason
from monitor.links.tls import TlsClient
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import decode_v2
from tests.links.certificates import NAME, Authority
from tests.links.peers import Encrypted, serving

ENDS = Endpoints("10.0.20.50", 40001, "10.0.20.101", 30125)
NODE = Node("k8s-node1", "127.0.0.1")
SPAN = Span(1.0, 2.0, 1_000_000.0)
TLS = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 0.0, "ab")
PATIENCE = 0.05
HEADER_BYTES = 28
SYNTAX_ERRORS = b"500 5.5.2 Error: bad syntax\r\n" * 3 + b"221 2.0.0 Bye\r\n"


class Stream(Protocol):
    """What a session reads from and writes to, in plain text or in TLS."""

    async def readline(self) -> bytes:
        """Read to the line's end."""

    def write(self, data: bytes) -> None:
        """Send."""


class Plain:
    """A session's plain text."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take both ends."""
        self.readline = reader.readline
        self.write = writer.write


@dataclass
class MailServer:
    """How the server behaves, and all that it was told."""

    tls: ssl.SSLContext
    proxy: bool = True
    wrapper_mode: bool = False
    answers: Mapping[str, bytes] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    headers: list[ProxyHeader] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        plain = Plain(reader, writer)
        if self.proxy and not await self._header(reader):
            plain.write(b"421 4.3.0 mail.example.org Server local error\r\n")
            return
        stream: Stream = await Encrypted.begin(reader, writer, self.tls) if self.wrapper_mode else plain
        stream.write(f"220 {NAME} ESMTP\r\n".encode())
        while line := (await stream.readline()).decode("latin-1").strip("\r\n"):
            self.heard.append(line)
            verb = line.split(" ", maxsplit=1)[0]
            stream.write(self.answers.get(verb, b"250 2.0.0 Ok\r\n"))
            if verb == "STARTTLS":
                stream = await Encrypted.begin(reader, writer, self.tls)
            if verb == "QUIT":
                break

    async def _header(self, reader: asyncio.StreamReader) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                data = await reader.readexactly(HEADER_BYTES)
        except TimeoutError:
            return False
        if not data.startswith(b"\r\n\r\n\0"):
            return False
        decoded = decode_v2(data)
        assert decoded is not None
        self.headers.append(decoded[0])
        return True


USUAL = {
    "EHLO": b"250-mail.example.org\r\n250 STARTTLS\r\n",
    "STARTTLS": b"220 2.0.0 Ready to start TLS\r\n",
    "RCPT": b"554 5.7.1 <relay-canary@example.net>: Relay access denied\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
}


@asynccontextmanager
async def mail_server(
    directory: Path, *, proxy: bool = True, wrapper_mode: bool = False, **answers: bytes
) -> AsyncIterator[tuple[MailServer, int, TlsClient]]:
    """Serve; gives the server, its port, and a client's TLS for it. ``answers`` by verb, where not the usual."""
    authority = Authority()
    context = authority.issue().server_context(directory)
    server = MailServer(context, proxy, wrapper_mode, USUAL | answers)
    async with serving(server.handle) as port:
        yield server, port, TlsClient(authority.ca_file(directory))


async def stock_postfix(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a header as a stock smtpd does: a banner, syntax errors, and Bye to the QUIT in the signature."""
    writer.write(f"220 {NAME} ESMTP\r\n".encode())
    await reader.read(HEADER_BYTES)
    writer.write(SYNTAX_ERRORS)


def complete(reply: str = "", *, tls: TlsFacts | None = TLS) -> Conversation:
    """Record a conversation that came to its clean end; ``reply`` is what RCPT was answered."""
    outcome = DialogueOutcome("220 mail.example.org ESMTP", proof_reply=reply)
    return Conversation(0.0, 1.0, ENDS, {}, {"banner": 0.1}, tls, outcome, bytes_received=300)


def failed(
    phase: str, reason: str, data: bytes = b"", *, tls: TlsFacts | None = None, heard: int | None = None
) -> Conversation:
    """Record a conversation that failed; a banner was seen where the phase lies beyond it."""
    failure = Failure(Phase(phase), Reason(reason), "words", data)
    marks = {"banner": 0.1} if phase in {"ehlo", "starttls", "proof", "quit"} else {}
    received = len(data) if heard is None else heard
    return Conversation(0.0, 1.0, ENDS, {}, marks, tls, failure=failure, bytes_received=received)
