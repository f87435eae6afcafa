"""The daemon as it is shipped, on the embedded mail path: start, memory with each of its sources, CPU of a day."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.cluster import api_server, install
from bench.daemons import Daemon, daemon, has_a_result
from bench.measure import Bound, Figure, Spent, resident, standing

# The configurations, their names here, and what must hold of their memory in MiB.
CONFIGURATIONS = {"bare": "no edge", "edge": "edge and mail log", "kubernetes": "edge, mail log and Kubernetes"}
BOUNDS = {"bare": (60, 45), "edge": (80, 60), "kubernetes": (125, 100)}
# Within a minute every target has its round: 5 s for checks, 60 s for handshakes and front doors.
WARM_UP, WATCHED, DAY = 15.0, 60.0, 86_400.0
# What a scrape must have said before a daemon has seen everything it is there for.
SEEN = {
    "bare": (b"mailpath_check_up{", b"mailpath_handshake_up{"),
    "edge": (
        b'mailpath_haproxy_up{edge="pfsense",path="demo"} 1.0',
        b'mailpath_maillog_up{path="demo",source="file"} 1.0',
    ),
    "kubernetes": (b'mailpath_haproxy_up{edge="pfsense",path="demo"} 1.0', b'mailpath_kubernetes_up{path="demo"} 1.0'),
}


def figures(directory: Path, _programs: dict[str, Path], rounds: int) -> Iterator[Figure]:
    """Measure all of them; Kubernetes where the binaries of a real API server are."""
    with ExitStack() as stack:
        cluster = stack.enter_context(api_server())
        kubeconfig = str(cluster.kubeconfig) if cluster is not None else ""
        served = stack.enter_context(standing("mail_path", directory=str(directory), kubeconfig=kubeconfig))
        nodes = served.hear()["nodes"]
        names = [name for name in CONFIGURATIONS if name != "kubernetes" or cluster is not None]
        if cluster is not None:
            install(cluster, nodes)
        yield _start(directory / "bare.yml", rounds)
        yield _memory(directory, names, rounds)
        yield _day(directory, names)


def _start(file: Path, rounds: int) -> Figure:
    told = []
    for _ in range(rounds + 1):  # the first one reads the files of the libraries from the disk
        with daemon(file) as running:
            told.append(running.until(has_a_result))
    bounds = (Bound("first result", "", 1.0, 0.5),)
    return Figure("Start to first probe result", "s", {"first result": told[1:]}, bounds)


def _memory(directory: Path, names: list[str], rounds: int) -> Figure:
    found: dict[str, list[float]] = {CONFIGURATIONS[name]: [] for name in names}
    for _ in range(rounds):
        with _all_of(directory, names) as running:
            time.sleep(3)
            for name, each in running.items():
                found[CONFIGURATIONS[name]].append(resident(each.pid))
    bounds = tuple(Bound(CONFIGURATIONS[name], "", *BOUNDS[name]) for name in names)
    note = "Resident memory of the whole process, 28 targets, 3 s after it has seen all its sources."
    if "kubernetes" not in names:
        note += " Kubernetes was left out: there are no binaries of an API server here (tools/envtest.sh)."
    return Figure("Resident memory of the shipped daemon", "MiB", found, bounds, note)


def _day(directory: Path, names: list[str]) -> Figure:
    """Watch all of them at the same time for a minute, in which every target has its round."""
    spent, memory = {}, {}
    with _all_of(directory, names) as running:
        time.sleep(WARM_UP)
        with ExitStack() as stack:
            watched = {name: stack.enter_context(Spent(each.pid)) for name, each in running.items()}
            time.sleep(WATCHED)
        for name, each in running.items():
            spent[CONFIGURATIONS[name]] = [watched[name].cpu / WATCHED * DAY]
            memory[CONFIGURATIONS[name]] = resident(each.pid)
    sizes = ", ".join(f"{name} {size:.1f}" for name, size in memory.items())
    note = (
        f"28 targets at the shipped intervals, watched for {WATCHED:g} s and taken times {DAY / WATCHED:g}; one "
        f"hundredth of a core is {DAY / 100:g} s. Nobody scrapes. Resident memory at its end, in MiB: {sizes}."
    )
    return Figure("CPU of the shipped daemon", "s CPU per day", spent, note=note)


@contextmanager
def _all_of(directory: Path, names: list[str]) -> Iterator[Mapping[str, Daemon]]:
    """Run a daemon for each configuration, and wait until each has seen what it watches."""
    with ExitStack() as stack:
        running = {name: stack.enter_context(daemon(directory / f"{name}.yml")) for name in names}
        for name, each in running.items():
            each.until(partial(_has_seen, name))
        yield running


def _has_seen(name: str, metrics: bytes) -> bool:
    return all(line in metrics for line in SEEN[name])
