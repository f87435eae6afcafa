"""The mail server's end of a connection: its client, PROXY header, lines, TLS in the middle, each within its bound."""

import asyncio
import ssl
from contextlib import suppress
from typing import NamedTuple

from monitor.core.conversation import Endpoints
from monitor.links.tcp import TcpStream
from monitor.wire import proxy
from monitor.wire.proxy_header import ProxyHeader

# RFC 5321 section 4.5.3.1.4 gives a command line 512 bytes; AUTH may need 12288 (RFC 4954), but nobody logs in here.
MAX_LINE = 2048
LINGER = 0.5
_RECORD = 16 * 1024


class ClientGoneError(ConnectionError):
    """The client has left, or sends what no client sends."""


class Client(NamedTuple):
    """A client and where it seems to have connected, by the PROXY header or by the TCP connection itself."""

    address: str
    port: int
    local_address: str
    local_port: int

    def __str__(self) -> str:
        """Write it as smtpd does, which finds no name for any of these addresses."""
        return f"unknown[{self.address}]"

    @property
    def source(self) -> str:
        """Write the client as postscreen does."""
        return f"[{self.address}]:{self.port}"

    @property
    def destination(self) -> str:
        """Write the destination as postscreen does."""
        return f"[{self.local_address}]:{self.local_port}"


class Connection:
    """Reads and writes one accepted connection; every wait ends in ``ClientGoneError`` when the client leaves."""

    def __init__(self, stream: TcpStream) -> None:
        """Serve an accepted stream; whoever accepted it closes it."""
        self._stream = stream
        self._unread = bytearray()
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None

    @property
    def endpoints(self) -> Endpoints:
        """Both ends, as the kernel names them."""
        return self._stream.endpoints()

    @property
    def unread(self) -> bytes:
        """What has arrived and was not asked for yet."""
        return bytes(self._unread)

    @property
    def encrypted(self) -> bool:
        """Whether TLS is there."""
        return self._tls is not None

    @property
    def cipher(self) -> str:
        """TLS version and cipher in the words of Postfix's log line."""
        name, _, bits = (self._tls.cipher() if self._tls else None) or ("none", "", 0)
        version = self._tls.version() if self._tls else None
        return f"{version} with cipher {name} ({bits}/{bits} bits)"

    async def header(self) -> ProxyHeader:
        """Read the PROXY header, of either version.

        Raises:
            ProxyHeaderError: It is not one.
        """
        while (decoded := proxy.decode(self.unread)) is None:
            await self._more()
        header, size = decoded
        del self._unread[:size]
        return header

    async def line(self) -> str:
        """Read the next line, without its end; Latin-1, so that any bytes will do."""
        while (end := self._unread.find(b"\n", 0, MAX_LINE)) < 0:
            if len(self._unread) >= MAX_LINE:
                raise ClientGoneError("an endless line")
            await self._more()
        line = self._unread[:end].decode("latin-1")
        del self._unread[: end + 1]
        return line.removesuffix("\r")

    async def speaks_within(self, seconds: float) -> bool:
        """Wait so long for the client to say anything; the words stay unread."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._unread:
                    await self._more()
        return bool(self._unread)

    async def send(self, *lines: str) -> None:
        """Send lines in one write."""
        data = "".join(f"{line}\r\n" for line in lines).encode("ascii", "replace")
        if self._tls is None:
            await self._stream.send(data)
        else:
            self._tls.write(data)
            await self._flush()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Put TLS on top; what is unread belongs to it.

        Raises:
            ssl.SSLError: The handshake failed. No alert is sent for a peer that does not speak TLS at all.
        """
        self._incoming.write(self.unread)
        self._unread.clear()
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._receive())
            else:
                break
        await self._flush()
        self._tls = tls

    def forget_unread(self) -> None:
        """Drop what came before TLS: it must not be taken for something that came through it (CVE-2011-0411)."""
        self._unread.clear()

    async def hang_up(self) -> None:
        """Close TLS and TCP cleanly; wait a moment for the client's own, or the close would be a reset."""
        with suppress(OSError):
            async with asyncio.timeout(LINGER):
                if self._tls is not None:
                    with suppress(ssl.SSLError):
                        self._tls.unwrap()
                    await self._flush()
                self._stream.finish_sending()
                while await self._stream.receive():
                    pass

    async def _more(self) -> None:
        self._unread += await (self._receive() if self._tls is None else self._decrypted(self._tls))

    async def _receive(self) -> bytes:
        try:
            data = await self._stream.receive()
        except OSError as error:
            raise ClientGoneError(str(error)) from error
        if not data:
            raise ClientGoneError("end of stream")
        return data

    async def _decrypted(self, tls: ssl.SSLObject) -> bytes:
        while True:
            try:
                data = tls.read(_RECORD)
            except ssl.SSLWantReadError:
                self._incoming.write(await self._receive())
            except ssl.SSLError as error:
                raise ClientGoneError(str(error)) from error
            else:
                if not data:
                    raise ClientGoneError("end of TLS")
                return data

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._stream.send(self._outgoing.read())
