#!/usr/bin/env bash
# kubernetes_asyncio's leader election writes the local time into the Lease and calls it UTC.
#
# Seen: 2026-11-30, Python 3.11, kubernetes_asyncio 36.1.0, aiohttp 3.14.5.
# Most would guess: renewTime is the moment of the renewal, whatever the time zone of the process is.
# What is so: it is the naive local time with a Z behind it. Two hours east of Greenwich every Lease is renewed in the
# future, and whoever compares renewTime with the clock is wrong by that much.
# Output seen:
#   TZ=UTC0: renewTime is 0 h ahead
#   TZ=EET-2: renewTime is 2 h ahead
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
wheels kubernetes_asyncio==36.1.0 aiohttp==3.14.5
python <<'PYTHON'
import asyncio
import os
import time
from datetime import UTC, datetime

from aiohttp import web
from kubernetes_asyncio import client
from kubernetes_asyncio.leaderelection.electionconfig import Config
from kubernetes_asyncio.leaderelection.leaderelection import LeaderElection
from kubernetes_asyncio.leaderelection.resourcelock.leaselock import LeaseLock

LEASES = "/apis/coordination.k8s.io/v1/namespaces/mail/leases"
written: list[str] = []


async def absent(_request: web.Request) -> web.Response:
    return web.json_response({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}, status=404)


async def create(request: web.Request) -> web.Response:
    lease = await request.json()
    written.append(lease["spec"]["renewTime"])
    return web.json_response(lease, status=201)


async def nothing() -> None:
    pass


async def ahead(port: int, zone: str) -> int:
    os.environ["TZ"] = zone
    time.tzset()
    async with client.ApiClient(client.Configuration(host=f"http://127.0.0.1:{port}")) as api:
        lock = LeaseLock("one", "mail", "me", api)
        config = Config(lock, 15, 10, 2, onstarted_leading=nothing, onstopped_leading=nothing)
        assert await LeaderElection(config).try_acquire_or_renew()
    told = datetime.fromisoformat(written[-1])
    hours = round((told - datetime.now(UTC)).total_seconds() / 3600)
    print(f"TZ={zone}: renewTime is {hours} h ahead")
    return hours


async def main() -> None:
    app = web.Application()
    app.router.add_get(f"{LEASES}/one", absent)
    app.router.add_post(LEASES, create)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    seen = [await ahead(port, zone) for zone in ("UTC0", "EET-2")]
    await runner.cleanup()
    assert seen == [0, 2]


asyncio.run(main())
PYTHON
