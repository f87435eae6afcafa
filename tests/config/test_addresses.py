"""Client addresses: one for each target, the same for ever, never too few."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.addresses import client_addresses, negative_address
from monitor.config.load import parse
from monitor.config.settings import PathSettings
from monitor.core.errors import ConfigError
from tests.config import documents
from tests.config.documents import MINIMAL

PATH = parse(MINIMAL, "").paths[0]
NODES = [f"k8s-node{number}" for number in range(1, 5)]


def test_addresses_are_the_same_after_a_restart() -> None:
    """The assignment is a matter of names alone: these are the values of every process there will ever be."""
    assert client_addresses(PATH) == {
        ("k8s-node1", "imaps"): "192.0.2.194",
        ("k8s-node1", "smtp"): "192.0.2.52",
        ("k8s-node1", "smtps"): "192.0.2.176",
        ("k8s-node1", "submission"): "192.0.2.91",
    }
    assert client_addresses(PATH, ipv6=True)[("k8s-node1", "smtp")].startswith("2001:db8:25::")


@given(st.permutations(NODES), st.sampled_from([False, True]))
@settings(deadline=None)
def test_the_order_of_nodes_does_not_matter(nodes: list[str], ipv6: bool) -> None:  # noqa: FBT001 - hypothesis gives arguments by position
    """However the nodes are listed, each target has its address."""
    assert client_addresses(PATH, nodes, ipv6=ipv6) == client_addresses(PATH, NODES, ipv6=ipv6)


@given(st.sets(st.text("abcdef0123456789", min_size=1, max_size=8), max_size=50), st.sampled_from([False, True]))
@settings(max_examples=50, deadline=None)
def test_addresses_are_unique_and_usable(nodes: set[str], ipv6: bool) -> None:  # noqa: FBT001 - hypothesis gives arguments by position
    """No two targets share an address, and none is the network's own or its broadcast."""
    addresses = client_addresses(PATH, nodes, ipv6=ipv6)
    network = ipaddress.ip_network("2001:db8:25::/64" if ipv6 else "192.0.2.0/24")
    assert len(set(addresses.values())) == len(addresses) == 4 * len(nodes)
    for text in addresses.values():
        address = ipaddress.ip_address(text)
        assert address in network
        assert address not in {network.network_address, network.broadcast_address}


def test_a_new_node_leaves_the_others_alone() -> None:
    """With a fifth node, at most a target whose place it takes moves; in the shipped network hardly any."""
    before, after = client_addresses(PATH, NODES), client_addresses(PATH, [*NODES, "k8s-node5"])
    moved = [key for key, address in before.items() if after[key] != address]
    assert len(moved) <= 1


@pytest.mark.parametrize(("network", "nodes"), [("192.0.2.0/28", 3), ("192.0.2.4/30", 0), ("192.0.2.0/24", 63)])
def test_a_network_is_used_to_its_last_address(network: str, nodes: int) -> None:
    """As many targets as there are usable addresses find one each; one node more is refused."""
    path = path_with(network)
    names = [f"node{number}" for number in range(nodes)]
    assert len(set(client_addresses(path, names).values())) == 4 * nodes
    with pytest.raises(ConfigError, match="usable addresses for"):
        client_addresses(path, [*names, "one", "more"])


def path_with(network: str) -> PathSettings:
    """Give a path of discovered nodes with this client network."""
    return documents.path(f"handshakes: {{client_network: {network}}}", "kubernetes: {}")


@given(st.integers(0, 60), st.sampled_from([False, True]))
@settings(max_examples=20, deadline=None)
def test_negative_probes_have_an_address_of_their_own(nodes: int, ipv6: bool) -> None:  # noqa: FBT001 - hypothesis gives arguments by position
    """No handshake claims it, so neither counts towards the other's rate; it is the same after every restart."""
    static = ", ".join(f"{{name: node{number}, address: 10.0.{number}.1}}" for number in range(nodes + 1))
    data = MINIMAL.replace(b"{name: k8s-node1, address: 10.0.20.101}", static.encode())
    path = parse(data, "").paths[0]
    own = negative_address(path, ipv6=ipv6)
    assert own == negative_address(path, ipv6=ipv6)
    assert own not in client_addresses(path, ipv6=ipv6).values()
    network = ipaddress.ip_network("2001:db8:25::/64" if ipv6 else "192.0.2.0/24")
    assert ipaddress.ip_address(own) in network


def test_a_network_that_is_almost_full_has_one_for_negative_probes() -> None:
    """Fourteen usable addresses, twelve of them claimed: one of the two others is found wherever the hash points."""
    names = [f"node{number}" for number in range(3)]
    static = ", ".join(f"{{name: {name}, address: 10.0.20.{number}}}" for number, name in enumerate(names, 1))
    data = MINIMAL.replace(b"{name: k8s-node1, address: 10.0.20.101}", static.encode())
    data += b"    handshakes: {client_network: 192.0.2.0/28}\n"
    path = parse(data, "").paths[0]
    taken = set(client_addresses(path).values())
    assert len(taken) == 12
    assert negative_address(path) not in taken
