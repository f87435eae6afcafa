"""``mailpath demo`` as a process of its own, asked over HTTP."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.patience import stretched
from tests.waiting import eventually

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
            with urllib.request.urlopen(f"{self.base}{path}", timeout=stretched(5)) as answer:  # noqa: S310 - our own http
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

        def tale() -> str:
            return f"{self.get('/healthz')}\n" + "\n".join(self.metrics())

        eventually(lambda: holds(self, self.metrics()), within, tale, every=0.1)


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
        yield Demo(process, base_of(process, output))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, output.read_text()
        assert "Traceback" not in output.read_text()
        assert list(temporary.iterdir()) == []
    finally:
        process.kill()
        process.wait()


def base_of(process: "subprocess.Popen[bytes]", output: Path) -> str:
    """Give the URL at which a demo that logs JSON into ``output`` listens, as soon as it does."""

    def found() -> list[dict[str, str]]:
        lines = (line for line in output.read_text().split("\n")[:-1] if line.startswith("{"))
        return [event for event in map(json.loads, lines) if event["event"] == "daemon.listening"]

    def so() -> bool:
        assert process.poll() is None, f"the demo has ended:\n{output.read_text()}"
        return bool(found())

    eventually(so, 60.0, output.read_text)
    event = found()[0]
    assert event["url"] == f"http://{event['address']}/"  # what a redirected output is searched for
    return f"http://{event['address']}"
