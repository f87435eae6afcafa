"""The real daemon on the client's host of a laboratory, asked over HTTP as Prometheus asks it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families

from tests.lab.lab import Lab

Labels = frozenset[tuple[str, str]]


class Daemon:
    """``mailpath run`` with a configuration, its log in a file; ended with the context."""

    def __init__(self, lab: Lab, directory: Path, configuration: str, *flags: str) -> None:
        """Write the configuration."""
        self._lab = lab
        self.file = directory / "mailpath.yml"
        self.log_file = directory / "mailpath.log"
        self.file.write_text(configuration)
        self._flags = flags
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "monitor", "run", f"--config.file={self.file}", "--log.format=json"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._lab.command_prefix(), *command, *self._flags], stdout=log, stderr=log, start_new_session=True
            )
        self.until(lambda: self.status_of("/readyz") == 200, within=30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def status_of(self, path: str) -> int:
        """Ask for a page's status; 0 while nobody listens."""
        try:
            return self._lab.http_get(path).status
        except OSError:
            return 0

    def json(self, path: str) -> Any:  # noqa: ANN401 - a document
        """Ask for a JSON document."""
        return json.loads(self._lab.http_get(path).body)

    def samples(self, name: str, **labels: str) -> dict[Labels, float]:
        """Give the samples of one metric (without its prefix) that carry these labels."""
        wanted = set(labels.items())
        return {
            frozenset(sample.labels.items()): sample.value
            for family in text_string_to_metric_families(self._lab.http_get("/metrics").body)
            for sample in family.samples
            if sample.name == f"mailpath_{name}" and wanted <= set(sample.labels.items())
        }

    def values(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Give one metric's values by the value of one label."""
        return {dict(key)[label]: value for key, value in self.samples(name, **labels).items()}

    def matrix(self, name: str = "verdict") -> dict[tuple[str, str], str]:
        """Give a state set's current state by node and service."""
        state = "verdict" if name != "lb_agreement" else "state"
        return {
            (labels["node"], labels["service"]): labels[state]
            for key, value in self.samples(name).items()
            if value == 1
            for labels in (dict(key),)
        }

    def front_doors(self) -> dict[str, str]:
        """Give the front doors' verdicts by service."""
        return {
            dict(key)["service"]: dict(key)["verdict"]
            for key, value in self.samples("front_door_verdict").items()
            if value == 1
        }

    def hop(self) -> str:
        """Give the diagnosed hop."""
        return next(hop for hop, value in self.values("diagnosis", "hop").items() if value == 1)

    def events(self, name: str) -> list[Mapping[str, Any]]:
        """Give the log events of a name."""
        lines = (json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{"))
        return [event for event in lines if event.get("event") == name]

    def until(self, holds: Callable[[], bool], *, within: float) -> float:
        """Poll until something holds; gives the seconds it took.

        Raises:
            AssertionError: It did not hold in time; the last of the daemon's log tells the tale.
        """
        began = time.monotonic()
        while not holds():
            waited = time.monotonic() - began
            assert self.process is not None
            alive = self.process.poll() is None
            assert alive, f"mailpath has ended; {self._tale()}"
            assert waited < within, f"not after {waited:.1f} s; {self._tale()}"
            time.sleep(0.1)
        return time.monotonic() - began

    def _tale(self) -> str:
        return "log:\n" + "\n".join(self.log_file.read_text().splitlines()[-25:])
