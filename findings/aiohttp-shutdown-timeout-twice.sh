#!/usr/bin/env bash
# aiohttp waits its shutdown_timeout twice before it cancels a handler that streams.
#
# Seen: 2026-11-30, Python 3.11, aiohttp 3.14.5.
# Most would guess: AppRunner(shutdown_timeout=1) has ended every handler about one second after cleanup() began.
# What is so: cleanup waits that long for a handler to end by itself, then lets reads of the request fail, which a handler
# that only writes does not notice, waits that long again, and cancels it. A supervisor's grace period has to hold both.
# Output seen:
#   shutdown_timeout 1 s, handler cancelled after 2.0 s
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
wheels aiohttp==3.14.5
python <<'PYTHON'
import asyncio
import time

import aiohttp
from aiohttp import web

TIMEOUT = 1.0
cancelled: list[float] = []


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"tick\n")
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        cancelled.append(time.monotonic())
        raise


async def main() -> None:
    app = web.Application()
    app.router.add_get("/", stream)
    runner = web.AppRunner(app, shutdown_timeout=TIMEOUT)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as answer:
        await answer.content.readline()
        began = time.monotonic()
        await runner.cleanup()
    waited = cancelled[0] - began
    print(f"shutdown_timeout {TIMEOUT:g} s, handler cancelled after {waited:.1f} s")
    assert 1.8 * TIMEOUT < waited < 3 * TIMEOUT


asyncio.run(main())
PYTHON
