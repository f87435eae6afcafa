"""From settings to probes and plans: what is asked, where, and as whom."""

from pathlib import Path

import msgspec
import pytest

from monitor.config.load import load
from monitor.config.settings import PathSettings
from monitor.core import kinds
from monitor.daemon.compose import (
    IPV6_DESTINATION,
    TargetWatch,
    claimed_destinations,
    origin_networks,
    plan_of,
    ssh_settings,
    target_watches,
)
from monitor.links.connector import Connector
from monitor.links.tls import TlsClient
from monitor.probes.handshake import Handshake
from monitor.verdict.origins import Origins

FOUR_NODES = "\n".join(f"        - {{name: k8s-node{n}, address: 10.0.20.10{n}}}" for n in (1, 2, 3, 4))
HOME = f"""
paths:
  - name: home
    nodes:
      static:
{FOUR_NODES}
    tls: {{server_name: mail.example.org}}
    edges:
      - name: pfsense
        ssh: {{}}
      - name: bridge
        address: 2001:db8:25::1
        stats_socket: null
        ssh: pfsense
        frontend_ports: [25, 993]
    maillog:
      file: {{}}
"""


def settings(tmp_path: Path, text: str = HOME) -> PathSettings:
    """Load a path."""
    file = tmp_path / "mailpath.yml"
    file.write_text(text)
    return load(str(file), check_files=False).paths[0]


@pytest.fixture
async def watches(tmp_path: Path) -> list[TargetWatch]:
    """Make the probes of the path ``home``."""
    connector = Connector()
    try:
        return target_watches(settings(tmp_path), connector, TlsClient())
    finally:
        connector.close()


def count(watches: list[TargetWatch], probe: kinds.ProbeKind) -> int:
    """Count the targets of a kind."""
    return sum(watch.probe.target.probe is probe for watch in watches)


async def test_the_runbooks_path_has_its_targets(watches: list[TargetWatch]) -> None:
    """Four nodes and the shipped services: twelve checks, sixteen handshakes, the edges' own front doors."""
    assert count(watches, kinds.CHECK) == 12
    assert count(watches, kinds.HANDSHAKE) == 16
    assert count(watches, kinds.FRONT_DOOR) == 4 + 2


async def test_every_handshake_claims_an_address_of_its_own(watches: list[TargetWatch]) -> None:
    """No two targets share a client address; each claims to have connected to the first edge's frontend."""
    handshakes = [watch.probe for watch in watches if isinstance(watch.probe, Handshake)]
    assert len({probe.settings.client_address for probe in handshakes}) == 16
    assert {probe.settings.destination for probe in handshakes} == {("10.0.20.1", port) for port in (25, 465, 587, 993)}


async def test_keys_are_unique(watches: list[TargetWatch]) -> None:
    """Every target has a name and a phase of its own."""
    assert len({watch.key for watch in watches}) == len(watches)
    assert len({watch.cadence.phase for watch in watches}) == len(watches)


async def test_an_edge_of_ipv6_alone_is_claimed_in_its_own_family(tmp_path: Path) -> None:
    """A header names two addresses of one family: with an IPv6 edge the claimed client is of RFC 3849."""
    text = HOME.replace("- name: pfsense\n", "- name: pfsense\n        address: 2001:db8:25::2\n")
    text += "    front_door: {fast_interval: 30s}\n"  # two doors of one family share anvil's budget
    connector = Connector()
    found = target_watches(settings(tmp_path, text), connector, TlsClient())
    connector.close()
    clients = {watch.probe.settings.client_address for watch in found if isinstance(watch.probe, Handshake)}
    assert all(client.startswith("2001:db8:25:") for client in clients)


async def test_an_edge_without_socket_is_not_asked(tmp_path: Path, watches: list[TargetWatch]) -> None:
    """HAProxy is asked only where it has a stats socket and SSH leads to it."""
    plan = plan_of(settings(tmp_path), watches)
    assert {edge.name: edge.asks_haproxy for edge in plan.edges} == {"pfsense": True, "bridge": False}


def test_edges_may_share_a_connection(tmp_path: Path) -> None:
    """An edge that names another one uses its SSH connection, to that one's host."""
    path = settings(tmp_path)
    own, shared = (ssh_settings(path, edge) for edge in path.edges)
    assert own is not None
    assert own == shared
    assert own.host == "10.0.20.1"


def test_who_is_who_in_the_log(tmp_path: Path) -> None:
    """Our claimed addresses and our own sockets are probes, an edge's address is the edge, the house is internal."""
    path = settings(tmp_path)
    origins = Origins(origin_networks(path, frozenset({"10.0.20.50"})))
    seen = ["10.0.20.50", "10.0.20.1", "2001:db8:25::1", "10.0.20.101", "198.51.100.7", "127.0.0.1", "unknown", ""]
    assert [origins.of(address) for address in seen] == [
        "probe",
        "edge",
        "edge",
        "internal",
        "external",
        "loopback",
        "unknown",
        "unknown",
    ]


def test_what_a_header_names_is_no_stock_listeners_address(tmp_path: Path) -> None:
    """The edges' addresses; the nodes' where there is no edge; and that of our IPv6 handshakes."""
    path = settings(tmp_path)
    assert claimed_destinations(path) == {"10.0.20.1", "2001:db8:25::1"}
    nodes = {f"10.0.20.10{number}" for number in (1, 2, 3, 4)}
    assert claimed_destinations(msgspec.structs.replace(path, edges=())) == {*nodes, IPV6_DESTINATION}


async def test_the_same_settings_watch_the_same(tmp_path: Path, watches: list[TargetWatch]) -> None:
    """What a reload did not change is recognised; a changed interval or port is not the same."""
    connector = Connector()
    again = target_watches(settings(tmp_path), connector, TlsClient())
    slower = target_watches(settings(tmp_path, HOME + "    handshakes: {interval: 90s}\n"), connector, TlsClient())
    connector.close()
    assert all(one.same_as(other) for one, other in zip(watches, again, strict=True))
    changed = [one.key for one, other in zip(watches, slower, strict=True) if not one.same_as(other)]
    assert len(changed) == 16
    assert all("/handshake/" in key for key in changed)
