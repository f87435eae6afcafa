"""A container's log through the API: followed, broken off, taken up again, and on to the next pod."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.kube_cursor import Cursor
from monitor.links.kube_log import Instance, KubernetesPodLog, Leg, instances, plan
from monitor.links.log_source import LINE_LIMIT, Position
from tests.links.kube_server import KubeServer, Pod, stamped


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[KubeServer]:
    """Give an API server with one mail pod."""
    async with KubeServer(tmp_path) as running:
        running.pods.append(Pod("mail-1"))
        yield running


def _follow(server: KubeServer, *, position: Position | None = None, silence: float = 60.0) -> KubernetesPodLog:
    return KubernetesPodLog(
        "mailserver",
        "app=mailserver",
        "mail",
        kubeconfig=server.kubeconfig,
        position=position,
        heartbeat=0.05,
        timeout=10.0,
        silence=silence,
    )


@pytest.fixture
async def source(server: KubeServer) -> AsyncIterator[KubernetesPodLog]:
    """Give a source that has begun to follow."""
    made = _follow(server)
    assert (await made.read()).data == b""
    yield made
    await made.close()


async def _lines(source: KubernetesPodLog, count: int) -> bytes:
    """Read that many lines, through any error, and whatever comes with the next heartbeat."""
    data = b""
    async with asyncio.timeout(30):
        while data.count(b"\n") < count:
            with contextlib.suppress(LinkError):
                data += (await source.read()).data
    with contextlib.suppress(LinkError):
        data += (await source.read()).data
    return data


async def _failure(source: KubernetesPodLog) -> LinkError:
    for _ in range(5):
        try:
            await source.read()
        except LinkError as error:
            return error
    pytest.fail("no error")


async def test_it_begins_with_new_lines(server: KubeServer) -> None:
    """What was logged before is not read; what comes is, without stamps, with its time."""
    await server.pods[0].log.write(stamped(1, 0, "old"))
    source = _follow(server)
    await source.read()
    await server.pods[0].log.write(stamped(2, 500_000_000, "new"))
    block = await source.read()
    assert (block.data, block.written) == (b"new\n", 1772359202.5)
    await source.close()


async def test_silence_is_a_heartbeat(source: KubernetesPodLog) -> None:
    """Without any line an empty block comes after the heartbeat."""
    assert (await source.read()).data == b""


async def test_the_right_log_is_asked_for(server: KubeServer, source: KubernetesPodLog) -> None:
    """Pods are found by the selector, and the container's log is followed with stamps."""
    (pods, selection, _), (log, query, _) = server.requests
    assert pods == "/api/v1/namespaces/mailserver/pods"
    assert selection["labelSelector"] == "app=mailserver"
    assert log == "/api/v1/namespaces/mailserver/pods/mail-1/log"
    assert query == {"container": "mail", "timestamps": "true", "follow": "true", "sinceSeconds": "1"}
    assert source.name == "kubernetes"


async def test_nothing_is_lost_or_doubled_at_the_seam(server: KubeServer, source: KubernetesPodLog) -> None:
    """When the API breaks off and comes back, the lines of the last second are not handed on again."""
    log = server.pods[0].log
    await log.write(stamped(1, 1, "a"), stamped(1, 2, "b"))
    assert await _lines(source, 2) == b"a\nb\n"
    server.break_off()
    await log.write(stamped(1, 3, "c"), stamped(2, 0, "d"))
    assert await _lines(source, 2) == b"c\nd\n"
    assert server.requests[-1][1]["sinceTime"] == "2026-03-01T10:00:01Z"


async def test_an_unfinished_line_comes_again_whole(server: KubeServer, source: KubernetesPodLog) -> None:
    """Half a line, received before the connection broke, is not half of another one."""
    log = server.pods[0].log
    await log.write(stamped(1, 1, "a"), stamped(1, 2, "begun")[:-3])
    assert await _lines(source, 1) == b"a\n"
    server.break_off()
    log.lines[1:] = [stamped(1, 2, "begun")]
    assert await _lines(source, 1) == b"begun\n"


async def test_an_api_that_is_away_is_told_and_found_again(server: KubeServer, source: KubernetesPodLog) -> None:
    """While the API server is down each read says so; then the log goes on where it was."""
    log = server.pods[0].log
    await log.write(stamped(1, 1, "a"))
    await _lines(source, 1)
    await server.__aexit__()
    await _failure(source)
    assert (await _failure(source)).reason is Reason.REFUSED
    await log.write(stamped(1, 2, "b"))
    async with server:
        assert await _lines(source, 1) == b"b\n"
        await source.close()


async def test_a_replaced_pod(server: KubeServer, source: KubernetesPodLog) -> None:
    """The old pod's log is read to its end, then the new pod's from its start."""
    old, new = server.pods[0], Pod("mail-2", created="2026-03-01T10:00:00Z")
    await old.log.write(stamped(1, 0, "old"))
    assert await _lines(source, 1) == b"old\n"
    await new.log.write(stamped(3, 0, "new"))
    server.pods.append(new)
    old.deleted = True
    await old.log.write(stamped(2, 0, "last words"))
    await old.log.end()
    assert await _lines(source, 2) == b"last words\nnew\n"


async def test_the_rest_of_a_pod_that_is_no_longer_followed(server: KubeServer, source: KubernetesPodLog) -> None:
    """If the connection broke before the change, what the old pod still said is fetched first."""
    old, new = server.pods[0], Pod("mail-2", created="2026-03-01T10:00:00Z")
    await old.log.write(stamped(1, 0, "old"))
    await _lines(source, 1)
    server.break_off()
    await old.log.write(stamped(1, 5, "last words"))
    await new.log.write(stamped(1, 1, "new"))
    server.pods.append(new)
    assert await _lines(source, 2) == b"last words\nnew\n"


async def test_a_pod_that_is_gone_altogether(server: KubeServer, source: KubernetesPodLog) -> None:
    """A deleted pod's rest is lost, and the new one is read from its start."""
    await server.pods[0].log.write(stamped(5, 0, "old"))
    await _lines(source, 1)
    server.break_off()
    new = Pod("mail-2")
    await new.log.write(stamped(1, 0, "new"))
    server.pods[:] = [new]
    assert await _lines(source, 1) == b"new\n"


async def test_a_pod_that_goes_between_list_and_log(server: KubeServer, source: KubernetesPodLog) -> None:
    """A rest that cannot be had is left out, not waited for."""
    old, new = server.pods[0], Pod("mail-2", created="2026-03-01T10:00:00Z")
    await old.log.write(stamped(1, 0, "old"))
    await _lines(source, 1)
    server.break_off()
    server.faults["mail-1/log"] = (404, "gone")
    await new.log.write(stamped(1, 1, "new"))
    server.pods.append(new)
    assert await _lines(source, 1) == b"new\n"


async def test_a_restarted_container(server: KubeServer, source: KubernetesPodLog) -> None:
    """After a crash the rest of the previous container's log is read, then the new one's."""
    pod = server.pods[0]
    await pod.log.write(stamped(1, 0, "first"))
    await _lines(source, 1)
    server.break_off()
    await pod.log.write(stamped(2, 0, "fatal"))
    await pod.log.end()
    pod.restart()
    await pod.log.write(stamped(3, 0, "second"))
    assert await _lines(source, 2) == b"fatal\nsecond\n"
    assert [query.get("previous") for _, query, _ in server.requests if "sinceTime" in query] == ["true"]


async def test_a_container_that_has_ended_is_closed(server: KubeServer, source: KubernetesPodLog) -> None:
    """As long as no other container has come the end is told, not asked about again and again."""
    pod = server.pods[0]
    await pod.log.write(stamped(1, 0, "last"))
    await pod.log.end()
    assert (await source.read()).data == b"last\n"
    before = len(server.requests)
    error = await _failure(source)
    assert (error.reason, error.detail) == (Reason.CLOSED, "the log of pod mail-1 has ended")
    assert len(server.requests) - before <= 2


async def test_a_silent_log_is_asked_for_again(server: KubeServer) -> None:
    """An idle follow may be dead without a sign, so after some silence it is opened anew, from the cursor."""
    source = _follow(server, silence=0.08)
    await source.read()
    await server.pods[0].log.write(stamped(1, 0, "a"))
    assert await _lines(source, 1) == b"a\n"
    for _ in range(6):
        assert (await source.read()).data == b""
    assert len([path for path, _, _ in server.requests if path.endswith("/log")]) >= 2
    await source.close()


async def test_a_saved_position_is_taken_up(server: KubeServer, source: KubernetesPodLog) -> None:
    """A later process goes on where the earlier one was."""
    log = server.pods[0].log
    await log.write(stamped(1, 1, "a"))
    await _lines(source, 1)
    saved: Any = json.loads(json.dumps(source.position()))
    await log.write(stamped(1, 2, "b"))
    later = _follow(server, position=saved)
    assert later.position() == saved
    assert await _lines(later, 1) == b"b\n"
    await later.close()


async def test_before_the_first_pod_there_is_no_position(server: KubeServer) -> None:
    """A source that has seen nothing has nothing to save."""
    assert _follow(server).position() == {}


@pytest.mark.parametrize(
    ("end", "status", "reason"),
    [
        ("/pods", 403, Reason.PERMISSION_DENIED),
        ("/log", 403, Reason.PERMISSION_DENIED),
        ("/log", 404, Reason.NOT_FOUND),
        ("/log", 400, Reason.API_ERROR),
    ],
)
async def test_refusals_are_told(server: KubeServer, end: str, status: int, reason: Reason) -> None:
    """What RBAC forbids, or a container that waits to start, is told in the API's words, and heals."""
    source = _follow(server)
    server.faults[end] = (status, "container is waiting to start")
    error = await _failure(source)
    assert (error.reason, error.detail) == (reason, f"HTTP {status}: container is waiting to start")
    server.faults.clear()
    assert (await source.read()).data == b""
    await source.close()


async def test_no_pod_is_not_found(server: KubeServer) -> None:
    """Where no container has started the error names what was looked for."""
    server.pods.clear()
    error = await _failure(_follow(server))
    assert error.reason is Reason.NOT_FOUND
    assert error.detail == "no started container mail in a pod with app=mailserver in namespace mailserver"


async def test_an_endless_line_is_bounded(server: KubeServer, source: KubernetesPodLog) -> None:
    """Megabytes without a line end are dropped and counted."""
    log = server.pods[0].log
    await log.write(stamped(1, 0, "x" * 1_000_000), stamped(1, 1, "next"))
    lines = (await _lines(source, 2)).splitlines()
    assert len(lines[0]) < LINE_LIMIT
    assert lines[1:] == [b"next"]
    assert source.dropped > 900_000


async def test_a_cancelled_read_loses_nothing(server: KubeServer, source: KubernetesPodLog) -> None:
    """A read that is given up leaves every line to the next one."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(source.read(), 0.01)
    await server.pods[0].log.write(stamped(1, 0, "kept"))
    assert await _lines(source, 1) == b"kept\n"


def _document(name: str, **status: object) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "creationTimestamp": "2026"}, "status": status}


def test_instances_are_the_started_containers() -> None:
    """Pods without a started container of that name are left out; the running one that stays comes last."""
    started = [{"name": "mail", "containerID": "c"}, {"name": "sidecar", "containerID": "s"}]
    leaving = _document("z", phase="Running", containerStatuses=started)
    leaving["metadata"]["deletionTimestamp"] = "2026"
    pods = [
        leaving,
        _document("y", phase="Running", containerStatuses=started),
        _document("x", phase="Succeeded", containerStatuses=started),
        _document("w", phase="Pending", containerStatuses=[{"name": "mail", "containerID": ""}]),
        _document("v", phase="Pending"),
        _document("u", phase="Running", containerStatuses=None),
    ]
    assert [instance.pod for instance in instances(pods, "mail")] == ["x", "z", "y"]


OLD = Instance("mail-1", "u1", "c1", (True, "1", "mail-1"))
AGAIN = Instance("mail-1", "u1", "c2", (True, "1", "mail-1"))
NEW = Instance("mail-2", "u2", "c3", (True, "2", "mail-2"))
FOLLOW = ("follow", "true")
SINCE = ("sinceTime", "2026-03-01T10:00:00Z")


@pytest.mark.parametrize(
    ("found", "cursor", "legs"),
    [
        pytest.param([OLD], Cursor(), [Leg(OLD, (FOLLOW, ("sinceSeconds", "4")))], id="first"),
        pytest.param([OLD], Cursor("u1", "c1"), [Leg(OLD, (FOLLOW,))], id="no line yet"),
        pytest.param([OLD], Cursor("u1", "c1", SINCE[1]), [Leg(OLD, (FOLLOW, SINCE))], id="the same"),
        pytest.param([NEW], Cursor("u1", "c1", SINCE[1]), [Leg(NEW, (FOLLOW,))], id="pod gone"),
        pytest.param(
            [OLD, NEW],
            Cursor("u1", "c1", SINCE[1]),
            [Leg(OLD, (SINCE,), optional=True), Leg(NEW, (FOLLOW,))],
            id="pod replaced",
        ),
        pytest.param(
            [AGAIN],
            Cursor("u1", "c1", SINCE[1]),
            [Leg(OLD, (SINCE, ("previous", "true")), optional=True), Leg(AGAIN, (FOLLOW,))],
            id="container replaced",
        ),
        pytest.param(
            [AGAIN, NEW],
            Cursor("u1", "c1", SINCE[1]),
            [Leg(OLD, (SINCE, ("previous", "true")), optional=True), Leg(NEW, (FOLLOW,))],
            id="both replaced",
        ),
    ],
)
def test_what_is_read_next(found: list[Instance], cursor: Cursor, legs: list[Leg]) -> None:
    """The rest of where we were comes first, then the newest instance, without end."""
    assert plan(found, cursor, 2.5) == legs
