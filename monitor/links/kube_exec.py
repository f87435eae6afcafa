"""A command run in a container, by the Kubernetes API: a WebSocket of ``v4.channel.k8s.io``.

Each frame begins with the number of its channel; the last one to speak is the status. Sockets and tokens are
``KubeApi``'s; kubernetes-asyncio's own way mixes both outputs and drops the exit code.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.kube_api import KubeApi, StatusError, raise_translated

if TYPE_CHECKING:
    import aiohttp

OUTPUT_LIMIT = 1024 * 1024

_PROTOCOL = "v4.channel.k8s.io"
_STDOUT, _STDERR, _STATUS = 1, 2, 3


class KubeExec(KubeApi):
    """A client that runs commands."""

    async def run(self, pod: str, container: str, command: Sequence[str]) -> bytes:
        """Return what a command prints; ``pod`` is its path in the API. All of it within the client's timeout.

        Raises:
            LinkError: COMMAND_FAILED with the exit code and standard error; TOO_LARGE; else as ``get``.

        """
        query = [("container", container), ("stdout", "true"), ("stderr", "true")]
        query += [("command", word) for word in command]
        await self._prepare()
        try:
            async with asyncio.timeout(self._timeout), await self._open(f"{pod}/exec", query) as frames:
                return await _output(frames)
        except Exception as e:  # noqa: BLE001 - see raise_translated
            raise_translated(e)

    async def _open(self, path: str, query: list[tuple[str, str]]) -> "aiohttp.ClientWebSocketResponse":
        import aiohttp  # noqa: PLC0415 - see KubeApi

        if self._client is None:
            self._client = await self._connect()
        headers: dict[str, Any] = {}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"])
        host = self._client.configuration.host
        session: aiohttp.ClientSession = self._client.rest_client.pool_manager
        try:
            return await session.ws_connect(f"{host}{path}?{urlencode(query)}", protocols=[_PROTOCOL], headers=headers)
        except aiohttp.WSServerHandshakeError as e:
            # the server's words are lost on the way
            raise StatusError(e.status, f"HTTP {e.status}: exec was refused") from e


async def _output(frames: "aiohttp.ClientWebSocketResponse") -> bytes:
    channels = {_STDOUT: bytearray(), _STDERR: bytearray(), _STATUS: bytearray()}
    async for message in frames:
        if isinstance(message.data, bytes) and message.data and message.data[0] in channels:
            channels[message.data[0]] += message.data[1:]
        if sum(map(len, channels.values())) > OUTPUT_LIMIT:
            raise LinkError(Reason.TOO_LARGE, f"more than {OUTPUT_LIMIT} bytes of output")
    if not channels[_STATUS]:
        raise LinkError(Reason.CLOSED, "the Kubernetes API broke off the command's output")
    status = json.loads(channels[_STATUS])
    if status.get("status") != "Success":
        words = channels[_STDERR].decode(errors="replace").strip()[:512]
        raise LinkError(Reason.COMMAND_FAILED, f"{status.get('message')}{': ' + words if words else ''}")
    return bytes(channels[_STDOUT])
