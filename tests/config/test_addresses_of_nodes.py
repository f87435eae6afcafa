"""Found nodes beside the fixed ones: whom a path's targets are."""

from monitor.config.addresses import with_nodes
from monitor.config.settings import PathSettings
from monitor.core.model import Node
from tests.config import documents


def path(static: str = "", network: str = "192.0.2.0/24") -> PathSettings:
    """Give a path with these fixed nodes."""
    block = f"kubernetes: {{}}\nhandshakes: {{client_network: {network}}}"
    return documents.path(block, f"static: [{static}], kubernetes: {{}}")


def test_found_nodes_join_in_order_of_their_names() -> None:
    """The order in which the API names them does not matter."""
    found = [Node("b", "10.0.20.102"), Node("a", "10.0.20.101")]
    assert with_nodes(path(), found).known_nodes == (found[1], found[0])


def test_a_fixed_node_stays_as_declared() -> None:
    """Under the same name or address nothing is added."""
    fixed = path("{name: a, address: 10.0.20.1}, {name: b, address: 10.0.20.2}")
    found = [Node("a", "10.0.20.101"), Node("other", "10.0.20.2"), Node("c", "10.0.20.3")]
    assert [node.name for node in with_nodes(fixed, found).known_nodes] == ["a", "b", "c"]


def test_the_same_nodes_give_the_same_settings() -> None:
    """A reload or a round that finds the same changes nothing."""
    found = [Node("a", "10.0.20.101")]
    assert with_nodes(path(), found) == with_nodes(path(), found)
    assert with_nodes(path(), []) == path()


def test_no_more_nodes_than_client_addresses() -> None:
    """Each handshake claims an address of its own; beyond the network's size nodes are left out, the last first."""
    found = [Node(f"node-{number:02d}", f"10.0.20.{number}") for number in range(1, 20)]
    assert len(with_nodes(path(network="192.0.2.0/28"), found).known_nodes) == 3  # 14 addresses, 4 services
