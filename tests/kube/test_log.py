"""A followed log against a real API server: killed, frozen, restarted; pods and containers replaced, logs rotated."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.kube_log import KubernetesPodLog
from tests.clock import utc_now
from tests.kube.client import Admin
from tests.kube.cluster import Cluster
from tests.kube.kubelet import ContainerLog, Kubelet, Line
from tests.kube.objects import container_status, pod

OLD, NEW = "mailserver-5d8f7c9b6-x2v4q", "mailserver-5d8f7c9b6-z8w2k"
BEGIN = datetime(2026, 3, 1, 10, tzinfo=UTC)
LINES = 100_000
# As many as a very busy server writes in a second; a reconnect asks for all of its last second again.
A_SECOND = 4_000
BLOCK = 250

Disturbance = Callable[["Story"], Coroutine[Any, Any, None]]


def line(number: int) -> Line:
    """Give a line of the mail log, with its stamp; every hundredth says the same as the one before it."""
    stamp = BEGIN + timedelta(seconds=number // A_SECOND)
    nanoseconds = number % A_SECOND * (1_000_000_000 // A_SECOND)
    text = f"postfix/smtpd[{number % 97}]: {number - (number % 100 == 99):06d} connect from unknown[192.0.2.7]"
    return Line(f"{stamp:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z", text.encode())


class Story:
    """A mail server that writes its log whatever happens, and a source that follows it."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        """Start the first pod."""
        self.cluster = cluster
        self.kubelet = kubelet
        self.read: list[bytes] = []
        self.written_at: float | None = None
        self.failures: set[Reason] = set()
        self.number = 0
        self.pod = OLD
        self.restarts = 0
        self.log: ContainerLog = kubelet.start(OLD)
        self.source = KubernetesPodLog(
            "mailserver",
            "app=mailserver",
            "docker-mailserver",
            kubeconfig=cluster.kubeconfig,
            heartbeat=0.2,
            timeout=1.0,
            silence=1.5,
        )

    async def follow(self) -> None:
        """Read for ever, as the daemon does: what is broken is tried again."""
        while True:
            try:
                block = await self.source.read()
            except LinkError as error:
                self.failures.add(error.reason)
                await asyncio.sleep(0.05)
                continue
            self.read += block.data.splitlines()
            if block.written is not None:
                self.written_at = block.written

    async def write(self, count: int) -> None:
        """Write so many lines, about as fast as they can be read."""
        for start in range(self.number, self.number + count, BLOCK):
            await self.log.write(*(line(number) for number in range(start, start + BLOCK)))
            self.number = start + BLOCK
            await asyncio.sleep(0.01)

    async def caught_up(self) -> None:
        """Wait until all that was written has been read."""
        async with asyncio.timeout(30):
            while len(self.read) < self.number:  # noqa: ASYNC110 - what is waited for sets no event
                await asyncio.sleep(0.01)


async def nothing(_: Story) -> None:
    """Disturb nobody."""


async def cut(story: Story) -> None:
    """Cut the streams between API server and kubelet."""
    for _ in range(5):
        await asyncio.sleep(0.05)
        story.kubelet.break_off()


async def kill(story: Story) -> None:
    """Kill the API server, and start another."""
    await asyncio.sleep(0.1)
    await asyncio.to_thread(story.cluster.restart)


async def freeze(story: Story) -> None:
    """Let the API server stand still for longer than the source's patience."""
    await asyncio.sleep(0.1)
    story.cluster.freeze()
    await asyncio.sleep(4.0)
    story.cluster.thaw()


async def rotate(story: Story) -> None:
    """Rotate the log, and cut the stream: who asks anew sees only what was written since."""
    await story.caught_up()
    await story.log.rotate()
    story.kubelet.break_off()


async def restart_container(story: Story) -> None:
    """End the container while nobody can read, and start it anew in its pod."""
    story.cluster.freeze()
    story.kubelet.break_off()
    await story.write(1_000)
    await story.log.end()
    story.cluster.thaw()
    story.restarts += 1
    status = {"containerStatuses": [container_status(restarts=story.restarts)]}
    story.log = story.kubelet.start(story.pod)
    await asyncio.to_thread(story.cluster.admin.patch_status, "Pod", story.pod, status)


async def replace_pod(story: Story) -> None:
    """Let another pod take over; the old one writes its last lines when the new one runs already."""
    status = container_status(restarts=100)
    await asyncio.to_thread(story.cluster.admin.create, pod(NEW, address="10.244.1.8", status=status))
    await story.write(1_000)
    await story.log.end()
    await story.caught_up()
    story.pod, story.log = NEW, story.kubelet.start(NEW)
    await asyncio.to_thread(story.cluster.admin.delete, "Pod", OLD)


@pytest.fixture
async def story(cluster: Cluster, kubelet: Kubelet) -> AsyncIterator[Story]:
    """Give a mail server whose log is followed."""
    await asyncio.to_thread(cluster.admin.create, pod(OLD))
    told = Story(cluster, kubelet)
    # from now on, and not from the first line on
    await told.source.read()
    async with asyncio.TaskGroup() as group:
        following = group.create_task(told.follow())
        yield told
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    await told.source.close()


async def test_no_line_is_lost_and_none_counted_twice(story: Story) -> None:
    """Through every disturbance, a hundred thousand lines arrive once each, in their order; the lag tells the truth."""
    chapters: tuple[Disturbance, ...] = (
        nothing,
        cut,
        kill,
        freeze,
        rotate,
        restart_container,
        kill,
        replace_pod,
        freeze,
        cut,
    )
    for number, disturbance in enumerate(chapters):
        if disturbance in {rotate, restart_container, replace_pod}:
            await disturbance(story)
        else:
            share = LINES * (number + 1) // len(chapters) - story.number
            async with asyncio.TaskGroup() as group:
                group.create_task(story.write(share))
                group.create_task(disturbance(story))
        await story.caught_up()
    await asyncio.sleep(0.5)
    assert story.number == LINES
    assert story.read == [line(number).text for number in range(LINES)]
    assert story.written_at == pytest.approx(BEGIN.timestamp() + (LINES - 1) / A_SECOND, abs=0.001)
    assert Reason.TIMEOUT in story.failures
    # A server that was killed refuses, unless it is back before it is asked again.
    assert story.failures & {Reason.CLOSED, Reason.REFUSED, Reason.RESET}
    assert story.failures <= {Reason.CLOSED, Reason.REFUSED, Reason.RESET, Reason.TIMEOUT, Reason.API_ERROR}
    asked = [query for _, query in story.kubelet.requests]
    assert sum("sinceTime" in query for query in asked) >= 10
    assert sum("previous" in query for query in asked) == 1


async def test_a_frozen_api_server_shows_as_lag(story: Story) -> None:
    """While nothing arrives the time of the newest line stands still; afterwards it is the newest one's again."""
    await story.write(BLOCK)
    await story.caught_up()
    before = story.written_at
    story.cluster.freeze()
    await story.write(BLOCK)
    await asyncio.sleep(0.5)
    assert story.written_at == before
    story.cluster.thaw()
    await story.caught_up()
    assert before is not None
    assert story.written_at is not None
    assert story.written_at > before


async def test_the_past_is_read_once(cluster: Cluster, kubelet: Kubelet, admin: Admin) -> None:
    """Who looks once sees the newest pod's last minutes, as they were written; of a missing pod nothing."""
    source = KubernetesPodLog("mailserver", "app=mailserver", "docker-mailserver", kubeconfig=cluster.kubeconfig)
    try:
        assert await source.past(600.0) == b""
        await asyncio.to_thread(admin.create, pod(OLD))
        now = utc_now()
        await kubelet.start(OLD).write(
            Line(f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%S.%f}000Z", b"an hour ago"),
            Line(f"{now - timedelta(seconds=30):%Y-%m-%dT%H:%M:%S.%f}000Z", b"just now"),
        )
        assert await source.past(600.0) == b"just now\n"
    finally:
        await source.close()


async def test_a_token_that_expires_is_told_and_a_new_one_taken_up(
    cluster: Cluster, kubelet: Kubelet, admin: Admin
) -> None:
    """A refused token is AUTH_FAILED; as soon as the file has another one, the log goes on where it was."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "namespace": "mailserver"}}
    await asyncio.to_thread(admin.apply, account)
    await asyncio.to_thread(admin.create, pod(OLD))
    log = kubelet.start(OLD)
    refused = cluster.write_kubeconfig("reader", {"token": "expired"})
    source = KubernetesPodLog(
        "mailserver", "app=mailserver", "docker-mailserver", kubeconfig=refused, heartbeat=0.1, timeout=2.0
    )
    try:
        with pytest.raises(LinkError) as caught:
            await source.read()
        assert caught.value.reason is Reason.AUTH_FAILED
        cluster.write_kubeconfig("reader", {"token": await asyncio.to_thread(_token, admin, "reader")})
        with pytest.raises(LinkError) as caught:
            await source.read()
        assert caught.value.reason is Reason.PERMISSION_DENIED
        assert "reader" in caught.value.detail
        refused.write_text(cluster.kubeconfig.read_text())
        assert (await source.read()).data == b""
        await log.write(line(0))
        async with asyncio.timeout(30):
            while not (block := await source.read()).data:
                pass
        assert block.data == line(0).text + b"\n"
    finally:
        await source.close()


def _token(admin: Admin, account: str) -> str:
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    path = f"/api/v1/namespaces/mailserver/serviceaccounts/{account}/token"
    return str(admin.call("POST", path, request)["status"]["token"])
