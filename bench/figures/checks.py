"""TCP checks: saturated, and at their beat."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import peers
from bench.measure import Bound, Figure, Spent, alternate, program, subject

NODES = 334  # of three services each: 1,002 targets
COUNT = 20_000
ADDRESS = "127.1.{}.{}"
LISTENER = 31900  # HAProxy does not run without one
US = 1e6


def figures(directory: Path, programs: dict[str, Path], rounds: int) -> Iterator[Figure]:
    """Measure all of them."""
    with ExitStack() as stack:
        accept = [programs["target"], "accept", *map(str, peers.CHECK_PORTS)]
        stack.enter_context(peers.running(accept, peers.CHECK_PORTS, directory / "target.log"))
        with peers.blackbox(directory) as blackbox:
            yield _saturated(programs["checks"], blackbox, rounds)
        yield _targets_like_these(rounds)
        yield _at_their_beat(directory, NODES, 3, rounds)
        yield _at_their_beat(directory, 5 * NODES, 2, rounds)


def _ours(mode: str, **other: object) -> float:
    asked = {"mode": mode, "nodes": NODES, "address": ADDRESS, "ports": peers.CHECK_PORTS, "interval": "10ms"}
    told = subject("checks", **(asked | (other or {"rounds": COUNT})))
    return US * float(told["cpu"]) / float(told["done"])


def _limit(checks: Path, mode: str) -> float:
    told = program(checks, mode, str(COUNT), str(3 * NODES), str(NODES), *map(str, peers.CHECK_PORTS))
    if told["succeeded"] != COUNT:
        raise RuntimeError(f"the limit itself failed: {told}")
    return US * float(told["cpu"]) / COUNT


def _blackbox(pid: int) -> float:
    count = 1200
    with Spent(pid) as spent:
        peers.ask_blackbox("tcp", [f"127.1.0.{node}:{peers.CHECK_PORTS[0]}" for node in range(1, 250)], count)
    return US * spent.cpu / count


def _saturated(checks: Path, blackbox: int, rounds: int) -> Figure:
    contenders = {
        "mailpath connect": lambda: _ours("connect"),
        "mailpath silent": lambda: _ours("silent"),
        "C connect": lambda: _limit(checks, "connect"),
        "C silent": lambda: _limit(checks, "silent"),
        "blackbox tcp": lambda: _blackbox(blackbox),
    }
    bounds = (
        Bound("mailpath connect", "C connect", 1.5, 1.2),
        Bound("mailpath connect", "blackbox tcp", 1 / 5, 1 / 7),
        Bound("mailpath silent", "C connect", 1.2, 0.9),
    )
    return Figure("TCP check, saturated, whole engine", "µs CPU per check", alternate(contenders, rounds), bounds)


def _connector(kind: str, count: int, **other: object) -> float:
    asked = {"kind": kind, "count": count, "address": "127.1.0.1", "port": peers.CHECK_PORTS[0], "in_flight": 200}
    return US * float(subject("connector", **(asked | other))["cpu"]) / count


def _targets_like_these(rounds: int) -> Figure:
    """Targets that are not the limit case, by the engine of connects alone."""
    contenders = {
        "accepts": lambda: _connector("open", 10_000),
        "refuses": lambda: _connector("closed", 10_000, port=peers.CLOSED_PORT),
        "stays silent (timeout 100 ms)": lambda: _connector("deaf", 5000, timeout=0.1),
        "IPv6": lambda: _connector("open", 10_000, address="::1"),
        "a name (a resolver's thread)": lambda: _connector("name", 1000, address="localhost"),
    }
    return Figure(
        "TCP check, other targets, engine of connects alone", "µs CPU per check", alternate(contenders, rounds)
    )


def _at_their_beat(directory: Path, nodes: int, seconds: int, rounds: int) -> Figure:
    """The same targets at one second, whole daemon, beside HAProxy's own checks."""
    servers = "".join(
        f"  server s{node}-{port} 127.1.{node // 250}.{node % 250 + 1}:{port} check inter 1000\n"
        for node in range(nodes)
        for port in peers.CHECK_PORTS
    )

    def by_haproxy() -> float:
        with peers.haproxy(directory, f"listen mail\n  bind 127.0.0.1:{LISTENER}\n{servers}", [LISTENER]) as pid:
            time.sleep(1.5)
            with Spent(pid) as spent:
                time.sleep(seconds)
        return US * spent.cpu / (seconds * nodes * 3)

    contenders = {
        "mailpath": lambda: _ours("silent", nodes=nodes, interval="1s", seconds=seconds),
        "HAProxy": by_haproxy,
    }
    bounds = (Bound("mailpath", "HAProxy", 2.0, 1.2),) if nodes == NODES else ()
    name = f"{3 * nodes:,} targets at 1 s, whole daemon, silent checks"
    return Figure(name, "µs CPU per check", alternate(contenders, rounds), bounds)
