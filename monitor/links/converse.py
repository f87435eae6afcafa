"""Drive a dialogue's script over TCP and TLS to its end, whatever the peer does."""

import asyncio
import time
from contextlib import closing, suppress
from typing import assert_never

from monitor.core.conversation import (
    Conversation,
    DialogueOutcome,
    Enter,
    Mark,
    Receive,
    Script,
    ScriptMaker,
    Send,
    StartTls,
    Step,
)
from monitor.core.errors import KEPT_BYTES, LinkError, WireError
from monitor.core.taxonomy import Phase, Reason
from monitor.links.record import Record
from monitor.links.tcp import TcpStream, reason_of, resolve, words
from monitor.links.tls import TlsChannel, TlsClient

MAX_RECEIVED = 256 * 1024
LINGER = 0.5
MAX_LINGERING_READS = 8


async def converse(  # noqa: PLR0913 - a peer, a deadline, TLS and our own end: each is the caller's to choose
    make_script: ScriptMaker,
    address: str,
    port: int,
    *,
    timeout: float,  # noqa: ASYNC109 - the record must tell which phase the deadline cut short
    tls: TlsClient | None,
    server_name: str,
    source_address: str | None = None,
) -> Conversation:
    """Connect, hold the script's dialogue to its end, hang up in order, and tell what happened.

    ``timeout`` (seconds) bounds all of it, name resolution included. ``bytes_received`` counts the bytes of the wire,
    TLS records included. No failure raises: not the network's, not the peer's, not the deadline's. Whatever is raised
    is a bug, and the socket is closed then too, as on cancellation.
    """
    # The event loop's own clock, read fresh: uvloop's time() stands still for a whole pass, and counts milliseconds.
    record = Record(time.monotonic)
    try:
        async with asyncio.timeout_at(record.started + timeout):
            stream = await TcpStream.connect(await resolve(address, port), source_address)
            with closing(stream):
                endpoints = stream.endpoints()
                record.connected(endpoints, stream.connect_seconds)
                connection = _Connection(stream, record, tls, server_name)
                try:
                    record.complete(await _follow(make_script(endpoints), connection, record))
                except WireError as error:
                    record.fail(error.reason, error.detail, error.data)
                await connection.hang_up()
    except LinkError as error:
        record.fail(error.reason, error.detail)
    except OSError as error:
        record.fail(reason_of(error), words(error) if error.errno else f"after {timeout:g} s")
    return record.conversation()


async def _follow(script: Script, connection: "_Connection", record: Record) -> DialogueOutcome:
    try:
        step = next(script)
        while True:
            step = script.send(await _take(step, connection, record))
    except StopIteration as end:
        outcome: DialogueOutcome = end.value
        return outcome
    finally:
        script.close()


async def _take(step: Step, connection: "_Connection", record: Record) -> bytes:
    """Carry out one step; what it returns resumes the script."""
    match step:
        case Receive():
            return await connection.receive()
        case Send(data):
            await connection.send(data)
        case Enter(phase):
            record.enter(phase)
        case Mark(name):
            record.mark(name)
        case StartTls():
            record.enter(Phase.TLS_HANDSHAKE)
            await connection.start_tls()
        case _:
            assert_never(step)
    return b""


class _Connection:
    """A TCP stream, TLS on top of it from some moment on, and the record of what passes."""

    def __init__(self, stream: TcpStream, record: Record, tls: TlsClient | None, server_name: str) -> None:
        self._stream = stream
        self._record = record
        self._tls = tls
        self._server_name = server_name
        self._channel: TlsChannel | None = None
        self._ended = False

    async def send(self, data: bytes) -> None:
        self._record.sent(data)
        if self._channel is None:
            await self._stream.send(data)
        else:
            self._channel.encrypt(data)
            await self._stream.send(self._channel.pending())

    async def receive(self) -> bytes:
        if self._ended:
            raise RuntimeError("a script may not receive again after the end of the stream")
        data = await (self._next() if self._channel is None else self._decrypted(self._channel))
        self._ended = not data
        self._record.received(data)
        return data

    async def _next(self) -> bytes:
        """Receive from the wire, within the bound of a conversation."""
        data = await self._stream.receive()
        self._record.bytes_received += len(data)
        if self._record.bytes_received > MAX_RECEIVED:
            raise WireError(Reason.TOO_LARGE, f"more than {MAX_RECEIVED // 1024} KiB in one conversation", data)
        return data

    async def _decrypted(self, channel: TlsChannel) -> bytes:
        while (data := channel.decrypt()) is None:
            if not (records := await self._next()):
                return b""  # a close without close_notify: mail servers do it, and the script knows whether it was due
            channel.feed(records)
        return data

    async def start_tls(self) -> None:
        """Carry out the handshake on what is connected.

        Raises:
            WireError: What ``TlsChannel.handshake`` raises.
            LinkError: ``closed`` by the peer in the middle of it.
        """
        if self._tls is None:
            raise RuntimeError("a script asked for TLS in a conversation that was given none")
        channel = self._tls.begin(self._server_name)
        records = b""
        try:
            while (facts := channel.handshake(records)) is None:
                await self._stream.send(channel.pending())
                if not (records := await self._next()):
                    raise LinkError(Reason.CLOSED, "in the middle of the TLS handshake")
        except WireError as error:
            if error.reason is Reason.TLS_PLAINTEXT:
                raise WireError(error.reason, error.detail, await self._whole_line(error.data)) from error
            await self._stream.send(channel.pending())  # the alert that tells the peer why
            raise
        await self._stream.send(channel.pending())
        self._channel = channel
        self._record.secured(facts)

    async def _whole_line(self, begun: bytes) -> bytes:
        """Wait briefly for the rest of what the peer says in plain text: a reply's code and words tell the cause."""
        with suppress(OSError):
            async with asyncio.timeout(LINGER):
                while b"\n" not in begun and len(begun) < KEPT_BYTES and (more := await self._stream.receive()):
                    begun += more
        self._record.received(begun)
        return begun

    async def hang_up(self) -> None:
        """Say goodbye in TLS and in TCP, and give the peer a moment to do the same.

        A close with bytes unread would be a reset, which servers log as a lost connection.
        """
        with suppress(OSError):
            async with asyncio.timeout(LINGER):
                if self._channel is not None:
                    self._channel.close()
                    await self._stream.send(self._channel.pending())
                self._stream.finish_sending()
                for _ in range(MAX_LINGERING_READS):
                    if not await self._stream.receive():
                        if not self._ended:
                            self._record.received(b"")
                        return
