"""Which of a node's addresses is spoken to, on clusters of two families and nodes of several networks."""

import pytest

from monitor.core.kube import KubeNode
from monitor.core.model import Node
from monitor.verdict.cluster_book import spoken_to

V6, V4, OTHER = "2001:db8:20::101", "10.0.20.101", "192.168.5.1"
NODE = KubeNode("k8s-node1", (V6, V4, OTHER), ready=True)


@pytest.mark.parametrize(
    ("before", "served", "families", "address"),
    [
        ("", (), (), V6),
        ("", (), (4,), V4),
        ("", (), (6,), V6),
        ("", (OTHER, "10.0.20.102"), (4,), OTHER),
        ("", (V6, V4), (4,), V4),
        ("", (V6, V4), (6,), V6),
        (OTHER, (), (4,), OTHER),
        (OTHER, (V4,), (4,), V4),
        ("10.0.20.99", (), (4,), V4),
    ],
)
def test_the_address_that_mail_takes(
    before: str, served: tuple[str, ...], families: tuple[int, ...], address: str
) -> None:
    """HAProxy's own, else the one of before, else one of the edge's family, else the first."""
    assert spoken_to([NODE], {"k8s-node1": before}, served, families) == (Node("k8s-node1", address),)


def test_a_node_without_an_address_cannot_be_spoken_to() -> None:
    """It is left out."""
    assert spoken_to([KubeNode("k8s-node2", (), ready=True)], {}, (), (4,)) == ()
