"""Start lateness of a thousand checks at one second: idle, or while the daemon is scraped and a log flood is parsed."""

import asyncio
import time
from pathlib import Path

from aiohttp import ClientSession

from bench.subjects import arguments, run, tell
from bench.subjects.settings import checking_daemon, many_targets
from monitor.publish.app import make_app
from monitor.publish.listen import parse_listen_address, serving
from monitor.publish.web_config import WebSettings
from monitor.wire.maillog import MaillogParser

ASKED = arguments()
LOG = Path(ASKED["log"]).read_bytes() if "log" in ASKED else b""
BLOCK = 64 * 1024


async def main() -> None:
    """Watch for some seconds; tell the lateness in milliseconds, by our own clock, and its drift."""
    services = dict(
        zip(("smtp", "smtps", "submission"), ({"check_node_port": port} for port in ASKED["ports"]), strict=True)
    )
    settings = many_targets(ASKED["nodes"], "127.1.{}.{}", {"interval": "1s", "mode": "silent"}, services)
    daemon = checking_daemon(settings)
    loop, lateness = asyncio.get_running_loop(), list[float]()
    started = daemon.started

    def note(late: float) -> None:
        # The loop's own clock may stand still for a whole turn.
        lateness.append(1000 * (time.monotonic() - (loop.time() - late)))
        started(late)

    daemon.started = note  # type: ignore[method-assign,assignment]
    await daemon.start()
    async with serving(make_app(daemon, daemon.metrics, WebSettings()), [_LISTEN], None) as bound:
        await asyncio.sleep(3)
        lateness.clear()
        loads = [loop.create_task(each) for each in (_scrape(str(bound[0])), _read())] if LOG else []
        await asyncio.sleep(ASKED["seconds"])
        for each in loads:
            each.cancel()
        half = len(lateness) // 2
        tell(
            {
                "p50": _quantile(lateness, 0.5),
                "p99": _quantile(lateness, 0.99),
                "max": max(lateness),
                "drift": _quantile(lateness[half:], 0.5) - _quantile(lateness[:half], 0.5),
            }
        )


_LISTEN = parse_listen_address("127.0.0.1:0")


def _quantile(values: list[float], part: float) -> float:
    return sorted(values)[int(len(values) * part)]


async def _scrape(address: str) -> None:
    """Scrape every second."""
    async with ClientSession() as session:
        while True:
            async with session.get(f"http://{address}/metrics") as answer:
                await answer.read()
            await asyncio.sleep(1)


async def _read() -> None:
    """Parse some 10,000 lines a second, block by block, as a followed file is."""
    parser, at = MaillogParser(), 0
    while True:
        parser.feed(LOG[at : at + BLOCK])
        at = (at + BLOCK) % (len(LOG) - BLOCK)
        await asyncio.sleep(0.05)


run(main)
