"""The daemon as it is shipped, in a process of its own: started, asked, ended."""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import peers
from bench.measure import ROOT

PATIENCE = 60.0


class Daemon:
    """One that runs; ``began`` is when its process was started, by ``time.monotonic``."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path, began: float) -> None:
        """Take a process that writes JSON into a log."""
        self.began = began
        self.pid = process.pid
        self._process = process
        self._log = log
        self.address = ""

    def metrics(self) -> bytes:
        """Scrape; nothing as long as it does not listen.

        Raises:
            RuntimeError: It has ended; with its last words.
        """
        if self._process.poll() is not None:
            raise RuntimeError(f"the daemon has ended: {self._log.read_text()[-2000:]}")
        self.address = self.address or self._listening()
        if not self.address:
            return b""
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=30) as answer:
            content: bytes = answer.read()
        return content

    def until(self, holds: Callable[[bytes], bool], every: float = 0.02) -> float:
        """Scrape until something holds; give how many seconds its process had run then.

        Raises:
            RuntimeError: It does not come to hold, or has ended.
        """
        while not holds(metrics := self.metrics()):
            if time.monotonic() - self.began > PATIENCE:
                raise RuntimeError(f"the daemon does not come so far: {metrics[-2000:].decode()}")
            time.sleep(every)
        return time.monotonic() - self.began

    def _listening(self) -> str:
        lines = self._log.read_text().split("\n")[:-1]
        events = (json.loads(line) for line in lines if '"daemon.listening"' in line)
        return next((str(event["address"]) for event in events), "")


@contextlib.contextmanager
def daemon(file: Path) -> Iterator[Daemon]:
    """Run the daemon with a configuration file until the block ends; it logs into a file beside it."""
    words = ["--web.listen-address=127.0.0.1:0", "--log.format=json"]
    command = [sys.executable, "-m", "monitor", "run", f"--config.file={file}", *words]
    log = file.with_suffix(".log")
    with log.open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=peers.environment(), stdout=output, stderr=output)
    try:
        yield Daemon(process, log, began)
    finally:
        process.terminate()
        process.wait()


def has_a_result(metrics: bytes) -> bool:
    """Tell whether the first round of any target has ended."""
    lines = metrics.splitlines()
    return any(line.startswith(b"mailpath_probes_total{") and not line.endswith(b" 0.0") for line in lines)
