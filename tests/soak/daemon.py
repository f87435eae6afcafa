"""The daemon as a process of its own, by its own command line, and what it says of itself over HTTP."""

import asyncio
import json
import re
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

import aiohttp

_LABEL = re.compile(r'([a-z_]+)="([^"]*)"')


class Series:
    """One scrape."""

    def __init__(self, text: str) -> None:
        """Read Prometheus text."""
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        self._values = {series: float(value) for series, value in lines}

    def value(self, name: str) -> float:
        """Give the value of a metric without labels, or the sum of one that has some; 0 where there is none."""
        return sum(value for each, value in self._values.items() if each.partition("{")[0] == name)

    def count(self, name: str, **labels: str) -> int:
        """Count the series of a metric that are not zero and carry all these labels."""
        wanted = labels.items()
        return sum(
            bool(value) and each.startswith(f"{name}{{") and wanted <= dict(_LABEL.findall(each)).items()
            for each, value in self._values.items()
        )


class SoakedDaemon:
    """``mailpath run``, started; what it logs goes to a file."""

    def __init__(self, process: Process, log: Path, base: str, session: aiohttp.ClientSession) -> None:
        """Take a process that listens at ``base``."""
        self._process = process
        self._log = log
        self._base = base
        self._session = session

    @classmethod
    async def start(cls, configuration: Path, log: Path, session: aiohttp.ClientSession) -> "SoakedDaemon":
        """Start it and wait until it listens.

        Raises:
            RuntimeError: It does not come up; with its log.
        """
        state = configuration.with_name("state.json")
        flags = ["--config.file", str(configuration), "--state.file", str(state), "--log.format", "json"]
        flags += ["--web.listen-address", "127.0.0.1:0"]
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "monitor", "run", *flags, stdout=output, stderr=output
            )
        for _ in range(300):
            await asyncio.sleep(0.1)
            for line in _lines(log):
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "daemon.listening":
                    return cls(process, log, f"http://{event['address']}", session)
        process.kill()
        raise RuntimeError("\n".join(("the daemon does not listen:", *_lines(log))))

    async def get(self, path: str) -> str:
        """Give the body of an answer."""
        async with self._session.get(f"{self._base}{path}") as answer:
            return await answer.text()

    async def scrape(self) -> Series:
        """Give what ``/metrics`` shows."""
        return Series(await self.get("/metrics"))

    async def listen(self, seconds: float) -> None:
        """Follow the event stream for a while, as an open status page does, and leave."""
        try:
            async with (
                asyncio.timeout(seconds),
                self._session.get(f"{self._base}/api/v1/events", headers={"Accept": "text/event-stream"}) as answer,
            ):
                async for _ in answer.content:
                    pass
        except TimeoutError:
            return

    def reload(self) -> None:
        """Let it read its configuration anew."""
        self._process.send_signal(signal.SIGHUP)

    async def stop(self) -> int:
        """End it by SIGTERM; give its exit code."""
        self._process.terminate()
        return await self._process.wait()


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines()
