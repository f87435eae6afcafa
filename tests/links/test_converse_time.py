"""monitor.links.converse in virtual time: deadlines and slow servers, to the second, without waiting for them."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from monitor.core.conversation import Conversation, Failure, ScriptMaker
from monitor.core.taxonomy import Phase, Reason
from monitor.links.exchange import LINGER
from monitor.links.tls import TlsClient
from tests.links.dialogues import HEADER, answer, converse, failure, line, silence, smtp, smtps
from tests.links.peers import Handler, serving, unanswering
from tests.virtual_time import run_virtual

PATIENCE = 0.01
TIMEOUT = 20.0
ABOUT = 1e-6


def held(make_script: ScriptMaker, handler: Handler, tls: TlsClient | None = None) -> Conversation:
    """Hold a conversation with a server in virtual time, with the shipped timeout of a handshake."""

    async def hold() -> Conversation:
        async with serving(handler) as port:
            return await converse(make_script, port, timeout=TIMEOUT, tls=tls)

    return run_virtual(hold(), PATIENCE)


def slowly(seconds: float, then: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]) -> Handler:
    """Wait before the first word."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await then(reader, writer)

    return handle


def test_a_silent_server_costs_the_whole_timeout_and_no_more() -> None:
    """The phase that waited has all of the time."""
    conversation = held(smtp, silence)
    assert failure(conversation) == Failure(Phase.GREETING, Reason.TIMEOUT, "after 20 s")
    assert conversation.duration == pytest.approx(TIMEOUT, abs=ABOUT)
    assert conversation.phases[Phase.GREETING] == pytest.approx(TIMEOUT, abs=ABOUT)


def test_an_unanswered_syn_costs_the_whole_timeout() -> None:
    """The failure is the connect's."""

    async def hold() -> Conversation:
        with unanswering() as port:
            return await converse(smtp, port, timeout=TIMEOUT)

    conversation = run_virtual(hold(), PATIENCE)
    assert failure(conversation) == Failure(Phase.CONNECT, Reason.TIMEOUT, "after 20 s")
    assert conversation.phases == {Phase.CONNECT: pytest.approx(TIMEOUT, abs=ABOUT)}


def test_a_slow_greeting_is_the_time_of_its_phase() -> None:
    """As postscreen's wait of six seconds; the other phases take none of it."""
    conversation = held(smtp, slowly(6.0, answer))
    assert conversation.outcome
    assert conversation.phases[Phase.GREETING] == pytest.approx(6.0, abs=ABOUT)
    assert conversation.marks["banner"] == pytest.approx(6.0, abs=ABOUT)
    assert conversation.phases[Phase.EHLO] == pytest.approx(0.0, abs=ABOUT)


def test_a_greeting_within_the_last_second_still_counts() -> None:
    """And one after the deadline does not."""
    assert held(smtp, slowly(TIMEOUT - 0.5, answer)).outcome
    late = held(smtp, slowly(TIMEOUT + 0.5, answer))
    assert failure(late) == Failure(Phase.GREETING, Reason.TIMEOUT, "after 20 s")


def test_no_byte_starts_the_deadline_anew() -> None:
    """A byte a second, for longer than the timeout: cut at the deadline, with what was heard as evidence."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"220 mail.example.org ESMTP Postfix":
            writer.write(bytes([byte]))
            await asyncio.sleep(1.0)

    conversation = held(smtp, drip)
    assert failure(conversation).reason is Reason.TIMEOUT
    assert failure(conversation).data == b"220 mail.example.org"
    assert conversation.duration == pytest.approx(TIMEOUT, abs=ABOUT)
    heard = [at for at, direction, _ in conversation.events if direction == "<"]
    assert [later - earlier for earlier, later in pairwise(heard)] == pytest.approx([1.0] * 19, abs=ABOUT)


def test_a_server_that_never_closes_costs_a_moment_after_the_result() -> None:
    """The moment is no part of the record: it ends with the dialogue."""
    spent: list[float] = []

    async def hold() -> Conversation:
        async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail\r\n")
            await asyncio.get_running_loop().create_future()

        loop = asyncio.get_running_loop()
        async with serving(hang) as port:
            began = loop.time()
            conversation = await converse(lambda _: line(), port, timeout=TIMEOUT)
            spent.append(loop.time() - began)
            return conversation

    conversation = run_virtual(hold(), PATIENCE)
    assert conversation.outcome
    assert conversation.duration == pytest.approx(0.0, abs=ABOUT)
    assert spent == [pytest.approx(LINGER, abs=ABOUT)]


def test_plain_words_without_an_end_in_place_of_tls_are_waited_for_briefly(tls: TlsClient) -> None:
    """The rest of the line never comes: what was said so far is the evidence, long before the deadline."""

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HEADER) + 1)
        writer.write(b"421 4.3.2 No sys")
        await asyncio.get_running_loop().create_future()

    conversation = held(smtps, begin, tls)
    told = failure(conversation)
    assert (told.phase, told.reason, told.data) == (Phase.TLS_HANDSHAKE, Reason.TLS_PLAINTEXT, b"421 4.3.2 No sys")
    assert conversation.duration == pytest.approx(LINGER, abs=ABOUT)


def test_a_tls_server_that_says_nothing_costs_the_whole_timeout(tls: TlsClient) -> None:
    """The handshake's phase has all of the time."""
    conversation = held(smtps, silence, tls)
    assert failure(conversation) == Failure(Phase.TLS_HANDSHAKE, Reason.TIMEOUT, "after 20 s")
    assert conversation.phases[Phase.TLS_HANDSHAKE] == pytest.approx(TIMEOUT, abs=ABOUT)
