"""The real daemon on the client's host of a laboratory, asked over HTTP as Prometheus asks it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from tests.lab.lab import HttpAnswer, Lab
from tests.lab.network import NODES
from tests.waiting import eventually

SERVICES = ("smtp", "smtps", "submission", "imaps")
CHECKED = SERVICES[:3]
"""Those that have a healthcheck NodePort."""
SOUND = {
    **{f"check {node} {service}": "up" for node in NODES for service in CHECKED},
    **{f"handshake {node} {service}": "ok" for node in NODES for service in SERVICES},
    **{f"agreement {node} {service}": "agree" for node in NODES for service in SERVICES},
    **{f"front_door {service}": "ok" for service in SERVICES},
    **dict.fromkeys(("edge", "haproxy", "maillog"), "up"),
    "hop": "none",
}
"""The view of the whole laboratory when nothing is broken."""
Labels = frozenset[tuple[str, str]]
LABEL = re.compile(r'(\w+)="([^"]*)"')


class Daemon:
    """``mailpath run`` with a configuration, its log in a file; ended with the context."""

    def __init__(self, lab: Lab, directory: Path, configuration: str, *flags: str) -> None:
        """Write the configuration."""
        self._lab = lab
        self.file = directory / "mailpath.yml"
        self.log_file = directory / "mailpath.log"
        self.file.write_text(configuration)
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None
        self.ready_after = 0.0
        """Seconds from its start until it was ready."""

    def spawn(self, log: BinaryIO, *flags: str) -> subprocess.Popen[bytes]:
        """Start the process, its output in ``log``."""
        command = [sys.executable, "-m", "monitor", "run", f"--config.file={self.file}", *flags]
        # What this host trusts is none of the laboratory's business, and OpenSSL would read all of it at every start.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT_")}
        return subprocess.Popen([*self._lab.command_prefix(), *command], stdout=log, stderr=log, env=environment)

    def __enter__(self) -> Self:
        """Start it and wait until it is ready."""
        with self.log_file.open("ab") as log:
            self._process = self.spawn(log, "--log.format=json", *self._flags)
        try:
            self.ready_after = self.until(lambda: self.status_of("/readyz") == 200, within=60)
        except AssertionError:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def restart(self) -> None:
        """End it in order and start it anew, with the configuration as it is now."""
        self.__exit__(None, None, None)
        self.__enter__()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The daemon's process."""
        assert self._process is not None
        return self._process

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()

    def reload(self, configuration: str) -> HttpAnswer:
        """Write another configuration and have it loaded by ``POST /-/reload``."""
        self.file.write_text(configuration)
        return self._lab.http("POST", "/-/reload")

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
            frozenset(found.items()): value for _, found, value in self._scrape(name) if wanted <= set(found.items())
        }

    def values(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Give one metric's values by the value of one label."""
        return {dict(key)[label]: value for key, value in self.samples(name, **labels).items()}

    def total(self, name: str, **labels: str) -> float:
        """Give the sum of one metric over everything that carries these labels."""
        return sum(self.samples(name, **labels).values())

    def view(self) -> dict[str, str]:
        """Give everything that mailpath concludes, from one scrape: a line for each thing and its state.

        ``check NODE SERVICE``, ``handshake NODE SERVICE`` (the verdict), ``agreement NODE SERVICE``,
        ``front_door SERVICE`` (the verdict), ``edge``, ``haproxy``, ``maillog`` and ``hop``; what is up or down in the
        metrics is ``up`` or ``down`` here, what is absent there is absent here.
        """
        return dict(line for sample in self._scrape(*_UP, *_STATES) for line in _lines(*sample))

    def hop(self) -> str:
        """Give the diagnosed hop."""
        return self.view()["hop"]

    def events(self, name: str) -> list[Mapping[str, Any]]:
        """Give the log events of a name."""
        lines = (json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{"))
        return [event for event in lines if event.get("event") == name]

    def memory(self) -> float:
        """Give the resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def processor_time(self) -> float:
        """Give the seconds of processor time that it has used since its start, its children's not included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime of proc(5)

    def until(self, holds: Callable[[], bool], *, within: float) -> float:
        """Poll until something holds; gives the seconds it took.

        Raises:
            AssertionError: It did not hold in time; the last of the daemon's log tells the tale.
        """

        def so() -> bool:
            held = holds()
            assert held or self.process.poll() is None, f"mailpath has ended; {self.tale()}"
            return held

        return eventually(so, within, self.tale, every=0.1)

    def until_view(self, expected: Mapping[str, str], seen: Callable[[], Mapping[str, str]], *, within: float) -> None:
        """Poll until what is seen is as expected.

        Raises:
            AssertionError: It was not, in time; tells in what it differs.
        """
        try:
            self.until(lambda: seen() == expected, within=within)
        except AssertionError as error:
            now = seen()
            differs = {key: now.get(key) for key in now.keys() | expected if now.get(key) != expected.get(key)}
            raise AssertionError(f"differs in {differs}; {error}") from error

    def until_sound(self, *, within: float = 20) -> None:
        """Wait until all that is watched is known and well, for which postscreen may take six seconds."""
        well = set(SOUND.values())
        self.until(lambda: well.issuperset(self.view().values()), within=within)

    def tale(self) -> str:
        """Give the last of the log, for the message of a failed assertion."""
        return "log:\n" + "\n".join(self.log_file.read_text().splitlines()[-25:])

    def _scrape(self, *names: str) -> Iterator[tuple[str, dict[str, str], float]]:
        # By hand, for this is done many times a second; that the format is sound is tested elsewhere.
        sample = re.compile(rf"^mailpath_({'|'.join(names)})(?:\{{(.*)\}})? (\S+)$", re.MULTILINE)
        for name, labels, value in sample.findall(self._lab.http_get("/metrics").body):
            yield name, dict(LABEL.findall(labels)), float(value)


_UP = {"check_up": "check {node} {service}", "edge_up": "edge", "haproxy_up": "haproxy", "maillog_up": "maillog"}
_STATES = {
    "verdict": ("handshake {node} {service}", "verdict"),
    "front_door_verdict": ("front_door {service}", "verdict"),
    "lb_agreement": ("agreement {node} {service}", "state"),
    "diagnosis": ("hop", "hop"),
}


def _lines(metric: str, labels: dict[str, str], value: float) -> Iterator[tuple[str, str]]:
    if metric in _UP:
        yield _UP[metric].format_map(labels), "up" if value else "down"
    elif metric in _STATES and value:
        name, state = _STATES[metric]
        yield name.format_map(labels), labels[state]
