"""The image at work: under lock and key it watches the real servers, and ends in order."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from pkgutil import walk_packages

import pytest

import monitor
from monitor import __version__
from tests.image.container import DIRECTORY, MEMORY_MIB, USER, Container, inspect, network_of, podman, run, settings
from tests.lab.daemon import SOUND
from tests.lab.haproxy import Settings
from tests.lab.lab import Lab

READY_WITHIN = 30.0
ALL_KNOWN = 60.0
ENDED_WITHIN = 20.0


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a laboratory of its own, whose HAProxy is as mailpath wants it."""
    with Lab(settings=Settings(legacy_pool=False, check_interval=500)) as own:
        yield own


def test_watches_the_laboratory(lab: Lab, tmp_path: Path, measured: dict[str, str]) -> None:
    """Ready, all green, healthy by its own HEALTHCHECK, within its memory; SIGTERM ends it with 0."""
    with Container(lab, tmp_path) as daemon:
        measured["ready"] = f"{daemon.ready_after:.1f} s after podman run"
        assert daemon.ready_after < READY_WITHIN
        daemon.until_view(SOUND, daemon.view, within=ALL_KNOWN)
        assert daemon.total("self_inflicted_problems_total") == 0
        podman("healthcheck", "run", daemon.name)  # raises unless it exits with 0
        revision = inspect(".Labels")["org.opencontainers.image.revision"]
        assert daemon.samples("build_info", version=__version__, revision=revision)
        peak = daemon.peak_memory()
        measured["memory"] = f"{peak:.0f} MiB at most, of {MEMORY_MIB}"

        began = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(ENDED_WITHIN) == 0
        measured["end"] = f"{time.monotonic() - began:.1f} s after SIGTERM"
    assert "Traceback" not in daemon.log_file.read_text()


def test_healthcheck_fails_without_a_daemon() -> None:
    """The check of the image is one that can fail."""
    test = inspect(".Config.Healthcheck.Test")
    assert test[0] == "CMD"
    assert run(*test[2:], options=("--network=none", f"--entrypoint={test[1]}")).returncode == 1


def test_runs_as_nobody_in_little_memory() -> None:
    """What holds the process is the kernel: uid, capabilities, the memory's limit."""
    python = ("--network=none", "--entrypoint=python")
    status = run("-c", "print(open('/proc/self/status').read())", options=python).stdout
    assert f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}" in status
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    writes = run("-c", "open('/tmp/x', 'w')", options=python)
    assert "Read-only file system" in writes.stderr
    greedy = run("-c", f"bytearray({2 * MEMORY_MIB} << 20)", options=python)
    assert greedy.returncode == 128 + signal.SIGKILL


def test_commands(lab: Lab, tmp_path: Path) -> None:
    """The other commands are there as well: a configuration is checked, and the path with it."""
    options = (network_of(lab), settings(lab, tmp_path))
    file = f"--config.file={DIRECTORY}/mailpath.yml"
    checked = run("config", "check", file, options=options)
    assert (checked.returncode, checked.stdout) == (
        0,
        f"{DIRECTORY}/mailpath.yml: path home: no faults (fixed nodes: 4, services: 4, edges: 1)\n",
    )
    green = run("check", file, options=options)
    assert green.returncode == 0, green.stdout
    assert green.stdout.startswith("OK: home: Every hop is healthy.")


def test_every_module_can_be_imported() -> None:
    """What was left out of the image is needed nowhere, not even where the library is loaded late."""
    program = (
        "import importlib, pkgutil, monitor\n"
        "names = [each.name for each in pkgutil.walk_packages(monitor.__path__, 'monitor.')]\n"
        "for name in names: name.endswith('__main__') or importlib.import_module(name)\n"
        "from monitor.links.kube_library import kube_library\n"
        "kube_library()\n"
        "import kubernetes_asyncio.stream, imaplib, smtplib, uvloop\n"
        "print(len(names))\n"
    )
    done = run("-c", program, options=("--network=none", "--entrypoint=python"))
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == sum(1 for _ in walk_packages(monitor.__path__, "monitor."))
