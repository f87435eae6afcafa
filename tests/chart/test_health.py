"""``helm test``: what its Pod runs, against a real daemon whose mail path is healthy, and one whose path is broken."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.alerts.servers import free_port
from tests.chart.conftest import Rendered
from tests.chart.helm import pods
from tests.patience import stretched


@contextmanager
def demo(output: Path, *arguments: str) -> Iterator[str]:
    """Run a daemon on a simulated path; give its address. Who asks it waits until it answers."""
    port = free_port()
    command = [sys.executable, "-m", "monitor", "demo", f"--web.listen-address=127.0.0.1:{port}", *arguments]
    with output.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ}) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def asked(rendered: Rendered, address: str, seconds: str) -> subprocess.CompletedProcess[str]:
    """Run what the Pod runs, with the daemon's address in place of the Service's."""
    (container,) = pods(rendered["minimal"])["Pod"]["containers"]
    assert container["command"] == ["python", "-c"]
    program, service, _ = container["args"]
    assert service == "http://mailpath.monitoring:9641"
    command = [sys.executable, "-c", program, address, seconds]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=stretched(120))


def test_a_healthy_path_passes(rendered: Rendered, tmp_path: Path) -> None:
    """Ready, then healthy; what was answered is shown."""
    with demo(tmp_path / "output") as address:
        done = asked(rendered, address, "60")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/readyz 200" in done.stdout
    assert "/healthz 200" in done.stdout


def test_a_broken_path_does_not(rendered: Rendered, tmp_path: Path) -> None:
    """The daemon is ready, and what it knows of the path is shown: that fails the test."""
    with demo(tmp_path / "output", "--fault", "proxy-off") as address:
        done = asked(rendered, address, str(stretched(8)))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "/readyz 200" in done.stdout
    assert "/healthz 503" in done.stdout


@pytest.mark.parametrize("seconds", ["0"])
def test_nobody_there_does_not(rendered: Rendered, seconds: str) -> None:
    """A Service that leads nowhere is told, too."""
    done = asked(rendered, f"http://127.0.0.1:{free_port()}", seconds)
    assert done.returncode == 1
    assert "/readyz 0" in done.stdout
    assert "refused" in done.stdout
