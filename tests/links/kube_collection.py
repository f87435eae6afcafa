"""A collection of the Kubernetes API by a script: what each list and each watch answers, over real HTTP."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from aiohttp import web

PATH = "/api/v1/things"


def thing(name: str, version: int, value: int = 0) -> dict[str, Any]:
    """Make an object."""
    return {"metadata": {"name": name, "resourceVersion": str(version)}, "value": value}


def event(kind: str, document: object) -> bytes:
    """Write an event as a watch does."""
    return json.dumps({"type": kind, "object": document}).encode() + b"\n"


def page(*things: Mapping[str, Any], version: int = 1, more: str = "") -> dict[str, Any]:
    """Make a page of a list."""
    return {"metadata": {"resourceVersion": str(version), "continue": more}, "items": list(things)}


class Hang:
    """In a watch's script: say nothing more, and do not end."""


class Collection:
    """Answers lists and watches in the order of its scripts; the last one of each again and again.

    A list's answer is a page, or a status; a watch's is a sequence of bytes and ``Hang``, or a status.
    """

    def __init__(self, directory: Path, lists: Sequence[Any], watches: Sequence[Any] = ((Hang(),),)) -> None:
        """Be ready to listen; the kubeconfig is written into ``directory``."""
        self.kubeconfig = directory / "kubeconfig"
        self.queries: list[dict[str, str]] = []
        self._lists, self._watches = list(lists), list(watches)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        app = web.Application()
        app.router.add_get(PATH, self._answer)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        server = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        config = {
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": server}}],
            "users": [{"name": "test", "user": {"token": "token"}}],
        }
        self.kubeconfig.write_text(json.dumps(config))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no more."""
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        script = self._watches if "watch" in request.query else self._lists
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, int):
            return web.json_response({"kind": "Status", "message": "as told", "code": answer}, status=answer)
        if isinstance(answer, dict):
            return web.json_response(answer)
        response = web.StreamResponse()
        await response.prepare(request)
        for part in answer:
            if isinstance(part, Hang):
                await asyncio.sleep(60)
            await response.write(part)
        return response
