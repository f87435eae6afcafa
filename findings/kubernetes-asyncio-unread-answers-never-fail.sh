#!/usr/bin/env bash
# kubernetes_asyncio raises nothing for a 404 or 403 where a call is made with _preload_content=False.
#
# Seen: 2026-11-30, Python 3.11, kubernetes_asyncio 36.1.0, aiohttp 3.14.5.
# Most would guess: ApiException, as without that argument; it only says that the body is read by the caller.
# What is so: the status is left to the caller as well. Who follows a Pod's log in this way, as one has to, reads the
# API server's error message as lines of the log.
# Output seen:
#   by default: ApiException 404
#   _preload_content=False: status 404, first line {"kind":"Status","status":"Failure","reason":"NotFound","code":404}
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
wheels kubernetes_asyncio==36.1.0 aiohttp==3.14.5
python <<'PYTHON'
import asyncio

from aiohttp import web
from kubernetes_asyncio import client

STATUS = '{"kind":"Status","status":"Failure","reason":"NotFound","code":404}'


async def not_found(_request: web.Request) -> web.Response:
    return web.Response(status=404, text=STATUS, content_type="application/json")


async def main() -> None:
    app = web.Application()
    app.router.add_get("/api/v1/namespaces/{namespace}/pods/{name}/log", not_found)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    configuration = client.Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}")
    async with client.ApiClient(configuration) as api:
        core = client.CoreV1Api(api)
        try:
            await core.read_namespaced_pod_log("gone", "mail")
            loaded = "nothing raised"
        except client.ApiException as error:
            loaded = f"ApiException {error.status}"
        unread = await core.read_namespaced_pod_log("gone", "mail", follow=True, _preload_content=False)
        line = (await unread.content.readline()).decode()
        unread.close()
    await runner.cleanup()
    print(f"by default: {loaded}\n_preload_content=False: status {unread.status}, first line {line}")
    assert (loaded, unread.status, line) == ("ApiException 404", 404, STATUS)


asyncio.run(main())
PYTHON
