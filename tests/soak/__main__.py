"""Run the soak: a simulated path in this process, the daemon in another, faults in between.

``SOAK_MINUTES`` says how long (60), ``SOAK_REPORT`` names a file for the result, besides standard output.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import yaml

from monitor.config.probing import CheckSettings, FrontDoorSettings, HandshakeSettings
from monitor.config.sources import EdgeSettings
from monitor.demo.configuration import mailpath_yml
from monitor.demo.mail_path import MailPath, open_mail_path
from monitor.engine.tasks import Tasks
from tests.soak.daemon import Series, SoakedDaemon
from tests.soak.faults import SOAK_FAULTS, SoakFault, sound
from tests.soak.report import Result, Sample, Strike

TIMES = 50
MINUTE = 60.0
# A fault lasts so long at least, and its minute ends whether or not its end was seen.
HOLD = 25.0
SAMPLE_EVERY = 5.0
RELOAD_EVERY = 5
# After the start, until everything has been seen once.
SETTLED_WITHIN = 30.0


def hurried(text: str) -> str:
    """Make the demo's configuration fifty times as fast as the shipped one; nothing is slow on a busy machine."""
    document: dict[str, Any] = yaml.safe_load(text)
    path = document["paths"][0]
    patient = {"timeout": "5s", "slow_after": "2s"}
    shipped = HandshakeSettings()
    handshakes = {
        "interval": _fast(shipped.interval),
        "fast_interval": _fast(shipped.fast_interval),
        "reply_interval": _fast(shipped.reply_interval),
        "negative_interval": _fast(shipped.negative_interval),
    }
    door = {
        "interval": _fast(FrontDoorSettings().interval),
        "fast_interval": _fast(FrontDoorSettings().fast_interval),
    }
    path["checks"] |= {"interval": _fast(CheckSettings().interval)}
    path["handshakes"] |= handshakes | patient
    path["front_door"] |= door | patient
    edge = EdgeSettings(name="", address="")
    path["edges"][0] |= {"interval": _fast(edge.interval), "slow_interval": _fast(edge.slow_interval)}
    return yaml.safe_dump(document)


def _fast(seconds: float) -> str:
    return f"{seconds / TIMES * 1000:.0f}ms"


class Soak:
    """One run."""

    def __init__(self, path: MailPath, daemon: SoakedDaemon) -> None:
        """Take a sound path and the daemon that watches it."""
        self._path = path
        self._daemon = daemon
        self._started = _now()
        self.samples: list[Sample] = []
        self.strikes: list[Strike] = []

    async def run(self, minutes: int) -> float:
        """Strike once a minute; give the seconds that it took."""
        await self._until(sound, _now() + SETTLED_WITHIN)
        self._started = _now()
        tasks = Tasks(_tell_bug)
        tasks.spawn("samples", self._sample())
        for minute, fault in zip(range(minutes), cycle(SOAK_FAULTS), strict=False):
            tasks.spawn("page", self._daemon.listen(HOLD))
            if minute % RELOAD_EVERY == RELOAD_EVERY - 1:
                self._daemon.reload()
            await self._strike(fault, self._started + (minute + 1) * MINUTE)
            print(minute, self.strikes[-1], self.samples[-1], flush=True)  # noqa: T201 - a program's own output
        await tasks.cancel()
        return _now() - self._started

    async def _strike(self, fault: SoakFault, end: float) -> None:
        struck = _now()
        fault.strike(self._path)
        shown = await self._until(fault.shown, struck + HOLD)
        for page in ("/", "/api/v1/status", "/healthz", "/config"):
            await self._daemon.get(page)
        await asyncio.sleep(max(0.0, struck + HOLD - _now()))
        mended = _now()
        await fault.mend(self._path)
        over = await self._until(sound, end)
        self.strikes.append(Strike(fault.name, _after(struck, shown), _after(mended, over)))
        await asyncio.sleep(max(0.0, end - _now()))

    async def _until(self, holds: Callable[[Series], bool], deadline: float) -> float | None:
        while not holds(await self._daemon.scrape()):
            if _now() > deadline:
                return None
            await asyncio.sleep(0.5)
        return _now()

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_EVERY)
            series = await self._daemon.scrape()
            self.samples.append(
                Sample(
                    _now() - self._started,
                    series.value("process_resident_memory_bytes"),
                    series.value("process_open_fds"),
                    series.value("mailpath_event_loop_tasks"),
                    series.value("mailpath_event_loop_lag_seconds"),
                )
            )


async def soak(minutes: int, directory: Path) -> Result:
    """Run everything, for so many minutes."""
    path = await open_mail_path(directory, _tell_bug)
    try:
        configuration = directory / "mailpath.yml"
        configuration.write_text(hurried(mailpath_yml(path)))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=MINUTE)) as session:
            daemon = await SoakedDaemon.start(configuration, directory / "daemon.log", session)
            run = Soak(path, daemon)
            try:
                seconds = await run.run(minutes)
                end = await daemon.scrape()
            finally:
                exit_code = await daemon.stop()
        totals = {
            "rounds": end.value("mailpath_probes_total"),
            "lines of the mail log": end.value("mailpath_maillog_lines_total"),
            "self-inflicted lines": end.value("mailpath_self_inflicted_problems_total"),
            "skipped slots": end.value("mailpath_schedule_skipped_total"),
            "bugs": end.value("mailpath_probe_bugs_total"),
        }
        return Result(seconds, run.samples, run.strikes, totals, exit_code)
    finally:
        await path.close()


def _after(start: float, then: float | None) -> float | None:
    return None if then is None else then - start


def _now() -> float:
    return asyncio.get_running_loop().time()


def _tell_bug(name: str, error: BaseException) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": f"soak: {name}", "exception": error})


def main() -> int:
    """Soak; 1 where a promise was not kept."""
    with TemporaryDirectory(prefix="mailpath-soak-") as name:
        result = asyncio.run(soak(int(os.environ.get("SOAK_MINUTES", "60")), Path(name)))
    faults = result.faults()
    text = result.table() + "\n" + "".join(f"- {fault}\n" for fault in faults)
    sys.stdout.write(text)
    with suppress(KeyError):
        Path(os.environ["SOAK_REPORT"]).write_text(text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
