"""monitor.links.converse: a script against real peers, good and bad, and each way to fail."""

import asyncio
import gc
import socket
import ssl
from collections.abc import Callable

import pytest

from monitor.core.conversation import (
    Conversation,
    DialogueOutcome,
    Endpoints,
    Failure,
    Receive,
    Script,
    ScriptMaker,
    Send,
    StartTls,
)
from monitor.core.taxonomy import Phase, Reason
from monitor.links.exchange import MAX_RECEIVED
from monitor.links.tls import TlsClient
from tests.links.dialogues import HEADER, answer, answer_in_tls, converse, endless, failure, line, silence, smtp, smtps
from tests.links.peers import Handler, descriptors, refusing, reset, serving, unanswering

pytestmark = pytest.mark.usefixtures("nothing_stays_open", "each_way")


async def test_a_dialogue_comes_to_its_clean_end() -> None:
    """Outcome, both ends, phases, marks and transcript are all there."""
    async with serving(answer) as port:
        conversation = await converse(smtp, port)
    assert conversation.failure is None
    assert conversation.outcome == DialogueOutcome(greeting="220 mail.example.org ESMTP\r\n")
    assert conversation.endpoints is not None
    assert conversation.endpoints.remote_port == port
    assert list(conversation.phases) == [Phase.CONNECT, Phase.GREETING, Phase.EHLO, Phase.QUIT]
    assert 0 < sum(conversation.phases.values()) <= conversation.duration < 5.0
    assert 0 < conversation.marks["banner"] < conversation.duration
    assert conversation.bytes_received == len(
        b"220 mail.example.org ESMTP\r\n" + b"250 mail.example.org\r\n" + b"221 2.0.0 Bye\r\n"
    )
    shown = [f"{entry.direction} {entry.text}" for entry in conversation.transcript]
    assert shown[0].endswith(f"-> 127.0.0.1:{port}")
    assert shown[1:] == [
        "< 220 mail.example.org ESMTP\\r\\n",
        "> EHLO mailpath.invalid\\r\\n",
        "< 250 mail.example.org\\r\\n",
        "> QUIT\\r\\n",
        "< 221 2.0.0 Bye\\r\\n",
        ". EOF",
    ]


async def test_the_script_learns_both_ends_before_its_first_step() -> None:
    """The header's source port is the socket's own."""
    seen: list[tuple[str, int]] = []
    told: list[Endpoints] = []

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("peername"))
        writer.write(b"220 \r\n")

    def greeted(ends: Endpoints) -> Script:
        told.append(ends)
        return line()

    async with serving(note) as port:
        await converse(greeted, port, source_address="127.0.0.9")
    assert [tuple(ends[:2]) for ends in told] == seen
    assert seen[0][0] == "127.0.0.9"


async def test_the_server_sees_an_orderly_end() -> None:
    """A FIN and no reset, even when the server has said more than the script read."""
    ends: list[object] = []

    async def talkative(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        writer.write(b"and more\r\n" * 100)
        try:
            ends.append(await reader.read())
            writer.write(b"still here\r\n")
            await writer.drain()
        except OSError as error:
            ends.append(error)

    async with serving(talkative) as port:
        assert (await converse(lambda _: line(), port)).outcome
    assert ends == [b""]


async def test_each_send_arrives_as_one_segment() -> None:
    """The PROXY header must be readable whole by one read."""
    reads: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reads.append(await reader.read(4096))
        writer.write(b"220 \r\n")

    def script(_: Endpoints) -> Script:
        yield Send(HEADER)
        return (yield from line())

    async with serving(note) as port:
        await converse(script, port)
    assert reads == [HEADER]


async def test_ipv6_is_spoken_alike() -> None:
    """A server on ::1 is talked to, and named in brackets."""
    async with serving(answer, host="::1") as port:
        conversation = await converse(smtp, port, address="::1")
    assert conversation.outcome
    assert conversation.transcript[0].text.endswith(f"-> [::1]:{port}")


async def test_a_refused_connect_is_told() -> None:
    """The port is closed, the host alive."""
    with refusing() as port:
        conversation = await converse(smtp, port)
    assert failure(conversation) == Failure(Phase.CONNECT, Reason.REFUSED, "Connection refused")
    assert conversation.endpoints is None
    assert list(conversation.phases) == [Phase.CONNECT]


async def test_an_unanswered_connect_ends_at_the_deadline() -> None:
    """No SYN-ACK ever comes."""
    with unanswering() as port:
        conversation = await converse(smtp, port, timeout=0.05)
    assert failure(conversation) == Failure(Phase.CONNECT, Reason.TIMEOUT, "after 0.05 s")
    assert 0.05 <= conversation.duration < 20.0
    assert conversation.transcript[-1].text == "timeout after 0.05 s in connect"


@pytest.mark.parametrize(
    ("address", "source", "reason"),
    [("127.0.0.1", "203.0.113.9", Reason.LOCAL_ERROR), ("255.255.255.255", None, Reason.UNREACHABLE)],
)
async def test_what_the_kernel_refuses_is_told(address: str, source: str | None, reason: Reason) -> None:
    """An address that is not ours to bind, a destination without a route."""
    conversation = await converse(smtp, 25, address=address, source_address=source)
    assert (failure(conversation).phase, failure(conversation).reason) == (Phase.CONNECT, reason)


async def test_an_unknown_name_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's words are the detail."""

    async def unknown(*_arguments: object, **_options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    told = failure(await converse(smtp, 25, address="nosuch.invalid"))
    assert told.reason is Reason.UNREACHABLE
    assert "nosuch.invalid" in told.detail


async def test_a_silent_server_ends_at_the_deadline() -> None:
    """The phase that waited in vain is named, and its time is counted."""
    async with serving(silence) as port:
        conversation = await converse(smtp, port, timeout=0.05)
    assert failure(conversation) == Failure(Phase.GREETING, Reason.TIMEOUT, "after 0.05 s")
    assert conversation.phases[Phase.GREETING] > 0.02
    assert conversation.transcript[-1].text == "timeout after 0.05 s in greeting"


STEPS = {Phase.GREETING: 0, Phase.EHLO: 1, Phase.QUIT: 2}
REPLIES = (b"220 mail.example.org\r\n", b"250 mail.example.org\r\n", b"221 2.0.0 Bye\r\n")


def until_step(step: int, leave: Callable[[asyncio.StreamWriter], object]) -> Handler:
    """Answer as a good server does up to a step, begin the next reply, and leave."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in REPLIES[:step]:
            writer.write(reply)
            await reader.readline()
        writer.write(REPLIES[step][:5])
        await writer.drain()
        leave(writer)

    return handle


@pytest.mark.parametrize(("phase", "step"), STEPS.items())
async def test_an_end_of_stream_at_any_step_reaches_the_script(phase: Phase, step: int) -> None:
    """The script knows whether the end was due; its reason and evidence are told."""
    async with serving(until_step(step, lambda _: None)) as port:
        conversation = await converse(smtp, port)
    assert failure(conversation) == Failure(phase, Reason.CLOSED, "in the middle of a line", REPLIES[step][:5])


@pytest.mark.parametrize(("phase", "step"), STEPS.items())
async def test_a_reset_at_any_step_is_told_with_what_came_before(phase: Phase, step: int) -> None:
    """The bytes of the phase are the evidence."""
    async with serving(until_step(step, reset)) as port:
        conversation = await converse(smtp, port)
    assert failure(conversation) == Failure(phase, Reason.RESET, "Connection reset by peer", REPLIES[step][:5])


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one byte at a time."""
    for reply in REPLIES:
        for byte in reply:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.001)
        await reader.readline()


async def test_a_byte_at_a_time_is_a_dialogue_all_the_same() -> None:
    """Slowness alone is no failure."""
    async with serving(drip) as port:
        assert (await converse(smtp, port)).outcome


async def test_a_byte_at_a_time_does_not_outrun_the_deadline() -> None:
    """The deadline is one for the whole conversation, no byte starts it anew."""
    async with serving(drip) as port:
        conversation = await converse(smtp, port, timeout=0.02)
    assert failure(conversation).reason is Reason.TIMEOUT
    assert conversation.duration < 20.0


async def test_an_endless_answer_is_cut() -> None:
    """A conversation takes in a quarter of a mebibyte and no more."""
    async with serving(endless) as port:
        conversation = await converse(smtp, port)
    told = failure(conversation)
    assert (told.phase, told.reason) == (Phase.GREETING, Reason.TOO_LARGE)
    assert told.data == b"2" * 512
    assert MAX_RECEIVED < conversation.bytes_received <= MAX_RECEIVED + 16384


async def test_the_scripts_complaint_is_the_failure() -> None:
    """Reason, detail and evidence are the script's own, the phase is the running one, and we leave in order."""
    ends: list[object] = []

    async def turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 4.7.0 too many connections\r\n")
        ends.append(await reader.read())

    async with serving(turn_away) as port:
        conversation = await converse(smtp, port)
    assert failure(conversation) == Failure(
        Phase.GREETING, Reason.TURNED_AWAY, "not 220", b"421 4.7.0 too many connections\r\n"
    )
    assert ends == [b""]


async def test_last_words_before_a_reset_are_heard_while_we_write() -> None:
    """The refusal that postscreen sends before it resets is not lost to a failing write."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"421 4.3.2 No system resources\r\n")
        await writer.drain()
        reset(writer)

    def eager(_: Endpoints) -> Script:
        yield Send(b"x")
        assert (yield Receive()).startswith(b"421")
        yield Send(b"y")
        yield Send(b"z")
        yield Receive()
        return DialogueOutcome()

    async with serving(refuse) as port:
        conversation = await converse(eager, port)
    assert failure(conversation).reason in {Reason.RESET, Reason.CLOSED}
    assert failure(conversation).data == b"421 4.3.2 No system resources\r\n"


async def test_the_end_of_the_time_while_hanging_up_is_no_failure() -> None:
    """A server that never closes costs a moment, not the result."""

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        await asyncio.get_running_loop().create_future()

    async with serving(hold) as port:
        conversation = await converse(lambda _: line(), port, timeout=0.5)
    assert conversation.outcome
    assert conversation.duration < 0.5


def bug(_: Endpoints) -> Script:
    """Break in the middle of a dialogue."""
    yield Send(b"EHLO mailpath.invalid\r\n")
    raise KeyError("a bug")


def deaf(_: Endpoints) -> Script:
    """Go on receiving after the end."""
    while True:
        yield Receive()


def secretive(_: Endpoints) -> Script:
    """Ask for TLS where none was given."""
    yield StartTls()
    return DialogueOutcome()


@pytest.mark.parametrize(("make_script", "error"), [(bug, KeyError), (deaf, RuntimeError), (secretive, RuntimeError)])
async def test_a_script_that_breaks_the_rules_is_a_bug(make_script: ScriptMaker, error: type[Exception]) -> None:
    """It propagates; the socket is closed all the same."""
    async with serving(until_step(0, lambda _: None)) as port:
        with pytest.raises(error):
            await converse(make_script, port)


async def cancelled_in(make_script: ScriptMaker, port: int, tls: TlsClient | None = None) -> None:
    """Let a conversation run for a moment, cancel it, and see that it goes at once."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await converse(make_script, port, timeout=60.0, tls=tls)
    assert loop.time() - began < 20.0


def flooding(_: Endpoints) -> Script:
    """Send more than any buffer takes."""
    yield Send(bytes(64 * 1024 * 1024))
    return DialogueOutcome()


async def stand_still(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stop reading, and never close."""
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(b"220 mail\r\n")
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    ("make_script", "handler"),
    [(smtp, silence), (smtps, silence), (flooding, stand_still), (lambda _: line(), stand_still)],
    ids=["receiving", "in the TLS handshake", "sending", "hanging up"],
)
async def test_cancellation_is_prompt_and_leaves_nothing_open(
    tls: TlsClient, make_script: ScriptMaker, handler: Handler
) -> None:
    """At whatever step it comes."""
    async with serving(handler) as port:
        before = len(descriptors())
        await cancelled_in(make_script, port, tls)
        gc.collect()
        assert len(descriptors()) <= before + 1  # the server's end of the connection


async def test_cancellation_while_connecting_leaves_nothing_open() -> None:
    """The SYN is forgotten."""
    with unanswering() as port:
        before = descriptors()
        await cancelled_in(smtp, port)
        assert descriptors() == before


async def test_hundreds_of_conversations_leave_nothing_open(tls: TlsClient, good: ssl.SSLContext) -> None:
    """Good and bad ones, plain and in TLS, at the same time."""
    before = descriptors()
    with refusing() as closed:
        async with (
            serving(answer) as plain,
            serving(answer_in_tls(good)) as encrypted,
            serving(until_step(1, reset)) as rude,
        ):
            ended = await asyncio.gather(
                *(converse(smtp, port) for port in (plain, rude, closed) for _ in range(100)),
                *(converse(smtps, encrypted, tls=tls) for _ in range(30)),
            )
    assert sum(conversation.outcome is not None for conversation in ended) == 130
    gc.collect()
    assert descriptors() <= before


def test_it_runs_on_uvloop_too(tls: TlsClient, good: ssl.SSLContext) -> None:
    """The design does not depend on asyncio's own loop."""
    uvloop = pytest.importorskip("uvloop")

    async def hold() -> Conversation:
        async with serving(answer_in_tls(good)) as port:
            return await converse(smtps, port, tls=tls)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        conversation = runner.run(hold())
    assert conversation.failure is None
