"""The whole tree: its defaults, and what it says of itself."""

from monitor.config.load import parse
from monitor.config.settings import PathSettings
from monitor.core.model import Node
from tests.config.documents import COMPLETE, MINIMAL, SHORT, with_block


def test_defaults_are_the_documented_ones() -> None:
    """A configuration with every documented key equals one that leaves out all that has a default."""
    assert parse(COMPLETE, "") == parse(SHORT, "")


def test_absent_blocks_are_switched_off() -> None:
    """Without edges, maillog and kubernetes these sources are off, and the rest has its defaults."""
    path = parse(MINIMAL, "").paths[0]
    assert (path.edges, path.maillog, path.kubernetes, path.nodes.kubernetes) == ((), None, None, None)
    assert [service.name for service in path.services] == ["smtp", "smtps", "submission", "imaps"]


def test_nodes_are_the_house_s_own() -> None:
    """Fixed nodes come out as every other room knows them."""
    assert parse(MINIMAL, "").paths[0].known_nodes == (Node("k8s-node1", "10.0.20.101"),)


def test_an_edge_may_use_another_s_connection() -> None:
    """An edge is served by its own SSH connection, by that of the edge it names, or by none."""
    edges = "[{name: a, ssh: {}}, {name: b, address: '2001:db8::1', ssh: a}, {name: c, address: '2001:db8::2'}]"
    path: PathSettings = parse(with_block(f"edges: {edges}\nfront_door: {{fast_interval: 30s}}"), "").paths[0]
    own, shared, none = path.edges
    assert (path.ssh_edge(own), path.ssh_edge(shared), path.ssh_edge(none)) == (own, own, None)
