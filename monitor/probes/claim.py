"""Who a probe claims to be: the PROXY header that it sends in HAProxy's place, and what the mail log makes of it."""

import ipaddress
from collections.abc import Iterable, Iterator

from monitor.config.addresses import client_addresses, negative_address
from monitor.config.settings import PathSettings
from monitor.core.conversation import Endpoints
from monitor.core.model import Node
from monitor.links.tcp import source_towards
from monitor.verdict.origins import Network, OriginNetworks
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import around_source_port

# Where an IPv6 client seems to have connected, if no edge has an IPv6 address (RFC 3849).
IPV6_DESTINATION = "2001:db8::25"


class Claim:
    """What the header says: who the client is, and where it seems to have connected, the edge's frontend."""

    __slots__ = ("_after", "_before", "client_address", "destination")

    def __init__(self, client_address: str, destination: tuple[str, int]) -> None:
        """Take both. The header is made once but for its source port.

        Raises:
            ValueError: They are not of one address family.
        """
        self.client_address = client_address
        self.destination = destination
        self._before, self._after = around_source_port(ProxyHeader.tcp(client_address, 0, *destination))

    def header(self, endpoints: Endpoints) -> bytes:
        """Write the header. Our socket's own port makes the claimed source unique: postscreen and Dovecot log it."""
        return self._before + endpoints.local_port.to_bytes(2, "big") + self._after


def destination_of(path: PathSettings, node: Node) -> str:
    """Give the address that a client of the internet would have connected to; without any edge, the node itself."""
    return path.edges[0].address if path.edges else node.address


def ipv6_destination_of(path: PathSettings) -> str:
    """Give the address to which an IPv6 client would have connected; a documentation address, if no edge has one."""
    return next((edge.address for edge in path.edges if ":" in edge.address), IPV6_DESTINATION)


def claimed_listeners(path: PathSettings) -> dict[str, int]:
    """Give the PROXY listener that each address means which one handshake alone claims."""
    ports = {service.name: service.listener_port for service in path.services}
    claims = (client_addresses(path, ipv6=ipv6) for ipv6 in (False, True))
    return {address: ports[service] for addresses in claims for (_, service), address in addresses.items()}


def claimed_destinations(path: PathSettings) -> frozenset[str]:
    """Give every destination that a PROXY header names, a client's or ours: no stock listener is reached by it."""
    ours = (destination_of(path, node) for node in path.known_nodes)
    return frozenset((*(edge.address for edge in path.edges), *ours, ipv6_destination_of(path)))


def front_door_sources(path: PathSettings) -> Iterator[str]:
    """Our own addresses at the front doors: their lines may be read before their first probe run has ended."""
    for edge in path.edges:
        if edge.frontend_ports:
            source = path.front_door.source_address or source_towards(edge.address, edge.frontend_ports[0])
            if source is not None:
                yield source


def origin_networks(path: PathSettings, own_addresses: Iterable[str] = ()) -> OriginNetworks:
    """Who is who in the path's mail log; ``own_addresses`` are those of our front-door connections."""
    maillog = path.maillog
    edges = tuple(edge.address for edge in path.edges)
    families = (False, True)
    claimed = {address for ipv6 in families for address in client_addresses(path, ipv6=ipv6).values()}
    claimed |= {negative_address(path, ipv6=ipv6) for ipv6 in families}
    return OriginNetworks(
        probes=frozenset((*own_addresses, *claimed)),
        edge=networks(edges if maillog is None or maillog.edge_networks is None else maillog.edge_networks),
        cluster=networks(() if maillog is None or maillog.cluster_networks is None else maillog.cluster_networks),
        internal=networks(() if maillog is None else maillog.internal_networks),
    )


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Parse networks of the configuration, which has checked them."""
    return tuple(ipaddress.ip_network(text) for text in texts)
