"""Where a connection came from: the networks of the configuration, in the order in which they win."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.core.verdicts import Origin

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Distinct addresses whose origin is remembered; a scan from everywhere costs this much memory and no more.
REMEMBERED = 16384

_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class OriginNetworks:
    """Who is who. ``probes`` are single addresses: those we claim, and those under which our front doors are seen."""

    probes: frozenset[str]
    edge: tuple[Network, ...]
    cluster: tuple[Network, ...]
    internal: tuple[Network, ...]


class Origins:
    """Classifies client addresses; probe wins over all, edge over loopback, cluster and internal."""

    def __init__(self, networks: OriginNetworks) -> None:
        """Take the networks; nothing is remembered yet."""
        self.networks = networks
        self._known: dict[str, Origin] = {}

    def of(self, address: str) -> Origin:
        """Give the origin of an address as the log writes it; what is no address (``unknown``) is unknown."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._classify(address)
        return known

    def _classify(self, address: str) -> Origin:
        if address in self.networks.probes:
            return Origin.PROBE
        try:
            ip = ipaddress.ip_address(address.removeprefix("IPv6:"))
        except ValueError:
            return Origin.UNKNOWN
        mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
        ip = mapped or ip
        if str(ip) in self.networks.probes:
            return Origin.PROBE
        for origin, networks in (
            (Origin.EDGE, self.networks.edge),
            (Origin.LOOPBACK, _LOOPBACK),
            (Origin.CLUSTER, self.networks.cluster),
            (Origin.INTERNAL, self.networks.internal),
        ):
            if _holds(networks, ip):
                return origin
        return Origin.EXTERNAL


def _holds(networks: Iterable[Network], ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)
