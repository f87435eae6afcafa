"""monitor.links.converse, with TLS on the way: after a header, after STARTTLS, and what comes in its place."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from monitor.core.conversation import (
    DialogueOutcome,
    Endpoints,
    Enter,
    Script,
    Send,
    StartTls,
)
from monitor.core.taxonomy import Phase, Reason
from monitor.links.exchange import MAX_RECEIVED
from monitor.links.record import RESUMED
from monitor.links.tls import TlsClient
from tests.links.certificates import LAST_WEEK, LONG_AGO, Authority
from tests.links.dialogues import HEADER, answer, answer_in_tls, converse, endless, failure, line, silence, smtps
from tests.links.peers import Encrypted, Handler, reset, serving

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


async def test_tls_begins_after_the_header(tls: TlsClient, good: ssl.SSLContext) -> None:
    """The dialogue runs inside TLS, and its facts are told."""
    async with serving(answer_in_tls(good)) as port:
        conversation = await converse(smtps, port, tls=tls)
    assert conversation.failure is None
    assert conversation.tls is not None
    assert conversation.tls.version == "TLSv1.3"
    assert conversation.tls.problem is None
    assert list(conversation.phases) == [
        Phase.CONNECT,
        Phase.PROXY_HEADER,
        Phase.TLS_HANDSHAKE,
        Phase.GREETING,
        Phase.EHLO,
        Phase.QUIT,
    ]
    shown = [entry.text for entry in conversation.transcript]
    assert shown[1] == f"28 bytes: {HEADER.hex()}"
    assert shown[2].startswith("TLS ok TLSv1.3 ")
    assert shown[3] == "220 mail.example.org ESMTP\\r\\n"


async def test_the_second_conversation_resumes_the_session_of_the_first(tls: TlsClient, good: ssl.SSLContext) -> None:
    """Its transcript says so, and its facts are the same."""
    async with serving(answer_in_tls(good)) as port:
        first, second = [await converse(smtps, port, tls=tls) for _ in range(2)]
    assert second.failure is None
    assert second.tls == first.tls
    assert [RESUMED in each.transcript[2].text for each in (first, second)] == [False, True]


async def test_a_conversation_that_fails_leaves_no_session(tls: TlsClient, good: ssl.SSLContext) -> None:
    """If it was the resuming that the server could not bear, it is the last time that it is tried."""

    async def unbearable(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HEADER))
        encrypted = await Encrypted.begin(reader, writer, good)
        if not encrypted.resumed:
            await answer(encrypted, encrypted)

    async with serving(unbearable) as port:
        held = [await converse(smtps, port, tls=tls) for _ in range(3)]
    assert [each.failure and each.failure.reason for each in held] == [None, Reason.CLOSED, None]


async def test_tls_begins_after_starttls(tls: TlsClient, good: ssl.SSLContext) -> None:
    """The same connection goes on encrypted after plain words, and EHLO's time is counted together."""

    async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        for reply in (b"250 STARTTLS\r\n", b"220 2.0.0 Ready to start TLS\r\n"):
            await reader.readline()
            writer.write(reply)
        encrypted = await Encrypted.begin(reader, writer, good)
        await encrypted.readline()
        encrypted.write(b"250 AUTH PLAIN\r\n")

    def submission(_: Endpoints) -> Script:
        yield Enter(Phase.GREETING)
        yield from line()
        yield Enter(Phase.EHLO)
        yield Send(b"EHLO mailpath.invalid\r\n")
        yield from line()
        yield Enter(Phase.STARTTLS)
        yield Send(b"STARTTLS\r\n")
        yield from line()
        yield StartTls()
        yield Enter(Phase.EHLO)
        yield Send(b"EHLO mailpath.invalid\r\n")
        return (yield from line())

    async with serving(upgrade) as port:
        conversation = await converse(submission, port, tls=tls)
    assert conversation.outcome == DialogueOutcome(greeting="250 AUTH PLAIN\r\n")
    assert set(conversation.phases) == {
        Phase.CONNECT,
        Phase.GREETING,
        Phase.EHLO,
        Phase.STARTTLS,
        Phase.TLS_HANDSHAKE,
    }


async def test_a_bad_certificate_is_spoken_with_to_the_end(
    authority: Authority, tls: TlsClient, tmp_path: Path
) -> None:
    """From the first conversation on the server sees a client that leaves in order, and the problem is told."""
    expired = authority.issue(not_before=LONG_AGO, not_after=LAST_WEEK).server_context(tmp_path)
    ends: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer_in_tls(expired)(reader, writer)
            ends.append("in order")
        except ssl.SSLError as error:
            ends.append(error.reason)

    async with serving(handle) as port:
        conversations = [await converse(smtps, port, tls=tls) for _ in range(2)]
    assert ends == ["in order", "in order"]
    for conversation in conversations:
        assert conversation.outcome
        assert conversation.tls is not None
        assert conversation.tls.problem is Reason.CERTIFICATE_EXPIRED
        assert conversation.tls.problem_detail == "certificate has expired"
        assert [line.text for line in conversation.transcript if "certificate_expired" in line.text]


def after_header(act: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]) -> Handler:
    """Read the header and the ClientHello, then do something else than TLS."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HEADER))
        await reader.read(4096)
        await act(reader, writer)

    return handle


@pytest.mark.parametrize(
    "words", [b"421 4.3.0 mail.example.org Server local error\r\n", b"220 mail.example.org ESMTP\r\n"]
)
@pytest.mark.parametrize("leave", [lambda _: None, reset], ids=["close", "reset"])
async def test_plain_words_instead_of_tls_are_kept_whole(
    tls: TlsClient, words: bytes, leave: Callable[[asyncio.StreamWriter], object]
) -> None:
    """Even in pieces and followed by a reset, the line tells what the server thought of our header."""

    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in (words[:2], words[2:]):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        leave(writer)

    async with serving(after_header(speak)) as port:
        conversation = await converse(smtps, port, tls=tls)
    told = failure(conversation)
    assert (told.phase, told.reason, told.data) == (Phase.TLS_HANDSHAKE, Reason.TLS_PLAINTEXT, words)
    assert words.decode().replace("\r\n", "\\r\\n") in [entry.text for entry in conversation.transcript]


async def test_plain_words_before_the_client_hello_are_heard(tls: TlsClient) -> None:
    """A server that refuses the header at once, while we write into its reset, is still understood."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"421 4.3.0 mail Server local error\r\n")
        await writer.drain()
        reset(writer)

    async with serving(refuse) as port:
        told = failure(await converse(smtps, port, tls=tls))
    assert (told.reason, told.data) == (Reason.TLS_PLAINTEXT, b"421 4.3.0 mail Server local error\r\n")


async def leave_at_once(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Close in order."""


async def leave_with_reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close by a reset."""
    reset(writer)


async def noise(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send what is neither TLS nor text."""
    writer.write(b"\0\1\2\3" * 64)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (leave_at_once, Reason.CLOSED),
        (leave_with_reset, Reason.RESET),
        (noise, Reason.TLS_ERROR),
        (silence, Reason.TIMEOUT),
        (endless, Reason.TLS_PLAINTEXT),
    ],
)
async def test_a_handshake_that_does_not_end_has_its_reason(
    tls: TlsClient, act: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]], reason: Reason
) -> None:
    """Whatever the peer does instead of TLS, the phase is tls_handshake."""
    async with serving(after_header(act)) as port:
        told = failure(await converse(smtps, port, tls=tls, timeout=0.3))
    assert (told.phase, told.reason) == (Phase.TLS_HANDSHAKE, reason)


async def test_endless_records_are_cut(tls: TlsClient, good: ssl.SSLContext) -> None:
    """The bound holds inside TLS as well."""

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HEADER))
        await endless(reader, await Encrypted.begin(reader, writer, good))

    async with serving(flood) as port:
        conversation = await converse(smtps, port, tls=tls)
    assert failure(conversation).reason is Reason.TOO_LARGE
    assert conversation.bytes_received <= MAX_RECEIVED + 16384


async def test_a_close_without_close_notify_is_an_end_of_stream(tls: TlsClient, good: ssl.SSLContext) -> None:
    """Mail servers do so; the script knows whether an end was due."""

    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HEADER))
        (await Encrypted.begin(reader, writer, good)).write(b"220 ")

    async with serving(rude) as port:
        told = failure(await converse(smtps, port, tls=tls))
    assert (told.phase, told.reason, told.data) == (Phase.GREETING, Reason.CLOSED, b"220 ")
