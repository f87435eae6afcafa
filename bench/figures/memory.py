"""Memory: what a target keeps, a thousand of them in a whole process, and the daemon with each of its sources."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import peers
from bench.daemons import daemon, has_a_result
from bench.measure import Bound, Figure, resident, subject
from bench.subjects.settings import paths_of, written
from monitor.config.services import DEFAULT_SERVICES

NODES = 334  # of three checks each, and then as many again
SECONDS = 4.0
CHECKED = ("smtp", "smtps", "submission")
DATA_PORTS = (31225, 31226, 31227, 31228)
FEW, MANY = 4, 300  # nodes of the runbook's seven targets
SETTLE = 10.0
KIB = 1024.0


def figures(directory: Path, programs: dict[str, Path], rounds: int) -> Iterator[Figure]:
    """Measure both."""
    with ExitStack() as stack:
        accept = [programs["target"], "accept", *peers.CHECK_PORTS]
        stack.enter_context(peers.running(accept, peers.CHECK_PORTS, directory / "target.log"))
        proxied = [programs["target"], "proxied", *DATA_PORTS]
        stack.enter_context(peers.running(proxied, DATA_PORTS, directory / "proxied.log"))
        yield _kept(min(rounds, 2))
        yield _per_thousand(directory, min(rounds, 3))


def _kept(rounds: int) -> Figure:
    """Take the difference between a daemon of so many targets and one of twice as many."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        each = {name: size / KIB for name, size in more_of("held").items()}
        each["without its metric series"] = sum(size for name, size in each.items() if name != "metric series")
        for name, size in each.items():
            found.setdefault(name, []).append(size)
    note = (
        "Python's own account (tracemalloc), a daemon of 2,004 checks less one of 1,002, by the room of the code that "
        "allocated; everything that is kept for a target is in it, its part of the configuration and of the path too."
    )
    bounds = (Bound("without its metric series", "", 2, 1),)
    return Figure("Memory per periodic target (a check)", "KiB", found, bounds, note)


def more_of(what: str) -> dict[str, float]:
    """Give the bytes that a target more takes, by holder (``held``) or by line of code (``lines``).

    The healthcheck ports must be open.
    """
    fewer, more = _told(NODES), _told(2 * NODES)
    targets = more["targets"] - fewer["targets"]
    return {name: (size - fewer[what].get(name, 0)) / targets for name, size in more[what].items()}


def _told(nodes: int) -> Any:
    services = {name: {"check_node_port": port} for name, port in zip(CHECKED, peers.CHECK_PORTS, strict=True)}
    return subject("targets", nodes=nodes, services=services, seconds=SECONDS)


def _per_thousand(directory: Path, rounds: int) -> Figure:
    """Take the difference between the shipped daemon with many nodes and with a few."""
    ports = zip(DEFAULT_SERVICES, DATA_PORTS, (*peers.CHECK_PORTS, None), strict=True)
    services = {name: {"node_port": data, "check_node_port": check} for name, data, check in ports}
    sizes: dict[str, list[float]] = {"28 targets": [], "2,100 targets": [], "a thousand targets more": []}
    for _ in range(rounds):
        with ExitStack() as stack:
            running = []
            for nodes in (FEW, MANY):
                file = directory / f"memory-{nodes}.yml"
                file.write_bytes(written(paths_of(nodes, "127.1.{}.{}", {}, services)))
                running.append(stack.enter_context(daemon(file)))
            for each in running:
                each.until(has_a_result)
            time.sleep(SETTLE)
            few, many = (resident(each.pid) for each in running)
        sizes["28 targets"].append(few)
        sizes["2,100 targets"].append(many)
        sizes["a thousand targets more"].append((many - few) / (7 * (MANY - FEW)) * 1000)
    note = "Resident memory of the whole process, 10 s after its first result; seven targets a node, series included."
    return Figure("Resident memory per thousand targets", "MiB", sizes, note=note)
