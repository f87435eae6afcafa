"""Whom the server takes us for: one address that it showed, against those under which we should appear."""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, replace

from monitor.core.proof import EvidenceKind, Proof, ProofResult, SeenAs, Unproven
from monitor.verdict.origins import Network, OriginNetworks

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
        """Tell whether an address is one of these."""
        if seen in self.addresses:
            return True
        if ":" not in seen and not self.networks:
            return False  # an IPv4 address has one spelling; this is asked of every stranger
        ip = address_of(seen)
        if ip is None:
            return False
        return str(ip) in self.addresses or any(ip.version == each.version and ip in each for each in self.networks)

    @property
    def words(self) -> str:
        """The expected addresses, for a person."""
        return " or ".join(sorted(self.addresses))


class Believed:
    """Judges addresses by the networks of one path."""

    def __init__(self, networks: OriginNetworks, nodes: Collection[str]) -> None:
        """Take who is who; ``nodes`` are the node addresses, under which kube-proxy's source NAT shows everybody."""
        self._networks = networks
        self._nodes = frozenset(nodes)

    def judge(self, evidence: EvidenceKind, seen: str, expected: Expectation, at: float) -> Proof:
        """Say what an address that was seen at ``at`` (seconds since the epoch) proves."""
        proof = Proof(evidence, ProofResult.PROVEN, expected=expected.words, seen=seen, at=at)
        if expected.met_by(seen):
            return replace(proof, proven_at=at)
        ip = address_of(seen)
        if ip is not None and expected.through_nat and self._snat_may_have_made(ip):
            return replace(proof, result=ProofResult.UNPROVEN, why=Unproven.SNAT)
        return replace(proof, result=ProofResult.DISPROVEN, seen_as=self._kind(ip))

    def _snat_may_have_made(self, ip: Address) -> bool:
        # Between us and the edge: the node of our pod, or a router of the house. The edge itself stands at the end of
        # that way, and a pod's or the host's own address is nothing that a packet from elsewhere is given.
        if str(ip) in self._nodes:
            return True
        return self._kind(ip) is SeenAs.OTHER and _within(ip, self._networks.internal)

    def _kind(self, ip: Address | None) -> SeenAs:
        if ip is None:
            return SeenAs.OTHER
        if _within(ip, self._networks.edge):
            return SeenAs.EDGE
        if ip.is_loopback:
            return SeenAs.LOOPBACK
        if str(ip) in self._nodes or _within(ip, self._networks.cluster):
            return SeenAs.CLUSTER
        return SeenAs.OTHER


def address_of(text: str) -> Address | None:
    """Read an address as Postfix and Dovecot write it; an IPv4 one in an IPv6 socket's clothes is the IPv4 one."""
    try:
        ip = ipaddress.ip_address(text.removeprefix("IPv6:"))
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def _within(ip: Address, networks: Collection[Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)
