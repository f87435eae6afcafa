"""The firewall rule that docs/security.md ships, on the lab's nodes: the edge passes, others do not, mail flows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.helpers import BLINK
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.network import NODES

RULES = (Path(__file__).parents[2] / "hardening" / "nodeports.nft").read_text()
DATA_PORTS = (30125, 30126, 30127, 30128)
CHECK_PORTS = (30145, 30146, 30147)


@pytest.fixture
def firewall(lab: Lab) -> Iterator[None]:
    """Load the shipped rules on the nodes, as they are, twice: the second time replaces the first."""
    for _ in range(2):
        lab.cluster.run("nft", "--file", "-", stdin=RULES)
    yield
    lab.cluster.run("nft", "delete", "table", "inet", "mailpath_nodeports")


def reaches(host: Host, address: str, port: int) -> bool:
    """Tell whether a TCP connection from there is accepted."""
    try:
        host.connect(address, port, timeout=4 * BLINK).close()
    except TimeoutError:
        return False
    return True


@pytest.mark.usefixtures("firewall")
def test_only_the_edge_reaches_the_data_ports(lab: Lab) -> None:
    """A host of the house and a pod are dropped; the health checks, which prove nothing about clients, stay open."""
    node = NODES["k8s-node2"]
    assert all(reaches(lab.edge, node, port) for port in (*DATA_PORTS, *CHECK_PORTS))
    for stranger in (lab.client, lab.pod):
        assert not any(reaches(stranger, node, port) for port in DATA_PORTS)
        assert all(reaches(stranger, node, port) for port in CHECK_PORTS)


def test_without_it_everybody_reaches_them(lab: Lab) -> None:
    """What the rule is for: the lab's kube-proxy rules let anybody in."""
    assert reaches(lab.client, NODES["k8s-node2"], 30126)
