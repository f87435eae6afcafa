"""``mailpath demo`` as a process of its own, asked over HTTP."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

Series = Mapping[str, float]


class Demo:
    """A running demo, and what it says."""

    def __init__(self, process: "subprocess.Popen[bytes]", base: str) -> None:
        """Take a process that listens at ``base``."""
        self.process = process
        self.base = base

    def get(self, path: str) -> tuple[int, str]:
        """Ask for a path; give status and body."""
        try:
            with urllib.request.urlopen(f"{self.base}{path}", timeout=5) as answer:  # noqa: S310 - our own http
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self) -> Series:
        """Give every series that is not zero, by its name and labels as they stand."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if not line.startswith("#")]
        values = (line.rsplit(" ", 1) for line in lines)
        return {series: float(value) for series, value in values if float(value)}

    def until(self, holds: Callable[["Demo", Series], bool], within: float) -> None:
        """Poll until something holds; fail after so many seconds with what is there instead."""
        deadline = time.monotonic() + within
        while not holds(self, series := self.metrics()):
            if time.monotonic() > deadline:
                pytest.fail(f"not within {within} s:\n{self.get('/healthz')}\n" + "\n".join(series))
            time.sleep(0.1)


@contextlib.contextmanager
def demo_running(directory: Path, *arguments: str) -> Iterator[Demo]:
    """Start the demo on a port of its own, with its temporary files in ``directory``; end it by Ctrl-C."""
    output = directory / "output"
    command = [sys.executable, "-m", "monitor", "demo", "--web.listen-address", "127.0.0.1:0", "--log.format", "json"]
    temporary = directory / "tmp"
    temporary.mkdir()
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
    try:
        yield Demo(process, _base(process, output))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, output.read_text()
        assert "Traceback" not in output.read_text()
        assert list(temporary.iterdir()) == []
    finally:
        process.kill()
        process.wait()


def _base(process: "subprocess.Popen[bytes]", output: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for line in output.read_text().split("\n")[:-1]:
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "daemon.listening":
                assert event["url"] == f"http://{event['address']}/"  # what a redirected output is searched for
                return f"http://{event['address']}"
        time.sleep(0.05)
    pytest.fail(f"the demo does not listen:\n{output.read_text()}")
