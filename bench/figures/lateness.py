"""How late rounds begin, and whether the beat drifts: idle, and under each burden that a daemon may have to bear."""

import os
import signal
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import logs, peers
from bench.measure import PATIENCE, Bound, Figure, Standing, standing
from bench.subjects.settings import paths_of, written
from monitor.config.services import DEFAULT_SERVICES

NODES = 334  # of three services each: 1,002 checks at one second
# Nodes of four handshakes and three checks each that are due once an hour: they make the 100,000 series.
SLOW_NODES = 1200
TLS_NODES = 50  # of one handshake a second each
FLOOD = 10_000  # lines a second
SECONDS = 3.0
CHECKS = {"interval": "1s", "mode": "silent"}
PORTS = dict(zip(("smtp", "smtps", "submission"), peers.CHECK_PORTS, strict=True))
WARM_UP, SETTLE = [1, 3.0], [1, 1.0]


Paths = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Stand:
    """The daemon that is watched, its configuration file, and the mail log that it follows."""

    daemon: Standing
    pid: int
    address: str
    file: Path
    log: Path
    lines: Path

    @contextmanager
    def bearing(self, *kinds: str) -> Iterator[list[Any]]:
        """Burden it while the block runs; gives what the burdens say at their beginning."""
        burdens: Mapping[str, dict[str, Any]] = {
            "scrape": {"address": self.address, "pause": 1.0},
            "reload": {"pid": self.pid, "pause": 1.0},
            "flood": {"lines": str(self.lines), "file": str(self.log), "rate": FLOOD},
        }
        with ExitStack() as stack:
            begun = {kind: stack.enter_context(standing("burden", kind=kind, **burdens[kind])) for kind in kinds}
            yield [begun["scrape"].hear()] if "scrape" in begun else []

    def watch(self, windows: Sequence[float]) -> Any:
        """Have it watch so many windows of so many seconds."""
        count, seconds = windows
        self.daemon.tell(windows)
        return self.daemon.hear(count * seconds + PATIENCE)


def figures(directory: Path, programs: dict[str, Path], rounds: int, seconds: float = SECONDS) -> Iterator[Figure]:
    """Measure each burden in as many windows as there are rounds, one daemon for all of them."""
    with ExitStack() as stack:
        accept = [programs["target"], "accept", *peers.CHECK_PORTS]
        stack.enter_context(peers.running(accept, peers.CHECK_PORTS, directory / "target.log"))
        stack.enter_context(peers.tls_front(directory, programs["target"]))
        stand = stack.enter_context(_stand(directory))
        stand.watch(WARM_UP)
        windows = [rounds, seconds]
        idle, busy = Bound("p99", "", 10, 3), Bound("p99", "", 50, 20)
        yield _figure("idle", stand.watch(windows), idle, Bound("drift", "", 2, 1))
        for name, kind in (
            ("scraped every second", "scrape"),
            ("reloaded every second", "reload"),
            (f"{FLOOD:,} log lines a second", "flood"),
        ):
            with stand.bearing(kind):
                stand.watch(SETTLE)
                yield _figure(name, stand.watch(windows), busy)
        _reload(stand, _tls_paths(directory))
        stand.watch(WARM_UP)
        before, began = _handshakes(stand.address), time.monotonic()
        told = stand.watch(windows)
        rate = (_handshakes(stand.address) - before) / (time.monotonic() - began)
        yield _figure(
            f"{TLS_NODES} TLS handshakes a second", told, busy, note=f"{rate:.1f} a second came to their end."
        )
        _reload(stand, _slow_paths())
        stand.watch([1, 8.0])
        with stand.bearing("scrape", "flood") as said:
            stand.watch(SETTLE)
            told = stand.watch(windows)
        name = f"100,000 series scraped every second and {FLOOD:,} log lines a second"
        yield _figure(name, told, busy, note=f"{said[0]['series']:,} series.")


def _handshakes(address: str) -> float:
    """Give how many handshakes have ended well."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
        lines = (line for line in answer if b'probe="handshake",result="success"' in line)
        return sum(float(line.rpartition(b" ")[2]) for line in lines)


def _figure(name: str, told: Any, *bounds: Bound, note: str = "") -> Figure:
    values = {key: told[key] for key in ("p50", "p99", "max")} | {"drift": [told["drift"]]}
    return Figure(f"Start lateness, 1,002 checks at 1 s, {name}", "ms", values, bounds, note)


@contextmanager
def _stand(directory: Path) -> Iterator[Stand]:
    file, log, lines = directory / "beat.yml", directory / "followed.log", directory / "lines.log"
    logs.write_log(lines, "realistic", 50_000)
    log.touch()
    _write(file, log, [])
    with standing("beat", file=str(file)) as daemon:
        yield Stand(daemon, file=file, log=log, lines=lines, **daemon.hear())


def _write(file: Path, log: Path, further: Paths) -> None:
    paths = paths_of(NODES, "127.1.{}.{}", CHECKS, {name: {"check_node_port": port} for name, port in PORTS.items()})
    paths[0]["maillog"] = {"file": {"path": str(log)}}
    file.write_bytes(written([*paths, *further]))


def _reload(stand: Stand, further: Paths) -> None:
    """Let the daemon watch further paths beside its first ones."""
    _write(stand.file, stand.log, further)
    os.kill(stand.pid, signal.SIGHUP)


def _tls_paths(directory: Path) -> Paths:
    asked = {"node_port": peers.TLS_PROXIED_PORT, "check_node_port": None}
    paths = paths_of(TLS_NODES, "127.3.{}.{}", {}, {**dict.fromkeys(DEFAULT_SERVICES), "smtps": asked}, "tls")
    for path in paths:
        path["handshakes"] |= {"interval": "1s", "fast_interval": "1s"}
        path["tls"] |= {"ca_file": str(directory / "ca.pem")}
        path["healthz"] = {"require": {"services": ["smtps"]}}
    return paths


def _slow_paths() -> Paths:
    services = {name: {"check_node_port": port} for name, port in PORTS.items()}
    paths = paths_of(SLOW_NODES, "127.4.{}.{}", {"interval": "1h"}, services, "slow")
    for path in paths:
        path["handshakes"] |= {"interval": "1h"}
    return paths
