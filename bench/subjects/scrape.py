"""``/metrics`` of the whole daemon over HTTP: its series, its CPU, and how long the event loop stands still."""

import asyncio
import time

from aiohttp import ClientSession
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bench.subjects import arguments, run, tell
from bench.subjects.settings import checking_daemon, many_targets
from monitor.publish.app import make_app
from monitor.publish.listen import parse_listen_address, serving
from monitor.publish.web_config import WebSettings

BEAT = 0.001


async def heartbeat(lateness: list[float]) -> None:
    """Ask for every millisecond, and note how much later it came."""
    while True:
        due = time.perf_counter() + BEAT
        await asyncio.sleep(BEAT)
        lateness.append(time.perf_counter() - due)


def own_rendering(series: int) -> float:
    """Give the CPU seconds that prometheus_client takes for as many child metrics of its own."""
    registry = CollectorRegistry()
    gauge = Gauge("mailpath_bench", "As many series.", ("path", "node", "service", "verdict"), registry=registry)
    for number in range(series):
        gauge.labels("path", f"node{number}", "smtp", "ok").set(1)
    cpu = time.process_time()
    generate_latest(registry)
    return time.process_time() - cpu


async def main() -> None:
    """Scrape some times; tell the CPU seconds per scrape, the series, and the loop's longest stall."""
    asked = arguments()
    services: dict[str, dict[str, object]] = {"smtp": {}, "smtps": {}, "submission": {}, "imaps": {}}
    checks = {"interval": "1h"}
    daemon = checking_daemon(many_targets(asked["nodes"], "127.1.{}.{}", checks, services), alone=False)
    await daemon.start()
    while not daemon.ready():
        await asyncio.sleep(0.1)
    await asyncio.sleep(4)
    lateness: list[float] = []
    app = make_app(daemon, daemon.metrics, WebSettings())
    async with serving(app, [parse_listen_address("127.0.0.1:0")], None) as bound, ClientSession() as session:
        beating = asyncio.get_running_loop().create_task(heartbeat(lateness))
        await asyncio.sleep(0.5)
        idle = max(lateness, default=0.0)
        url = f"http://{bound[0]}/metrics"
        cpu, stalls, series = 0.0, [], 0
        for turn in range(asked["scrapes"] + 1):
            lateness.clear()
            began = time.process_time()
            async with session.get(url) as answer:
                body = await answer.read()
            if turn:
                cpu += time.process_time() - began
                stalls.append(max(lateness, default=0.0))
            series = sum(not line.startswith(b"#") for line in body.splitlines())
            await asyncio.sleep(0.05)
        beating.cancel()
    stalls.sort()
    tell(
        {
            "cpu": cpu / asked["scrapes"],
            "series": series,
            "stall": stalls[len(stalls) // 2],
            "idle": idle,
            "own": own_rendering(series),
        }
    )


run(main)
