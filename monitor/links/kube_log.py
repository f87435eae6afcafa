"""The mail log of a container, followed through the Kubernetes API from pod to pod."""

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.kube_api import KubeApi, KubeStream
from monitor.links.kube_cursor import Cursor
from monitor.links.log_past import MOST
from monitor.links.log_source import HEARTBEAT, LINE_LIMIT, LineBuffer, LogBlock, Position

# an idle follow says nothing, dead or alive; kubelet and proxies cut it after minutes
SILENCE = 60.0


@dataclass(frozen=True, slots=True)
class Instance:
    """One container of one pod; ``rank`` orders the pods, the one to follow last."""

    pod: str
    uid: str
    container: str
    rank: tuple[bool, str, str]


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of log to read: an instance, how to ask for it, and whether it may fail (what is over may be gone)."""

    instance: Instance
    query: tuple[tuple[str, str], ...]
    optional: bool = False


def instances(pods: Iterable[Mapping[str, Any]], container: str) -> list[Instance]:
    """Find the started containers of that name in a list of Pod documents, the newest pod that stays last."""
    found = []
    for pod in pods:
        metadata, status = pod["metadata"], pod.get("status") or {}
        for state in status.get("containerStatuses") or ():
            if state["name"] == container and state.get("containerID"):
                stays = status.get("phase") == "Running" and "deletionTimestamp" not in metadata
                rank = (stays, metadata.get("creationTimestamp") or "", metadata["name"])
                found.append(Instance(metadata["name"], metadata["uid"], state["containerID"], rank))
    return sorted(found, key=lambda instance: instance.rank)


def plan(found: list[Instance], cursor: Cursor, age: float) -> list[Leg]:
    """Say what to read next: the rest of the log that we were in, then that of the newest instance, without end.

    ``found`` has at least one instance. With a cursor that is nowhere yet, only lines younger than ``age`` seconds.
    """
    newest = found[-1]
    follow = ("follow", "true")
    if not cursor.pod:
        return [Leg(newest, (follow, ("sinceSeconds", str(math.ceil(age) + 1))))]
    since = (("sinceTime", cursor.since),) if cursor.since else ()
    if (newest.uid, newest.container) == (cursor.pod, cursor.container):
        return [Leg(newest, (follow, *since))]
    legs = [Leg(newest, (follow,))]
    for old in found:
        if old.uid == cursor.pod:
            # the container was replaced in its pod: the API calls the one before it "previous"
            previous = () if old.container == cursor.container else (("previous", "true"),)
            rest = Instance(old.pod, cursor.pod, cursor.container, old.rank)
            legs.insert(0, Leg(rest, (*since, *previous), optional=True))
    return legs


class KubernetesPodLog:
    """Whole lines of a container's log, without Kubernetes' stamps.

    It begins with the lines that are written from now on, or at a saved position, and follows the newest running pod
    of the selector until that log ends, breaks off or falls silent. When the pod or its container has been replaced by
    then, what is left of the old log is read first, as far as the API still has it (of a container that was replaced
    twice only the last one), then the new one from its start.
    """

    name = "kubernetes"

    def __init__(  # noqa: PLR0913 - what to follow, and how patiently
        self,
        namespace: str,
        selector: str,
        container: str,
        *,
        kubeconfig: Path | None = None,
        position: Position | None = None,
        heartbeat: float = HEARTBEAT,
        timeout: float = 5.0,
        silence: float = SILENCE,
    ) -> None:
        """Connect to nothing yet; a log that says nothing for ``silence`` seconds is asked for again."""
        self._namespace = namespace
        self._selector = selector
        self._container = container
        self._api = KubeApi(kubeconfig, timeout=timeout)
        self._heartbeat = heartbeat
        self._silence = silence
        self._cursor = Cursor.load(position) if position else Cursor()
        self._started: float | None = None
        self._legs: deque[Leg] = deque()
        self._stream: KubeStream | None = None
        self._lines = LineBuffer()
        self._dropped = 0
        self._heard = 0.0
        self._fruitless = True

    @property
    def dropped(self) -> int:
        """Bytes of endless lines that were left out."""
        return self._dropped + self._lines.dropped

    async def read(self) -> LogBlock:
        """Return the next lines, or an empty block after ``heartbeat`` seconds without any.

        Raises:
            LinkError: NOT_FOUND (no such pod, none running), PERMISSION_DENIED, AUTH_FAILED, API_ERROR (such as
                "container is waiting to start"), CLOSED (the container has ended, and there is no other yet), REFUSED,
                UNREACHABLE, TIMEOUT, RESET, TLS_ERROR: the API itself.

        """
        try:
            stream = self._stream or await self._open()
            try:
                async with asyncio.timeout(self._heartbeat):
                    chunk = await stream.read(LINE_LIMIT)
            except TimeoutError:
                if asyncio.get_running_loop().time() - self._heard > self._silence:
                    self._hang_up()
                    self._legs.clear()
                return LogBlock()
            return self._received(chunk)
        except LinkError:
            await self.close()
            raise

    async def past(self, seconds: float, most: int = MOST) -> bytes:
        """Return the lines of the last ``seconds``, at most about ``most`` bytes; nothing where they cannot be read.

        The position stays where it is. Who follows tells what is wrong.
        """
        try:
            newest = (await self._instances())[-1]
            query = (("container", self._container), ("sinceSeconds", str(math.ceil(seconds))))
            stream = await self._api.stream(f"/api/v1/namespaces/{self._namespace}/pods/{newest.pod}/log", query)
            try:
                data = bytearray()
                while len(data) < most and (chunk := await stream.read(LINE_LIMIT)):
                    data += chunk
            finally:
                stream.close()
        except LinkError:
            return b""
        return bytes(data[: data.rfind(b"\n") + 1])

    def position(self) -> Position:
        """Return the container, the second of its newest line, and marks of that second's lines."""
        return self._cursor.dump() if self._cursor.pod else {}

    async def close(self) -> None:
        """Hang up; a later ``read`` connects again and goes on where this one was."""
        self._hang_up()
        self._legs.clear()
        await self._api.close()

    async def _open(self) -> KubeStream:
        now = asyncio.get_running_loop().time()
        if self._started is None:
            self._started = now
        if not self._legs:
            self._legs.extend(plan(await self._instances(), self._cursor, now - self._started))
        leg = self._legs[0]
        try:
            stream = await self._api.stream(
                f"/api/v1/namespaces/{self._namespace}/pods/{leg.instance.pod}/log",
                (("container", self._container), ("timestamps", "true"), *leg.query),
            )
        except LinkError as e:
            if not leg.optional or e.reason not in {Reason.NOT_FOUND, Reason.API_ERROR}:
                raise
            self._legs.popleft()
            return await self._open()
        if (self._cursor.pod, self._cursor.container) != (leg.instance.uid, leg.instance.container):
            self._cursor = Cursor(leg.instance.uid, leg.instance.container)
        self._stream = stream
        self._heard = now
        self._fruitless = True
        return stream

    async def _instances(self) -> list[Instance]:
        query = (("labelSelector", self._selector), ("limit", "100"))
        pods = await self._api.get(f"/api/v1/namespaces/{self._namespace}/pods", query)
        found = instances(pods.get("items") or (), self._container)
        if not found:
            where = f"{self._container} in a pod with {self._selector} in namespace {self._namespace}"
            raise LinkError(Reason.NOT_FOUND, f"no started container {where}")
        return found

    def _received(self, chunk: bytes) -> LogBlock:
        if not chunk:
            self._ended()
            return LogBlock()
        self._heard = asyncio.get_running_loop().time()
        lines = self._cursor.take(self._lines.feed(chunk))
        if not lines:
            return LogBlock()
        self._fruitless = False
        return LogBlock(lines, self._cursor.written)

    def _ended(self) -> None:
        leg = self._legs.popleft()
        self._hang_up()
        if not self._legs and self._fruitless:
            # asked again at its end, it had nothing more to say
            raise LinkError(Reason.CLOSED, f"the log of pod {leg.instance.pod} has ended")

    def _hang_up(self) -> None:
        """Leave the stream, and the line that it has not finished: it will come again, whole."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._dropped += self._lines.dropped
        self._lines = LineBuffer()
