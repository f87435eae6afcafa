#!/usr/bin/env bash
# kubernetes_asyncio's leader election never says that leadership is lost when the API server goes away.
#
# Seen: 2026-11-30, Python 3.11, kubernetes_asyncio 36.1.0, aiohttp 3.14.5.
# Most would guess: after renew_deadline without a renewal onstopped_leading is called, and what leads is cancelled.
# What is so: only ApiException is caught. A refused connection leaves run() as ClientConnectorError at once:
# onstopped_leading is never called, and the task of onstarted_leading works on while another candidate may take over.
# Output seen:
#   run() raised ClientConnectorError, onstopped_leading called: no, still leading after the deadline: yes
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
wheels kubernetes_asyncio==36.1.0 aiohttp==3.14.5
python <<'PYTHON'
import asyncio

from aiohttp import web
from kubernetes_asyncio import client
from kubernetes_asyncio.leaderelection.electionconfig import Config
from kubernetes_asyncio.leaderelection.leaderelection import LeaderElection
from kubernetes_asyncio.leaderelection.resourcelock.leaselock import LeaseLock

LEASES = "/apis/coordination.k8s.io/v1/namespaces/mail/leases"
DEADLINE = 2
leases: dict[str, object] = {}
work = 0
stopped = False


async def read(_request: web.Request) -> web.Response:
    if leases:
        return web.json_response(leases)
    return web.json_response({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}, status=404)


async def write(request: web.Request) -> web.Response:
    leases.update(await request.json())
    return web.json_response(leases)


async def lead() -> None:
    global work
    while True:
        work += 1
        await asyncio.sleep(0.1)


async def stop() -> None:
    global stopped
    stopped = True


async def main() -> None:
    app = web.Application()
    app.router.add_get(f"{LEASES}/one", read)
    app.router.add_put(f"{LEASES}/one", write)
    app.router.add_post(LEASES, write)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    configuration = client.Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}")
    async with client.ApiClient(configuration) as api:
        lock = LeaseLock("one", "mail", "me", api)
        election = LeaderElection(Config(lock, 4, DEADLINE, 1, onstarted_leading=lead, onstopped_leading=stop))
        running = asyncio.create_task(election.run())
        while not work:
            await asyncio.sleep(0.1)
        await runner.cleanup()
        await asyncio.wait({running}, timeout=3 * DEADLINE)
        end = type(running.exception()).__name__ if running.done() else "nothing"
        await asyncio.sleep(DEADLINE)
        before = work
        await asyncio.sleep(1)
    leads, called = ("yes" if each else "no" for each in (work > before, stopped))
    print(f"run() raised {end}, onstopped_leading called: {called}, still leading after the deadline: {leads}")
    assert (end, called, leads) == ("ClientConnectorError", "no", "yes")


asyncio.run(main())
PYTHON
