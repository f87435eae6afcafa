"""monitor.links.exchange: peers of every kind, many at once, and what a conversation leaves behind."""

import asyncio
import os
import resource
import ssl
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.conversation import Endpoints, Script, Send
from monitor.core.model import MailProtocol
from monitor.core.taxonomy import Phase, Reason
from monitor.links.tls import TlsClient
from monitor.wire.mail_dialogue import mail_dialogue
from tests.links.dialogues import HEADER, answer, answer_in_tls, converse, failure, silence, smtp, smtps
from tests.links.peers import Handler, descriptors, reset, serving
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("nothing_stays_open")

MANY = 1000

LINES = st.sampled_from(
    [b"220-wait\r\n", b"220 mail\r\n", b"250-mail\r\n", b"250 STARTTLS\r\n", b"221 Bye\r\n", b"421 4.3.2 No\r\n", b"\n"]
)
TURN = st.lists(LINES | st.binary(max_size=64) | st.just(b"\x16\x03\x03\0\x20") | st.just(b"2" * 3000), max_size=4)


def submission(_: Endpoints) -> Script:
    """Speak as to port 587, STARTTLS and all."""
    return mail_dialogue(MailProtocol.SUBMISSION, header=HEADER, helo="mailpath.invalid")


def in_turns(turns: list[list[bytes]], *, in_order: bool) -> Handler:
    """Say something after each of the client's writes, piece by piece, and leave."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for turn in turns:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.005):  # it may be the client that waits
                    await reader.read(4096)
            for piece in turn:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        if not in_order:
            reset(writer)

    return handle


@given(turns=st.lists(TURN, max_size=4), in_order=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_peer_says_there_is_an_end_and_a_reason(
    tls: TlsClient, turns: list[list[bytes]], *, in_order: bool
) -> None:
    """No bytes, however cut, and no way to leave make it raise, hang or leave a descriptor open."""

    async def hold() -> None:
        before = descriptors()
        async with serving(in_turns(turns, in_order=in_order)) as port:
            told = failure(await converse(submission, port, tls=tls, timeout=10.0))
        assert told.reason is not Reason.TIMEOUT
        assert told.phase is not Phase.CONNECT
        assert len(told.data) <= 512
        assert descriptors() <= before

    with asyncio.Runner() as runner:
        runner.run(hold())


async def test_thousands_at_once_share_one_epoll_descriptor() -> None:
    """Each of them comes to its own end; each socket is one descriptor, and there is one more for all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 3 * MANY:
        pytest.fail(f"{hard} descriptors are too few for this test")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        before = descriptors()
        arrived = 0
        all_here = asyncio.Event()
        polling: list[str] = []

        async def together(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal arrived
            arrived += 1
            if arrived == MANY:
                polling.extend(name for name in descriptors() - before if "eventpoll" in name)
                all_here.set()
            await all_here.wait()
            await answer(reader, writer)

        async with serving(together, backlog=MANY) as port:
            ended = await asyncio.gather(*(converse(smtp, port, timeout=60.0) for _ in range(MANY)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [each.failure for each in ended if each.failure is not None] == []
    assert len(polling) == 1
    assert all(each.outcome for each in ended)


async def test_thousands_of_silent_peers_end_at_their_deadlines() -> None:
    """One look serves all that came due."""
    async with serving(silence, backlog=MANY) as port:
        ended = await asyncio.gather(*(converse(smtp, port, timeout=0.3) for _ in range(MANY)))
    assert {failure(each).reason for each in ended} == {Reason.TIMEOUT}
    assert all(0.3 <= each.duration < 30.0 for each in ended)


@pytest.mark.parametrize("left", [0, 1], ids=["none for the socket", "none for the poller"])
async def test_running_out_of_descriptors_is_our_own_error(left: int) -> None:
    """EMFILE says nothing about the peer, and leaves nothing open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with serving(answer) as port:
        before = descriptors()
        with open(os.devnull) as last:  # noqa: ASYNC230, PTH123 - any descriptor will do, it is never read
            resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + 1 + left, hard))
            try:
                told = failure(await converse(smtp, port))
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert descriptors() == before
        assert (await converse(smtp, port)).outcome
    assert (told.phase, told.reason, told.detail) == (Phase.CONNECT, Reason.LOCAL_ERROR, "Too many open files")


async def test_an_end_in_the_moment_of_cancellation_is_borne() -> None:
    """The conversation ends by a bug while its task is being cancelled: the task hears of neither twice."""

    def cancelling(_: Endpoints) -> Script:
        yield Send(b"QUIT\r\n")
        held.cancel()
        raise KeyError("a bug that nobody waits for any more")

    async with serving(answer) as port, asyncio.TaskGroup() as group:
        held = group.create_task(converse(cancelling, port))
    assert held.cancelled()


async def test_a_server_that_left_first_is_answered_by_a_fin(good: ssl.SSLContext, tls: TlsClient) -> None:
    """Its FIN came with the last reply: we close without a reset, in plain text and in TLS."""
    ends: list[object] = []

    def noting(handler: Handler) -> Handler:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await handler(reader, writer)
            writer.write_eof()
            try:
                ends.append(await reader.read())
            except OSError as error:
                ends.append(error)

        return handle

    async with serving(noting(answer)) as port:
        assert (await converse(smtp, port)).outcome
        await until(lambda: bool(ends))
    assert ends == [b""]
    async with serving(noting(answer_in_tls(good))) as port:
        assert (await converse(smtps, port, tls=tls)).outcome
        await until(lambda: len(ends) > 1)
    assert isinstance(ends[1], bytes)  # our close_notify
