"""Configurations of many targets, as YAML would say them."""

from collections.abc import Mapping
from typing import Any

import yaml

from monitor.config.load import Reading, parse
from monitor.config.options import RunOptions
from monitor.config.settings import Settings
from monitor.core.kinds import Shown
from monitor.core.model import Target
from monitor.daemon import path_watch
from monitor.daemon.service import Daemon
from monitor.probes.kind import watches_of
from monitor.probes.watch import Watch
from monitor.publish.logs import configure

# As many nodes as one path may have before its client network (a /24) has too few addresses for them.
NODES_OF_A_PATH = 60


def many_targets(nodes: int, prefix: str, checks: dict[str, Any], ports: dict[str, dict[str, Any]]) -> Settings:
    """Give as many paths as it takes to hold ``nodes`` nodes; see ``paths_of``."""
    return parse(written(paths_of(nodes, prefix, checks, ports)), "bench.yml")


def paths_of(
    nodes: int, prefix: str, checks: dict[str, Any], ports: Mapping[str, dict[str, Any] | None], name: str = "path"
) -> list[dict[str, Any]]:
    """Give the paths as YAML would say them, ``prefix`` being a format of an address.

    ``ports`` are the services, each with what differs from its defaults.
    """
    paths = []
    for first in range(0, nodes, NODES_OF_A_PATH):
        numbers = range(first, min(first + NODES_OF_A_PATH, nodes))
        static = [{"name": f"node{each}", "address": prefix.format(each // 250, each % 250 + 1)} for each in numbers]
        paths.append(
            {
                "name": f"{name}{first}",
                "nodes": {"static": static},
                "services": dict(ports),
                "tls": {"server_name": "mail.example.org"},
                "checks": checks,
                "handshakes": {"client_rate_limit": None},
            }
        )
    return paths


def written(paths: list[dict[str, Any]]) -> bytes:
    """Write paths as a configuration file holds them."""
    return yaml.safe_dump({"paths": paths}).encode()


def leave_out_handshakes(*but_of: str) -> None:
    """Let every daemon of this process do checks alone; handshakes too on paths whose names begin so."""

    def some(*whole: Any) -> list[Watch]:
        return [watch for watch in watches_of(*whole) if wanted(watch.target)]

    def wanted(target: Target) -> bool:
        return target.probe.shown in {Shown.CHECK, Shown.APART} or target.path.startswith(but_of)

    path_watch.watches_of = some  # type: ignore[attr-defined,assignment]


def checking_daemon(settings: Settings, *, alone: bool = True) -> Daemon:
    """Give the whole daemon, with checks ``alone`` where nobody beside it does handshakes."""
    if alone:
        leave_out_handshakes()
    configure("error", "json")

    def known() -> Reading:
        yield
        return settings

    return Daemon(known, RunOptions())


def rounds_of(daemon: Daemon) -> float:
    """Give how many rounds have been counted, as ``/metrics`` would."""
    families = dict(daemon.metrics.snapshot(()).counted.values)
    return sum(value for family, rows in families.items() if family.name == "probes_total" for value in rows.values())
