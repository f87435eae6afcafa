#!/usr/bin/env bash
# kubernetes_asyncio's Watch reconnects for ever after a clean end, and raises when the connection breaks.
#
# Seen: 2026-11-30, Python 3.11, kubernetes_asyncio 36.1.0, aiohttp 3.14.5.
# Most would guess: a watch without timeout_seconds, which takes up an ended stream by itself, outlives a broken one too.
# What is so: a stream that the API server ends in order is asked for again at once, without a pause, from the last
# resourceVersion. One that breaks (the API server was restarted) raises aiohttp's ClientPayloadError out of the loop,
# which is no ApiException.
# Output seen:
#   requested from resourceVersion: 1, 2, 3
#   events: 3, then ClientPayloadError
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
wheels kubernetes_asyncio==36.1.0 aiohttp==3.14.5
python <<'PYTHON'
import asyncio
import json

from aiohttp import web
from kubernetes_asyncio import client, watch

asked: list[str] = []


async def namespaces(request: web.Request) -> web.StreamResponse:
    asked.append(request.query["resourceVersion"])
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    metadata = {"name": "one", "resourceVersion": str(1 + len(asked))}
    event = {"type": "MODIFIED", "object": {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}}
    await response.write(json.dumps(event).encode() + b"\n")
    if len(asked) == 3:
        await asyncio.sleep(0.2)
        request.transport.close()
    return response


async def main() -> None:
    app = web.Application()
    app.router.add_get("/api/v1/namespaces", namespaces)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    configuration = client.Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}")
    events, end = 0, "nothing"
    async with client.ApiClient(configuration) as api, watch.Watch() as stream:
        try:
            async with asyncio.timeout(10):
                async for _ in stream.stream(client.CoreV1Api(api).list_namespace, resource_version="1"):
                    events += 1
        except Exception as error:
            end = type(error).__name__
    await runner.cleanup()
    print(f"requested from resourceVersion: {', '.join(asked)}\nevents: {events}, then {end}")
    assert (asked, events, end) == (["1", "2", "3"], 3, "ClientPayloadError")


asyncio.run(main())
PYTHON
