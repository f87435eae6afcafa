"""Which client address each target claims: unique in a path, the same after every restart, documentation only."""

import ipaddress
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

import msgspec

from monitor.config.faults import Complaint
from monitor.config.settings import PathSettings, StaticNode
from monitor.core.errors import ConfigError, Fault
from monitor.core.model import Node

_DOCUMENTATION = tuple(
    ipaddress.ip_network(text)
    # RFC 5737, RFC 3849: nobody's addresses, so that no rule, ban or statistic of the house takes us for somebody.
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
_V4_LIST = "192.0.2.0/24, 198.51.100.0/24 or 203.0.113.0/24"
_V6_LIST = "2001:db8::/32"

ClientAddresses = Mapping[tuple[str, str], str]
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_addresses(path: PathSettings, nodes: Iterable[str] | None = None, *, ipv6: bool = False) -> ClientAddresses:
    """Assign a client address to every (node, service) of a path.

    ``nodes`` are node names (``None``: the fixed ones). Each target's place is its hash; only where two meet does the
    later one in sorted order move on to the next free address. So nodes that come and go leave the others' addresses
    alone, collisions excepted. Raises ``ConfigError`` where the network has fewer addresses than there are targets.
    """
    names = [node.name for node in path.nodes.static] if nodes is None else nodes
    network = _network(path, ipv6=ipv6)
    _, size = _usable(network)
    services = [service.name for service in path.services]
    keys = tuple(sorted({(node, service) for node in names for service in services}))
    if len(keys) > size:
        place = f"paths.{path.name}.handshakes.{_key(ipv6=ipv6)}"
        raise ConfigError(Fault(place, f"{network} has {size} usable addresses for {len(keys)} targets"))
    return _assigned(path.name, network, keys)


# Whoever watches a path asks for its addresses, in both families: a reload asks some fifteen times for the same.
@lru_cache(maxsize=4)
def _assigned(path: str, network: _Network, keys: tuple[tuple[str, str], ...]) -> ClientAddresses:
    first, size = _usable(network)
    taken: dict[int, tuple[str, str]] = {}
    for key in keys:
        offset = zlib.crc32("/".join((path, *key)).encode()) % size
        while offset in taken:
            offset = (offset + 1) % size
        taken[offset] = key
    return MappingProxyType({key: str(first + offset) for offset, key in taken.items()})


def negative_address(path: PathSettings, *, ipv6: bool = False) -> str:
    """Return the client address of a path's negative probes: none of a handshake's, whose rate would count it too.

    By the same rule: its hash, or the next address that is free. Raises ``ConfigError`` where none is.
    """
    network = _network(path, ipv6=ipv6)
    first, size = _usable(network)
    taken = frozenset(client_addresses(path, ipv6=ipv6).values())
    start = zlib.crc32(f"{path.name}/negative".encode())
    # As many steps as there are addresses taken, and one: a /64 is never searched.
    candidates = (str(first + (start + step) % size) for step in range(min(size, len(taken) + 1)))
    free = next((address for address in candidates if address not in taken), None)
    if free is None:
        place = f"paths.{path.name}.handshakes.{_key(ipv6=ipv6)}"
        raise ConfigError(Fault(place, f"{network} has {size} usable addresses, and none is left for negative probes"))
    return free


def most_nodes(path: PathSettings) -> int:
    """Return how many nodes have room in the client networks, one address left for the negative probes."""
    sizes = [_usable(_network(path, ipv6=ipv6))[1] for ipv6 in (False, True)]
    return (min(sizes) - 1) // len(path.services)


def with_nodes(path: PathSettings, found: Iterable[Node]) -> PathSettings:
    """Return the settings with the found nodes beside the fixed ones.

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


def complaints(path: PathSettings, place: str) -> Iterator[Complaint]:
    """Refuse networks that are somebody's, of the wrong family, or too small."""
    nodes, services = len(path.nodes.static), len(path.services)
    for version, ipv6 in ((4, False), (6, True)):
        where = f"{place}.handshakes.{_key(ipv6=ipv6)}"
        network = _network(path, ipv6=ipv6)
        if network.version != version or not any(_within(network, allowed) for allowed in _DOCUMENTATION):
            yield Complaint(
                where,
                f"expected a part of {_V6_LIST if ipv6 else _V4_LIST}, got {network}: only a documentation address "
                f"({'RFC 3849' if ipv6 else 'RFC 5737'}) can be claimed without speaking for somebody else",
            )
            continue
        _, size = _usable(network)
        if nodes * services + 1 > size:
            yield Complaint(
                where,
                f"{nodes} nodes x {services} services and the negative probes need {nodes * services + 1} client "
                f"addresses, and {network} has {size} usable ones: take a larger network",
                (f"{place}.nodes.static", f"{place}.services"),
            )


def _key(*, ipv6: bool) -> str:
    return "client_network_v6" if ipv6 else "client_network"


def _network(path: PathSettings, *, ipv6: bool) -> _Network:
    handshakes = path.handshakes
    return ipaddress.ip_network(handshakes.client_network_v6 if ipv6 else handshakes.client_network)


def _usable(network: _Network) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    """Return the first usable host address and how many there are, without a network's own and broadcast addresses.

    A network of one or two addresses has no such (RFC 3021, RFC 6164); IPv6 has no broadcast, its first address is the
    routers' anycast address (RFC 4291, section 2.6.1).
    """
    if network.num_addresses <= 2:  # noqa: PLR2004 - /31 and /32, /127 and /128
        return network.network_address, network.num_addresses
    broadcast = network.version == 4  # noqa: PLR2004 - the IP version
    return network.network_address + 1, network.num_addresses - 1 - broadcast


def _within(network: _Network, outer: _Network) -> bool:
    return (
        network.version == outer.version
        and int(network.network_address) >= int(outer.network_address)
        and int(network.broadcast_address) <= int(outer.broadcast_address)
    )
