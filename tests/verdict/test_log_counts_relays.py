"""The nodes' faces: configured, learned, and the one that is the kubelet's."""

from monitor.verdict.log_counts import MAX_LEARNED, Relays
from monitor.verdict.origins import Origins
from tests.verdict.lines import NETWORKS


def test_nodes_are_known_and_others_are_learned() -> None:
    """A configured node is a relay, and so is an address that a line named as peer, by the next configuration too."""
    origins = Origins(NETWORKS, ["10.0.20.101"])
    relays = Relays(origins)
    assert "10.0.20.101" in relays
    assert "172.18.91.5" not in relays
    relays.learn("172.18.91.5")
    relays.learn("")
    origins.replan(NETWORKS, ["10.0.20.102"])
    assert "172.18.91.5" in relays
    assert "10.0.20.102" in relays
    assert "10.0.20.101" not in relays
    assert "" not in relays


def test_a_flood_of_peers_costs_no_memory() -> None:
    """Beyond the bound nothing more is learned."""
    relays = Relays(Origins(NETWORKS))
    for number in range(MAX_LEARNED + 1):
        relays.learn(f"address {number}")
    assert f"address {MAX_LEARNED - 1}" in relays
    assert f"address {MAX_LEARNED}" not in relays


def test_the_kubelet_is_where_most_orderly_visits_come_from() -> None:
    """More than half of them from one address: its own visits are the kubelet's, the others' are not."""
    relays = Relays(Origins(NETWORKS))
    for _ in range(8):
        assert relays.is_kubelet("10.0.20.101")
    assert not relays.is_kubelet("10.0.20.102")
    assert relays.is_kubelet("10.0.20.101")


def test_visits_from_all_nodes_alike_are_nobodys_kubelet() -> None:
    """Checks that end in order come by every node: after the first ones none of them is the kubelet's."""
    relays = Relays(Origins(NETWORKS))
    told = [relays.is_kubelet(f"10.0.20.10{number % 4}") for number in range(400)]
    assert sum(told) == 1


def test_the_kubelet_is_found_again_after_the_pod_has_moved() -> None:
    """The new node outweighs the old one once it has visited as often as visits are remembered."""
    relays = Relays(Origins(NETWORKS))
    for _ in range(1000):
        relays.is_kubelet("10.0.20.101")
    told = [relays.is_kubelet("10.0.20.102") for _ in range(65)]
    assert told[-1]
