"""One conversation under way: a script at a socket, driven by the socket's events and no task of the event loop.

It is a generator around the script's generator: where it must wait it yields what for, the poller resumes it with what
has happened, and from one wait to the next all runs straight on.
"""

import asyncio
from collections.abc import Generator
from typing import NamedTuple, assert_never

from monitor.core.conversation import DialogueOutcome, Enter, Mark, Receive, Script, ScriptMaker, Send, StartTls, Step
from monitor.core.errors import KEPT_BYTES, LinkError, WireError
from monitor.core.taxonomy import Phase, Reason
from monitor.links.polled_stream import PolledStream
from monitor.links.poller import OVER, READABLE, TURN, WRITABLE, Poller
from monitor.links.record import Record
from monitor.links.tcp import SocketAddress, reason_of, words
from monitor.links.tls import TlsChannel, TlsClient

MAX_RECEIVED = 256 * 1024
LINGER = 0.5
MAX_LINGERING_READS = 8

Waiting = Generator[int, None, None]
"""Yields ``READABLE``, ``WRITABLE`` or ``TURN``, and is resumed when the stream has been told what has come."""
Receiving = Generator[int, None, bytes]


class Peer(NamedTuple):
    """Whom to speak to, from where (``None``: the kernel's choice), and TLS for when the script asks for it."""

    to: SocketAddress
    source_address: str | None
    tls: TlsClient | None
    server_name: str


class Exchange:
    """Connects, follows a script to its end and hangs up in order; the record tells how it went."""

    __slots__ = ("_channel", "_ended", "_limit", "_over", "_peer", "_record", "_run", "_stream", "_unsent", "deadline")

    def __init__(
        self, make_script: ScriptMaker, peer: Peer, timeout: float, record: Record, over: asyncio.Future[None]
    ) -> None:
        """Begin: send the SYN. ``timeout`` (seconds) counts from the record's start.

        ``over`` gets its result at the end, or the bug that was it; nothing after ``abandon``.
        """
        self._peer = peer
        self._record = record
        self._over = over
        self.deadline = self._limit = record.started + timeout
        self._ended = False
        self._unsent = b""
        self._channel: TlsChannel | None = None
        self._stream = PolledStream(peer.to)
        self._run = self._hold(make_script, timeout)
        self.ready(0)

    def ready(self, events: int) -> int:
        """Go on after an event of the socket (``Polled``)."""
        self._stream.saw(events)
        try:
            awaited = next(self._run, OVER)  # not send(): it would say by an exception that this was the end
        except Exception as bug:  # noqa: BLE001 - it is raised where the conversation was asked for
            self._tell(bug)
            return OVER
        if awaited == OVER:
            self._tell(None)
        return awaited

    def expire(self) -> int:
        """Go on after the deadline (``Polled``)."""
        return self._throw(TimeoutError())

    def _throw(self, error: OSError) -> int:
        try:
            return self._run.throw(error)
        except StopIteration:
            self._tell(None)
        except Exception as bug:  # noqa: BLE001 - as above
            self._tell(bug)
        return OVER

    def abandon(self) -> None:
        """Close the socket at once, wherever the conversation stands; idempotent."""
        self._run.close()

    def _tell(self, bug: Exception | None) -> None:
        if self._over.done():
            return  # cancelled in this very moment
        if bug is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(bug)

    def _hold(self, make_script: ScriptMaker, timeout: float) -> Waiting:
        record, stream = self._record, self._stream
        try:
            stream.open()
            try:
                stream.connect(self._peer.source_address, self._over.get_loop(), self)
                yield WRITABLE
                while not stream.connected():
                    yield WRITABLE
                endpoints = stream.endpoints()
                record.connected(endpoints, stream.connect_seconds)
                try:
                    yield from self._follow(make_script(endpoints))
                except WireError as error:
                    record.fail(error.reason, error.detail, error.data)
                else:
                    if self._channel is not None:
                        self._channel.ended_well()
                yield from self._hang_up()
            finally:
                stream.close()
        except LinkError as error:
            record.fail(error.reason, error.detail)
        except OSError as error:
            record.fail(reason_of(error), words(error) if error.errno else f"after {timeout:g} s")

    def _follow(self, script: Script) -> Waiting:  # noqa: C901, PLR0912 - a branch for each step
        record = self._record
        steps = _to_the_end(script)
        try:
            step = next(steps)
            while True:
                data = b""
                if type(step) is Receive:
                    if step.phase is not None:
                        record.enter(step.phase)
                    if step.said:
                        self._say(step.said)
                    while self._unsent:
                        yield TURN
                    while (heard := self._heard()) is None:
                        yield READABLE
                    record.received(heard)
                    data = heard
                elif type(step) is Enter:
                    record.enter(step.phase)
                elif type(step) is Send:
                    self._say(step.data)
                elif type(step) is Mark:
                    record.mark(step.name)
                elif type(step) is DialogueOutcome:
                    record.complete(step)
                    next(steps, None)  # its end, which close() would bring about by an exception
                    return
                elif type(step) is StartTls:
                    yield from self._drain()
                    record.enter(Phase.TLS_HANDSHAKE)
                    yield from self._start_tls()
                else:
                    assert_never(step)
                step = steps.send(data)
        finally:
            steps.close()

    def _say(self, data: bytes) -> None:
        self._record.sent(data)
        self._unsent += data if self._channel is None else _encrypted(self._channel, data)

    def send(self) -> int:
        """Hand what the script says to the kernel, in one call where it has room (``Polled``)."""
        try:
            written = self._stream.write(self._unsent)
        except OSError as error:
            return self._throw(error)
        self._unsent = self._unsent[written:]
        if self._unsent:
            return WRITABLE
        if self._channel is None and self._stream.read_up():
            return READABLE
        return self.ready(0)  # something has come already, and nothing will tell of it again

    def _send_now(self, data: bytes) -> Waiting:
        self._unsent = data
        yield from self._drain()

    def _drain(self) -> Waiting:
        """Send now, whoever's turn it is; what a full buffer leaves, as it takes it."""
        while self._unsent:
            self._unsent = self._unsent[self._stream.write(self._unsent) :]
            if self._unsent:
                yield WRITABLE

    def _heard(self) -> bytes | None:
        """Take what the script shall see next: ``None`` when it is nothing yet, ``b""`` at the end of the stream."""
        if self._ended:
            raise RuntimeError("a script may not receive again after the end of the stream")
        data = self._read() if self._channel is None else self._decrypted(self._channel)
        if data == b"":
            self._ended = True
        return data

    def _read(self) -> bytes | None:
        """Take the next bytes of the wire, within the bound of a conversation."""
        data = self._stream.read()
        if data:
            self._record.bytes_received += len(data)
            if self._record.bytes_received > MAX_RECEIVED:
                raise WireError(Reason.TOO_LARGE, f"more than {MAX_RECEIVED // 1024} KiB in one conversation", data)
        return data

    def _decrypted(self, channel: TlsChannel) -> bytes | None:
        while (data := channel.decrypt()) is None:
            if not (records := self._read()):
                # Nothing yet, or a close without close_notify: mail servers do it, and the script knows whether it was
                # due.
                return records
            channel.feed(records)
        return data

    def _start_tls(self) -> Waiting:
        """Carry out the handshake on what is connected.

        Raises:
            WireError: What ``TlsChannel.handshake`` raises.
            LinkError: ``closed`` by the peer in the middle of it.
        """
        if self._peer.tls is None:
            raise RuntimeError("a script asked for TLS in a conversation that was given none")
        channel = self._peer.tls.begin(self._peer.server_name, self._peer.to)
        records = b""
        try:
            while (facts := channel.handshake(records)) is None:
                yield from self._send_now(channel.pending())
                while (arrived := self._read()) is None:
                    yield READABLE
                if not (records := arrived):
                    raise LinkError(Reason.CLOSED, "in the middle of the TLS handshake")
        except WireError as error:
            if error.reason is Reason.TLS_PLAINTEXT:
                raise WireError(error.reason, error.detail, (yield from self._whole_line(error.data))) from error
            yield from self._send_now(channel.pending())  # the alert that tells the peer why
            raise
        yield from self._send_now(channel.pending())
        self._channel = channel
        self._record.secured(facts, resumed=channel.resumed)

    def _whole_line(self, begun: bytes) -> Receiving:
        """Wait briefly for the rest of what the peer says in plain text: a reply's code and words tell the cause."""
        self._wait_at_most(LINGER)
        try:
            while b"\n" not in begun and len(begun) < KEPT_BYTES and (more := (yield from self._lingering())):
                begun += more
        except TimeoutError:
            if self.deadline == self._limit:
                raise
        except OSError:
            pass  # gone, and what was said is said
        self.deadline = self._limit
        self._record.received(begun)
        return begun

    def _hang_up(self) -> Waiting:
        """Say goodbye in TLS and in TCP, and give the peer a moment to do the same.

        A close with bytes unread would be a reset, which servers log as a lost connection.
        """
        stream = self._stream
        try:
            if self._unsent:
                yield from self._drain()
            if self._channel is not None or not stream.peer_left():  # else all there is can be read at once
                self._wait_at_most(LINGER)
            if self._channel is not None:
                self._channel.close()
                yield from self._send_now(self._channel.pending())
            if not stream.peer_left():  # else nobody waits for our FIN, and the close brings it
                stream.finish_sending()
            for _ in range(MAX_LINGERING_READS):
                if not (yield from self._lingering()):
                    if not self._ended:
                        self._record.received(b"")
                    return
        except OSError:
            return

    def _lingering(self) -> Receiving:
        """Wait for bytes that are no more than courtesy, outside of all counts."""
        while (data := self._stream.read()) is None:
            yield READABLE
        return data

    def _wait_at_most(self, seconds: float) -> None:
        poller = Poller.of(self._over.get_loop())
        self.deadline = min(self._limit, poller.clock() + seconds)
        poller.sweep_by(self.deadline)


def _encrypted(channel: TlsChannel, data: bytes) -> bytes:
    channel.encrypt(data)
    return channel.pending()


def _to_the_end(script: Script) -> Generator[Step | DialogueOutcome, bytes, None]:
    """Let the outcome be the last of the steps: to catch the exception that it comes with costs more than a step."""
    yield (yield from script)
