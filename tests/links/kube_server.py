"""A small stand-in for the API server, over real HTTP on loopback: pods by label, their logs, and Leases."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

LEASES = "/apis/coordination.k8s.io/v1/namespaces/mailserver/leases"
STAMP = "2026-03-01T10:00:{second:02d}.{nano:09d}Z"


def stamped(second: int, nano: int, text: str) -> bytes:
    """Write a line as the API does with ``timestamps=true``."""
    return f"{STAMP.format(second=second, nano=nano)} {text}\n".encode()


@dataclass
class Log:
    """One container's log: what was written, whether it has ended, and its container's id."""

    container_id: str
    lines: list[bytes] = field(default_factory=list)
    ended: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def write(self, *lines: bytes) -> None:
        """Append lines, and tell the followers."""
        async with self.changed:
            self.lines += lines
            self.changed.notify_all()

    async def end(self) -> None:
        """End the container."""
        async with self.changed:
            self.ended = True
            self.changed.notify_all()


@dataclass
class Pod:
    """A pod with one container, and the logs of that container's instances, the present one last."""

    name: str
    created: str = "2026-03-01T09:00:00Z"
    logs: list[Log] = field(default_factory=list)
    phase: str = "Running"
    deleted: bool = False

    def __post_init__(self) -> None:
        """Start the first container."""
        self.restart()

    @property
    def log(self) -> Log:
        """The present container's log."""
        return self.logs[-1]

    def restart(self) -> None:
        """Start another container."""
        self.logs.append(Log(f"containerd://{self.name}-{len(self.logs)}"))

    def document(self) -> dict[str, Any]:
        """Give what the API shows of it."""
        metadata: dict[str, Any] = {"name": self.name, "uid": f"uid-{self.name}", "creationTimestamp": self.created}
        if self.deleted:
            metadata["deletionTimestamp"] = "2026-03-01T10:30:00Z"
        states = [{"name": "mail", "containerID": self.log.container_id}]
        return {"metadata": metadata, "status": {"phase": self.phase, "containerStatuses": states}}


class KubeServer:
    """The API server: ``pods`` are what it knows; ``faults`` answer a path's end with a status and words instead."""

    def __init__(self, directory: Path) -> None:
        """Be ready to listen; the kubeconfig is written into ``directory``."""
        self.kubeconfig = directory / "kubeconfig"
        self.pods: list[Pod] = []
        self.leases: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.faults: dict[str, tuple[int, str]] = {}
        self.requests: list[tuple[str, Mapping[str, str], str]] = []
        self.followers: list[web.Request] = []
        self.deaf = False
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        """Listen, on the same port as the last time."""
        app = web.Application()
        app.router.add_get("/api/v1/namespaces/mailserver/pods", self._list)
        app.router.add_get("/api/v1/namespaces/mailserver/pods/{name}/log", self._log)
        app.router.add_post(LEASES, self._create_lease)
        app.router.add_get(LEASES + "/{name}", self._get_lease)
        app.router.add_put(LEASES + "/{name}", self._replace_lease)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._write_kubeconfig()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Go away, as when it is killed: followed logs break off."""
        assert self._runner is not None
        self.break_off()
        await self._runner.cleanup()

    def break_off(self) -> None:
        """Cut every followed log."""
        for request in self.followers:
            if request.transport is not None:
                request.transport.abort()

    def _write_kubeconfig(self) -> None:
        name = "lab"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [{"name": name, "cluster": {"server": f"http://127.0.0.1:{self._port}"}}],
            "users": [{"name": name, "user": {"token": "lab-token"}}],
        }
        self.kubeconfig.write_text(json.dumps(config))

    async def _enter(self, request: web.Request) -> None:
        self.requests.append((request.path, dict(request.query), request.headers.get("Authorization", "")))
        if self.deaf:
            await asyncio.sleep(60)
        for end, (status, message) in self.faults.items():
            if request.path.endswith(end):
                body = json.dumps({"kind": "Status", "message": message, "code": status})
                raise _refusal(status, body)

    async def _list(self, request: web.Request) -> web.Response:
        await self._enter(request)
        return web.json_response({"kind": "PodList", "items": [pod.document() for pod in self.pods]})

    async def _log(self, request: web.Request) -> web.StreamResponse:
        await self._enter(request)
        pod = next((pod for pod in self.pods if pod.name == request.match_info["name"]), None)
        if pod is None:
            raise _refusal(404, json.dumps({"message": f'pods "{request.match_info["name"]}" not found'}))
        if "previous" in request.query and len(pod.logs) < 2:
            raise _refusal(400, json.dumps({"message": "previous terminated container not found"}))
        log = pod.logs[-2] if "previous" in request.query else pod.log
        response = web.StreamResponse()
        await response.prepare(request)
        self.followers.append(request)
        try:
            await _send(response, log, request.query)
        finally:
            self.followers.remove(request)
        return response

    async def _get_lease(self, request: web.Request) -> web.Response:
        await self._enter(request)
        lease = self.leases.get(request.match_info["name"])
        if lease is None:
            raise _refusal(404, json.dumps({"message": "leases not found"}))
        return web.json_response(lease)

    async def _create_lease(self, request: web.Request) -> web.Response:
        await self._enter(request)
        lease = await request.json()
        if lease["metadata"]["name"] in self.leases:
            raise _refusal(409, json.dumps({"message": "already exists"}))
        return self._keep(lease, 201)

    async def _replace_lease(self, request: web.Request) -> web.Response:
        await self._enter(request)
        lease = await request.json()
        kept = self.leases.get(request.match_info["name"])
        if kept is None:
            raise _refusal(404, json.dumps({"message": "leases not found"}))
        if lease["metadata"]["resourceVersion"] != kept["metadata"]["resourceVersion"]:
            raise _refusal(409, json.dumps({"message": "the object has been modified"}))
        return self._keep(lease, 200)

    def _keep(self, lease: dict[str, Any], status: int) -> web.Response:
        self.writes += 1
        lease["metadata"]["resourceVersion"] = str(self.writes)
        self.leases[lease["metadata"]["name"]] = lease
        return web.json_response(lease, status=status)


async def _send(response: web.StreamResponse, log: Log, query: Mapping[str, str]) -> None:
    position = len(log.lines) if "sinceSeconds" in query else 0
    # what metav1.Time leaves of sinceTime: whole seconds
    since = query.get("sinceTime", "")[:19].encode()
    while True:
        async with log.changed:
            lines = [line for line in log.lines[position:] if line[:19] >= since]
            position = len(log.lines)
            ended = log.ended
        for line in lines:
            await response.write(line)
        if "follow" not in query or ended:
            return
        async with log.changed:
            await log.changed.wait_for(lambda: len(log.lines) > position or log.ended)  # noqa: B023 - awaited in this very turn


def _refusal(status: int, body: str) -> web.HTTPException:
    refusal = web.HTTPNotFound(text=body, content_type="application/json")
    refusal.set_status(status)
    return refusal
