"""``mailpath run`` as a process of its own, on a path that it seldom probes, with a mail log."""

import contextlib
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.patience import stretched
from tests.waiting import eventually

CONFIGURATION = """
paths:
  - name: home
    nodes: {static: [{name: k8s-node1, address: 127.0.0.1}]}
    tls: {server_name: mail.example.org}
    checks: {interval: 1h}
    handshakes: {interval: 1h, fast_interval: 1h}
    maillog: {file: {path: LOG}}
"""
PATIENCE = 90.0


@contextlib.contextmanager
def life(directory: Path, *flags: str, text: str = CONFIGURATION) -> Iterator["Life"]:
    """Run the daemon; it is killed at the end of the context."""
    configuration = directory / "mailpath.yml"
    configuration.write_text(text.replace("LOG", str(directory / "mail.log")))
    command = [sys.executable, "-m", "monitor", "run", "--config.file", str(configuration), *flags]
    with (directory / "output").open("w+b") as output:
        process = subprocess.Popen(
            [*command, "--web.listen-address", "127.0.0.1:0", "--log.format", "json"], stdout=output, stderr=output
        )
        try:
            yield Life(process, directory / "output")
        finally:
            process.kill()
            process.wait()


class Life:
    """One process of the daemon."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: Path) -> None:
        """Take a process that writes its log to ``output``."""
        self._process = process
        self._output = output
        self.until(lambda: "daemon.listening" in self.events)
        self._base = f"http://{self.events['daemon.listening']['address']}"

    @property
    def events(self) -> dict[str, dict[str, str]]:
        """Give what was logged, by the events' names."""
        lines = [line for line in self._output.read_text().split("\n")[:-1] if line.startswith("{")]
        return {event["event"]: event for event in map(json.loads, lines)}

    def get(self, path: str) -> str:
        """Give what an endpoint answers, ``""`` where it is no 200."""
        try:
            with urllib.request.urlopen(f"{self._base}{path}", timeout=stretched(5)) as answer:  # noqa: S310 - our own http
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            return ""

    def value(self, metric: str) -> float | None:
        """Give the value of a metric's first series."""
        found = re.search(rf"^{metric}(?:\{{.*\}})? (\S+)$", self.get("/metrics"), re.MULTILINE)
        return float(found[1]) if found else None

    def counted(self) -> int:
        """Give how many lines of the mail log this process has counted."""
        return int(self.value("mailpath_maillog_lines_total") or 0)

    def until_counted(self, lines: int) -> int:
        """Wait until so many lines are counted; give how many are."""
        self.until(lambda: self.counted() >= lines)
        return self.counted()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""

        def so() -> bool:
            held = holds()
            assert held or self._process.poll() is None, f"mailpath has ended:\n{self._output.read_text()}"
            return held

        eventually(so, PATIENCE, self._output.read_text)
