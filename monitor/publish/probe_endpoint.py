"""``GET /probe``: a handshake now, at most once in ten seconds for each target."""

import math
from asyncio import get_running_loop
from collections.abc import Sequence

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from monitor.core.model import Target
from monitor.core.status import PathStatus, TargetStatus
from monitor.publish.backend import Backend
from monitor.publish.transcript import ProbeMetrics, transcript_text

MIN_INTERVAL = 10.0
_PARAMETERS = ("path", "node", "service")


class ProbeEndpoint:
    """Answers ``/probe``; remembers when each target was last asked."""

    def __init__(self, backend: Backend) -> None:
        """Probe by the backend."""
        self._backend = backend
        self._begun: dict[Target, float] = {}

    async def answer(self, request: web.Request) -> web.Response:
        """Do a handshake; its metrics, or with ``debug=true`` its transcript."""
        given = {name: request.query.get(name, "") for name in _PARAMETERS}
        probe = request.query.get("probe", "")
        # Where the kind is named, it may be one without a service.
        missing = [name for name, value in given.items() if not value and not (probe and name == "service")]
        if missing:
            raise web.HTTPBadRequest(text=f"missing parameter: {', '.join(missing)}\n")
        found = find_dialogue(self._backend.statuses(), **given, probe=probe)
        if found is None:
            raise web.HTTPNotFound(text="no such target: path, node (or edge) and service must be watched ones\n")
        target = found[1].target
        self._take_turn(target)
        try:
            observation = await self._backend.probe(target.path, target.node, target.service, target.probe)
        except LookupError as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
        if request.query.get("debug") == "true":
            return web.Response(text=transcript_text(observation), charset="utf-8")
        return web.Response(
            body=generate_latest(ProbeMetrics(observation)), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        )

    def _take_turn(self, target: Target) -> None:
        now = get_running_loop().time()
        self._begun = {each: at for each, at in self._begun.items() if now - at < MIN_INTERVAL}
        begun = self._begun.get(target)
        if begun is not None:
            wait = math.ceil(MIN_INTERVAL - (now - begun))
            raise web.HTTPTooManyRequests(
                text=f"this target was probed by hand just now; again in {wait} s\n", headers={"Retry-After": str(wait)}
            )
        self._begun[target] = now


def find_dialogue(
    statuses: Sequence[PathStatus], path: str, node: str, service: str, probe: str = ""
) -> tuple[PathStatus, TargetStatus] | None:
    """Find a handshake, or a front door where ``node`` is an edge's name, and the path that it is of.

    ``probe`` names the kind where several share a node and service; empty: the first of them.
    """
    for each in statuses:
        for status in each.dialogues:
            target = status.target
            if (target.path, target.node, target.service) == (path, node, service) and probe in {"", target.probe}:
                return each, status
    return None
