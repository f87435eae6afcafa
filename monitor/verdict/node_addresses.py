"""At which of its addresses a node is spoken to: the one that mail takes, where that is known."""

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address

from monitor.core.kube import KubeNode
from monitor.core.model import Node


def spoken_to(
    nodes: Iterable[KubeNode], before: Mapping[str, str], served: Collection[str], families: Collection[int]
) -> tuple[Node, ...]:
    """The nodes that have an InternalIP, each with one of them.

    First the one that HAProxy has a server at (``served``); else the one that was spoken to ``before``, by the node's
    name, so that a HAProxy that falls silent moves nobody; else the first of a family of the edges' own addresses
    (``families``, 4 or 6); else the first. A dual-stack cluster may name its IPv6 addresses first.
    """
    return tuple(
        Node(node.name, _address(node, before.get(node.name), served, families)) for node in nodes if node.addresses
    )


def _address(node: KubeNode, before: str | None, served: Collection[str], families: Collection[int]) -> str:
    ranked = sorted(node.addresses, key=lambda address: ip_address(address).version not in families)
    by_haproxy = (address for address in ranked if address in served)
    return next(by_haproxy, before if before in node.addresses else ranked[0])
