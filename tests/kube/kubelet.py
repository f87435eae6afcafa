"""A stand-in for the kubelet of one Node: the logs of its containers, and commands run in them.

The API server reaches it by the Node's InternalIP, with its own client certificate, over the paths that a kubelet
serves: ``/containerLogs`` and ``/exec`` (WebSocket; subprotocols v4 and v5 of ``channel.k8s.io``).
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Self

from aiohttp import WSMsgType, web

from tests.clock import utc_now
from tests.kube.cluster import Cluster
from tests.kube.objects import node

STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")


class Line(NamedTuple):
    """One line of a log: its stamp (RFC 3339 with nanoseconds, UTC), and its text without a line end."""

    stamp: str
    text: bytes


@dataclass
class ContainerLog:
    """What one instance of a container has written."""

    lines: list[Line] = field(default_factory=list)
    ended: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def write(self, *lines: Line) -> None:
        """Append lines, and tell those who follow."""
        async with self.changed:
            self.lines += lines
            self.changed.notify_all()

    async def end(self) -> None:
        """End this instance."""
        async with self.changed:
            self.ended = True
            self.changed.notify_all()

    async def rotate(self) -> None:
        """Forget what was written, as after a rotation: who follows goes on, who asks anew sees only what comes."""
        async with self.changed:
            self.lines = []
            self.changed.notify_all()


@dataclass(frozen=True)
class Answer:
    """What a command does: its output and how it ends; it reads its input to the end first where ``reads``."""

    stdout: bytes = b""
    stderr: bytes = b""
    code: int = 0
    reads: bool = False


class Kubelet:
    """Serves the pods of one Node; ``logs`` by (pod, container), the present instance last, ``answers`` by command."""

    def __init__(self, cluster: Cluster, name: str = "k8s-node1", address: str = "127.0.0.2") -> None:
        """Prepare; the Node is made when it is entered."""
        self.cluster = cluster
        self.name = name
        self.address = address
        self.logs: dict[tuple[str, str], list[ContainerLog]] = {}
        self.answers: dict[tuple[str, ...], Answer] = {}
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self.input = b""
        self._streams: list[web.Request] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen, and register the Node."""
        app = web.Application()
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._log)
        app.router.add_get("/exec/{namespace}/{pod}/{container}", self._exec)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.address, 0, ssl_context=self._tls())
        await site.start()
        port = self._runner.addresses[0][1]
        document = node(self.name, self.address, kubelet_port=port)
        await asyncio.to_thread(self.cluster.admin.apply, document)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no more; streams break off."""
        assert self._runner is not None
        self.break_off()
        await self._runner.cleanup()

    def start(self, pod: str, container: str = "docker-mailserver") -> ContainerLog:
        """Start an instance of a container; the one before it is the API's ``previous``."""
        log = ContainerLog()
        self.logs.setdefault((pod, container), []).append(log)
        return log

    def break_off(self) -> None:
        """Cut every stream that is open."""
        for request in self._streams:
            if request.transport is not None:
                request.transport.abort()

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.cluster.pki.server(f"kubelet-{self.name}", self.address))
        context.load_verify_locations(self.cluster.pki.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    async def _log(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        self.requests.append((request.path, dict(query)))
        instances = self.logs.get((request.match_info["pod"], request.match_info["container"]), [])
        wanted = 2 if query.get("previous") == "true" else 1
        if len(instances) < wanted:
            raise web.HTTPBadRequest(text="previous terminated container not found")
        response = web.StreamResponse()
        await response.prepare(request)
        self._streams.append(request)
        try:
            await _send(response, instances[-wanted], query)
        finally:
            self._streams.remove(request)
        return response

    async def _exec(self, request: web.Request) -> web.WebSocketResponse:
        command = tuple(request.query.getall("command"))
        self.requests.append((request.path, dict(request.query)))
        websocket = web.WebSocketResponse(protocols=PROTOCOLS)
        await websocket.prepare(request)
        await websocket.send_bytes(b"")
        answer = self.answers.get(command, Answer(stderr=f"{command[0]}: not found".encode(), code=127))
        if answer.reads:
            await self._read(websocket)
        for channel, data in ((STDOUT, answer.stdout), (STDERR, answer.stderr)):
            for start in range(0, len(data), 8192):
                await websocket.send_bytes(bytes((channel,)) + data[start : start + 8192])
        await websocket.send_bytes(bytes((ERROR,)) + json.dumps(_status(answer.code)).encode())
        await websocket.close()
        return websocket

    async def _read(self, websocket: web.WebSocketResponse) -> None:
        self.input = b""
        async for message in websocket:
            if message.type is not WSMsgType.BINARY or message.data[:2] == bytes((CLOSE, STDIN)):
                return
            if message.data[0] == STDIN:
                self.input += message.data[1:]


def _status(code: int) -> dict[str, object]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    causes = [{"reason": "ExitCode", "message": str(code)}]
    message = f"command terminated with non-zero exit code: exit status {code}"
    return {"status": "Failure", "reason": "NonZeroExitCode", "message": message, "details": {"causes": causes}}


async def _send(response: web.StreamResponse, log: ContainerLog, query: Mapping[str, str]) -> None:
    sent = _Sent(query)
    while True:
        async with log.changed:
            data = sent.next(log.lines)
            ended = log.ended
        if data:
            await response.write(data)
        if sent.full or ended or query.get("follow") != "true":
            return
        async with log.changed:
            await log.changed.wait_for(lambda: sent.behind(log.lines) or log.ended)


class _Sent:
    """How far one reader has come."""

    def __init__(self, query: Mapping[str, str]) -> None:
        # metav1.Time leaves whole seconds of sinceTime
        self._since = query.get("sinceTime", "")[:19]
        self._tail = int(query["tailLines"]) if "tailLines" in query else None
        self._stamps = query.get("timestamps") == "true"
        self._left = int(query["limitBytes"]) if "limitBytes" in query else None
        self._position: int | None = None
        # the stories that are followed have a calendar of their own, in which every line is new
        self._only_new = "sinceSeconds" in query and query.get("follow") == "true"
        if "sinceSeconds" in query and not self._only_new:
            moment = utc_now() - timedelta(seconds=int(query["sinceSeconds"]))
            self._since = f"{moment:%Y-%m-%dT%H:%M:%S}"

    @property
    def full(self) -> bool:
        """Whether ``limitBytes`` is reached."""
        return self._left == 0

    def behind(self, lines: list[Line]) -> bool:
        """Tell whether there is more; a rotated log is shorter than it was."""
        return len(lines) != self._position

    def next(self, lines: list[Line]) -> bytes:
        """Give what was written since the last time."""
        if self._position is None:
            self._position = len(lines) if self._only_new else 0
            if self._tail is not None:
                self._position = max(0, len(lines) - self._tail)
        fresh = lines[self._position if self._position <= len(lines) else 0 :]
        self._position = len(lines)
        data = b"".join(self._shown(line) for line in fresh if line.stamp[:19] >= self._since)
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        return data

    def _shown(self, line: Line) -> bytes:
        return (line.stamp.encode() + b" " if self._stamps else b"") + line.text + b"\n"
