"""Whose an address is: by the networks of the configuration, in the order in which they win, and by the nodes.

Two addresses of one client are spoken of: the one that is *claimed* (by a PROXY header, or by our own socket at a front
door), and the one that the server has *seen*, by its log, its replies or a message's ``Received`` header.
"""

import ipaddress
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from monitor.core.proof import EvidenceKind, Proof, ProofResult, SeenAs, Unproven
from monitor.core.verdicts import Origin

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Distinct addresses whose origin is remembered; a scan from everywhere costs this much memory and no more.
REMEMBERED = 16384

_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_SEEN_AS = {Origin.EDGE: SeenAs.EDGE, Origin.LOOPBACK: SeenAs.LOOPBACK, Origin.CLUSTER: SeenAs.CLUSTER}


@dataclass(frozen=True, slots=True)
class OriginNetworks:
    """Who is who. ``probes`` are single addresses: those we claim, and those under which our front doors are seen."""

    probes: frozenset[str]
    edge: tuple[Network, ...]
    cluster: tuple[Network, ...]
    internal: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """Under which addresses the server should see a target: exactly ``addresses``, or any within ``networks``.

    ``through_nat`` says that our own address, and not one that a header claims, is to arrive: then source NAT may stand
    in between.
    """

    addresses: frozenset[str]
    networks: tuple[Network, ...] = ()
    through_nat: bool = False

    def met_by(self, seen: str) -> bool:
        """Whether an address is one of these."""
        if seen in self.addresses:
            return True
        if ":" not in seen and not self.networks:
            return False  # an IPv4 address has one spelling; this is asked of every stranger
        ip = address_of(seen)
        return ip is not None and (str(ip) in self.addresses or _within(ip, self.networks))

    @property
    def words(self) -> str:
        """The expected addresses, for a person."""
        return " or ".join(sorted(self.addresses))


class Origins:
    """Classifies client addresses of one path; probe wins over all, edge over loopback, cluster and internal.

    ``nodes`` are the node addresses, under which kube-proxy's source NAT shows everybody.
    """

    def __init__(self, networks: OriginNetworks, nodes: Collection[str] = ()) -> None:
        """Begin with nothing learned; the parameters are those of ``replan``."""
        self._own: frozenset[str] = frozenset()
        self.replan(networks, nodes)

    def replan(self, networks: OriginNetworks, nodes: Collection[str]) -> None:
        """Adopt other networks and nodes; our own addresses stay known."""
        self._networks = networks
        self.nodes = frozenset(nodes)
        # As a rule the networks have them all: there is no second set of some hundred addresses then.
        self.probes = networks.probes if self._own <= networks.probes else networks.probes | self._own
        self._known: dict[str, Origin] = {}

    def learn_own(self, address: str) -> None:
        """Remember an address under which our own front-door connections are seen: it is ``probe``."""
        if address not in self.probes:
            self._own |= {address}
            self.replan(self._networks, self.nodes)

    def of(self, address: str) -> Origin:
        """The origin of an address as the log writes it; what is no address (``unknown``) is unknown."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._classify(address)
        return known

    def judge(self, evidence: EvidenceKind, seen: str, expected: Expectation, at: float) -> Proof:
        """What an address that was seen at ``at`` (seconds since the epoch) proves."""
        proof = Proof(evidence, ProofResult.PROVEN, expected=expected.words, seen=seen, at=at)
        if expected.met_by(seen):
            return replace(proof, proven_at=at)
        ip = address_of(seen)
        origin = Origin.UNKNOWN if ip is None else self._by_network(ip)
        is_node = str(ip) in self.nodes
        # Between us and the edge: the node of our pod, or an internal router. The edge itself stands at the end of that
        # way, and a pod's or the host's own address is nothing that a packet from elsewhere is given.
        if expected.through_nat and (is_node or origin is Origin.INTERNAL):
            return replace(proof, result=ProofResult.UNPROVEN, why=Unproven.SNAT)
        kind = _SEEN_AS.get(origin, SeenAs.CLUSTER if is_node else SeenAs.OTHER)
        return replace(proof, result=ProofResult.DISPROVEN, seen_as=kind)

    def _classify(self, address: str) -> Origin:
        if address in self.probes:
            return Origin.PROBE
        ip = address_of(address)
        if ip is None:
            return Origin.UNKNOWN
        return Origin.PROBE if str(ip) in self.probes else self._by_network(ip)

    def _by_network(self, ip: Address) -> Origin:
        for origin, networks in (
            (Origin.EDGE, self._networks.edge),
            (Origin.LOOPBACK, _LOOPBACK),
            (Origin.CLUSTER, self._networks.cluster),
            (Origin.INTERNAL, self._networks.internal),
        ):
            if _within(ip, networks):
                return origin
        return Origin.EXTERNAL


def address_of(text: str) -> Address | None:
    """Parse an address as Postfix and Dovecot write it; an IPv4-mapped IPv6 address is the IPv4 one."""
    try:
        ip = ipaddress.ip_address(text.removeprefix("IPv6:"))
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def sent_from_outside(origins: Origins) -> Callable[[str, str], bool]:
    """The judge of a message that was sent from the internet: any internal address is a lost client IP."""

    def judge(seen: str, _claimed: str) -> bool:
        return seen not in origins.nodes and origins.of(seen) is Origin.EXTERNAL

    return judge


def sent_by_ourselves(origins: Origins, seen_as: Iterable[Network]) -> Callable[[str, str], bool | None]:
    """The judge of a message of ours: our own address, or one within ``seen_as``, is right, the edge's is wrong.

    Any other can be source NAT's, which nothing here can tell: ``None``.
    """
    networks = tuple(seen_as)

    def judge(seen: str, claimed: str) -> bool | None:
        if seen == claimed or _within(ipaddress.ip_address(seen), networks):
            return True
        return False if origins.of(seen) is Origin.EDGE else None

    return judge


def _within(ip: Address, networks: Iterable[Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)
