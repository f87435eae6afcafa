"""Commands over a WebSocket that does not behave: half answers, strange frames, refusals."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links import kube_exec
from monitor.links.kube_exec import KubeExec

POD = "/api/v1/namespaces/mailserver/pods/mailserver-1"
SUCCESS = b"\x03" + json.dumps({"status": "Success"}).encode()


@asynccontextmanager
async def exec_server(directory: Path, frames: Sequence[bytes | str | float]) -> AsyncIterator[KubeExec]:
    """Serve an exec that sends these frames (a number: seconds of silence), and hangs up; gives a client of it."""

    async def answer(request: web.Request) -> web.WebSocketResponse:
        assert request.headers["Authorization"] == "Bearer token"
        assert request.query.getall("command") == ["ss", "-ltn"]
        socket = web.WebSocketResponse(protocols=["v4.channel.k8s.io"])
        await socket.prepare(request)
        for frame in frames:
            if isinstance(frame, float):
                await asyncio.sleep(frame)
            elif isinstance(frame, str):
                await socket.send_str(frame)
            else:
                await socket.send_bytes(frame)
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get(f"{POD}/exec", answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server = f"http://127.0.0.1:{runner.addresses[0][1]}"
    config = {
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "users": [{"name": "test", "user": {"token": "token"}}],
    }
    (directory / "kubeconfig").write_text(json.dumps(config))
    silent = any(isinstance(frame, float) for frame in frames)  # an answer may take longer: it has to load its library
    client = KubeExec(directory / "kubeconfig", timeout=0.5 if silent else 10.0)
    try:
        yield client
    finally:
        await client.close()
        await runner.cleanup()


async def failure(directory: Path, *frames: bytes | str | float) -> LinkError:
    """Give why a command failed."""
    async with exec_server(directory, frames) as client:
        with pytest.raises(LinkError) as caught:
            await client.run(POD, "c", ("ss", "-ltn"))
    return caught.value


async def test_standard_output_is_put_together(tmp_path: Path) -> None:
    """Empty frames, other channels and text are passed over."""
    frames = (b"", b"\x01LIS", b"\x02warning", b"\x04resize", "text", b"\x01TEN", b"\x01", SUCCESS)
    async with exec_server(tmp_path, frames) as client:
        assert await client.run(POD, "c", ("ss", "-ltn")) == b"LISTEN"


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ((), Reason.CLOSED),
        ((b"\x01LISTEN",), Reason.CLOSED),
        ((b"\x03not json",), Reason.API_ERROR),
        ((b"\x03[]",), Reason.API_ERROR),
        ((b'\x03{"status": "Failure", "message": "no"}',), Reason.COMMAND_FAILED),
        ((b'\x03{"status": "Failure", "reason": "InternalError"}',), Reason.COMMAND_FAILED),
        ((5.0,), Reason.TIMEOUT),
    ],
)
async def test_answers_that_are_none(tmp_path: Path, frames: tuple[bytes | float, ...], reason: Reason) -> None:
    """Half an answer, a status that is none, one without details, silence."""
    assert (await failure(tmp_path, *frames)).reason is reason


async def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Endless output, on either channel, is given up."""
    monkeypatch.setattr(kube_exec, "OUTPUT_LIMIT", 100)
    assert (await failure(tmp_path, b"\x02" + b"x" * 200, SUCCESS)).reason is Reason.TOO_LARGE
