"""The daemon as a whole: how late rounds begin, how soon it has its first result, how much memory it takes."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import yaml

from bench import logs, peers
from bench.measure import ROOT, Bound, Figure, resident, subject

NODES = 334
SECONDS = 10
PORT = 31641
PATIENCE = 60


def figures(directory: Path, programs: dict[str, Path], rounds: int) -> Iterator[Figure]:
    """Measure all of them."""
    accept = [programs["target"], "accept", *peers.CHECK_PORTS]
    with peers.running(accept, peers.CHECK_PORTS, directory / "target.log"):
        log = directory / "flood.log"
        logs.write_log(log, "realistic", 50_000)
        yield _lateness("idle", {}, rounds, Bound("p99", "", 10, 3))
        loaded = "scraped every second, 10,000 log lines a second parsed"
        yield _lateness(loaded, {"log": str(log)}, rounds, Bound("p99", "", 50, 20))
        told = [_start(directory, 4) for _ in range(rounds)]
        first = (Bound("first result", "", 1.0, 0.5),)
        yield Figure("Start to first probe result", "s", {"first result": [each[0] for each in told]}, first)
        memory = {"28 targets": [each[1] for each in told], "420 targets": [_start(directory, 60)[1]]}
        yield Figure("Resident memory, no edge", "MiB", memory, (Bound("28 targets", "", 60, 45),))


def _lateness(name: str, load: dict[str, str], rounds: int, bound: Bound) -> Figure:
    told = [subject("beat", nodes=NODES, ports=peers.CHECK_PORTS, seconds=SECONDS, **load) for _ in range(rounds)]
    values = {key: [each[key] for each in told] for key in ("p50", "p99", "max", "drift")}
    return Figure(f"Start lateness, 1,002 checks at 1 s, {name}", "ms", values, (bound,))


def _start(directory: Path, nodes: int) -> tuple[float, float]:
    """Start the real daemon; give the seconds to its first result, and its memory in MiB five seconds later."""
    static = [{"name": f"node{each}", "address": f"127.1.0.{each + 1}"} for each in range(nodes)]
    services = {"smtp": 0, "smtps": 1, "submission": 2}
    path = {
        "name": "home",
        "nodes": {"static": static},
        "services": {name: {"check_node_port": peers.CHECK_PORTS[number]} for name, number in services.items()},
        "tls": {"server_name": "mail.example.org"},
    }
    file = directory / "mailpath.yml"
    file.write_text(yaml.safe_dump({"paths": [path]}))
    command = [sys.executable, "-m", "monitor", "run", f"--config.file={file}"]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{PORT}"],
        cwd=ROOT,
        env=peers.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _has_a_result():
            if time.monotonic() - began > PATIENCE:
                raise RuntimeError("the daemon has no result")
            time.sleep(0.02)
        first = time.monotonic() - began
        time.sleep(5)
        return first, resident(process.pid)
    finally:
        process.terminate()
        process.wait()


def _has_a_result() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=2) as answer:
            lines = answer.read().splitlines()
    except (urllib.error.URLError, OSError):
        return False
    return any(line.startswith(b"mailpath_probes_total{") and line.endswith(b" 1.0") for line in lines)
