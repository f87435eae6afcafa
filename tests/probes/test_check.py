"""A check: an open healthcheck NodePort is ok, every other answer says how far it is from that."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from monitor.core.model import Target
from monitor.core.observations import SUCCEEDED, Span
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.links.connector import Connector, ConnectResult, Terms
from monitor.probes.check import Check
from tests import kinds
from tests.links.peers import refusing, serving

TARGET = Target("home", kinds.CHECK, "k8s-node1", "smtp")
TERMS = Terms(timeout=1.0, silent=True)
SPAN = Span(1.0, 2.0, 1_000_000.0)


@pytest.fixture
async def connector() -> AsyncIterator[Connector]:
    """Give an engine of connects."""
    made = Connector()
    yield made
    made.close()


async def test_an_open_port_is_ok(connector: Connector) -> None:
    """With the duration of the connect as the kernel measured it."""

    async def nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        """Say nothing."""

    async with serving(nothing) as port:
        check = Check(TARGET, "127.0.0.1", port, TERMS, connector)
        result = await check.run()
    seen = check.judge(result, SPAN)
    assert (seen.target, seen.judgement, seen.answered) == (TARGET, SUCCEEDED, True)
    assert dict(seen.durations) == {Phase.CONNECT: result.seconds}
    assert (seen.started, seen.finished, seen.at) == SPAN


async def test_without_a_task_it_finds_the_same(connector: Connector) -> None:
    """``begin`` calls back with what ``run`` returns."""
    ended: asyncio.Future[ConnectResult] = asyncio.get_running_loop().create_future()
    with refusing() as port:
        check = Check(TARGET, "127.0.0.1", port, TERMS, connector)
        assert check.by_literal
        check.begin(ended.set_result)
        assert (await ended).reason is Reason.REFUSED
        assert (await check.run()).reason is Reason.REFUSED


async def test_a_name_takes_a_task_to_be_resolved(connector: Connector) -> None:
    """Its resolver must be waited for."""
    check = Check(TARGET, "node.invalid", 30145, TERMS, connector)
    assert not check.by_literal
    with pytest.raises(ValueError, match=r"node\.invalid is a name"):
        check.begin(lambda _: None)


@pytest.mark.parametrize(
    ("reason", "verdict", "answered"),
    [
        (Reason.REFUSED, Verdict.PORT_CLOSED, True),
        (Reason.RESET, Verdict.PORT_CLOSED, True),
        (Reason.TIMEOUT, Verdict.PORT_CLOSED, False),
        (Reason.UNREACHABLE, Verdict.PORT_CLOSED, False),
        # our own kernel's fault says nothing of the port
        (Reason.LOCAL_ERROR, Verdict.UNKNOWN, False),
    ],
)
async def test_a_failed_connect_has_its_verdict(
    connector: Connector, reason: Reason, verdict: Verdict, *, answered: bool
) -> None:
    """A reset is a sign of life, silence is none."""
    seen = Check(TARGET, "127.0.0.1", 1, TERMS, connector).judge(ConnectResult(reason, 1.0, "words"), SPAN)
    assert (seen.judgement.verdict, seen.answered, dict(seen.durations)) == (verdict, answered, {})
    failure = seen.judgement.failure
    assert failure is not None
    assert (failure.phase, failure.reason, failure.detail) == (Phase.CONNECT, reason, "words")
