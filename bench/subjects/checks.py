"""The whole daemon, checks alone: beat, connects, rise/fall, statuses, metrics."""

import asyncio
import time

from bench.subjects import arguments, run, tell
from bench.subjects.settings import checking_daemon, many_targets, rounds_of


async def main() -> None:
    """Watch for some seconds after the first rounds; tell the CPU seconds and the rounds."""
    asked = arguments()
    checks = {"interval": asked["interval"], "timeout": asked.get("timeout", "3s"), "mode": asked["mode"]}
    services = {
        name: {"check_node_port": port}
        for name, port in zip(("smtp", "smtps", "submission"), asked["ports"], strict=True)
    }
    settings = many_targets(asked["nodes"], asked["address"], checks, services)
    daemon = checking_daemon(settings)
    await daemon.start()
    while not daemon.ready():
        await asyncio.sleep(0.05)
    rounds, cpu, wall = rounds_of(daemon), time.process_time(), time.monotonic()
    if "rounds" in asked:
        while rounds_of(daemon) - rounds < asked["rounds"]:
            await asyncio.sleep(0.2)
    else:
        await asyncio.sleep(asked["seconds"])
    cpu = time.process_time() - cpu
    tell({"cpu": cpu, "done": rounds_of(daemon) - rounds, "wall": time.monotonic() - wall})


run(main)
