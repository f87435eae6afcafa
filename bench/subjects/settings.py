"""Configurations of many targets, as YAML would say them."""

from typing import Any

from monitor.config.load import parse
from monitor.config.options import RunOptions
from monitor.config.settings import Settings
from monitor.core.model import ProbeKind
from monitor.daemon import path_watch
from monitor.daemon.compose import TargetWatch, target_watches
from monitor.daemon.service import Daemon
from monitor.publish.logs import configure

# As many nodes as one path may have before its client network (a /24) has too few addresses for them.
NODES_OF_A_PATH = 60


def many_targets(nodes: int, prefix: str, checks: dict[str, Any], ports: dict[str, dict[str, Any]]) -> Settings:
    """Give as many paths as it takes to hold ``nodes`` nodes, ``prefix`` being two bytes or a format of an address.

    ``ports`` are the services, each with what differs from its defaults.
    """
    paths = []
    for first in range(0, nodes, NODES_OF_A_PATH):
        numbers = range(first, min(first + NODES_OF_A_PATH, nodes))
        static = [{"name": f"node{each}", "address": prefix.format(each // 250, each % 250 + 1)} for each in numbers]
        paths.append(
            {
                "name": f"path{first}",
                "nodes": {"static": static},
                "services": ports,
                "tls": {"server_name": "mail.example.org"},
                "checks": checks,
                "handshakes": {"client_rate_limit": None},
            }
        )
    import yaml  # noqa: PLC0415 - the configuration's own business otherwise

    return parse(yaml.safe_dump({"paths": paths}).encode(), "bench.yml")


def checking_daemon(settings: Settings, *, alone: bool = True) -> Daemon:
    """Give the whole daemon, with checks ``alone`` where nobody beside it does handshakes."""

    def checks_alone(*whole: Any) -> list[TargetWatch]:
        return [watch for watch in target_watches(*whole) if watch.probe.target.probe is ProbeKind.CHECK]

    if alone:
        path_watch.target_watches = checks_alone  # type: ignore[attr-defined,assignment]
    configure("error", "json")
    return Daemon(lambda: settings, RunOptions())


def rounds_of(daemon: Daemon) -> float:
    """Give how many rounds have been counted, as ``/metrics`` would."""
    families = dict(daemon.metrics.snapshot(()).counted.values)
    return sum(value for family, rows in families.items() if family.name == "probes_total" for value in rows.values())
