"""The nodes of a path: those that its file names, and those that were found."""

from collections.abc import Iterable

import msgspec

from monitor.config.addresses import most_nodes
from monitor.config.settings import PathSettings, StaticNode
from monitor.core.model import Node


def with_nodes(path: PathSettings, found: Iterable[Node]) -> PathSettings:
    """Give the settings with the found nodes beside the fixed ones.

    A fixed node stays as it was declared, whatever was found under its name or address. Of more nodes than there are
    client addresses to claim, the last by name are left out.
    """
    fixed = path.nodes.static
    names, addresses = {node.name for node in fixed}, {node.address for node in fixed}
    others = [node for node in found if node.name not in names and node.address not in addresses]
    added = tuple(StaticNode(name=node.name, address=node.address) for node in sorted(others, key=lambda n: n.name))
    room = max(0, most_nodes(path) - len(fixed))
    nodes = msgspec.structs.replace(path.nodes, static=(*fixed, *added[:room]))
    return msgspec.structs.replace(path, nodes=nodes)
