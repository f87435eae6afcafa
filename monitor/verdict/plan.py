"""What is to be judged, and by which measure: the frozen counterpart of a configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.core.kinds import ProbeKind
from monitor.core.model import Node, Service, Target
from monitor.core.proof import EvidenceKind
from monitor.core.runbook import Remedy
from monitor.verdict.origins import Network, OriginNetworks

# Who is who where nothing was said about it.
NOBODY = OriginNetworks(frozenset(), (), (), ())


@dataclass(frozen=True, slots=True)
class ProofPlan:
    """How the client IP of a handshake or front door is to be proven; times in seconds.

    ``claimed`` is the client address that our header names and ``destination`` the other one; both ``None`` at a front
    door, where our own address is to arrive: ``source_address``, else the socket's, or one within ``seen_as``.
    """

    evidence: frozenset[EvidenceKind]
    reply_interval: float
    claimed: str | None = None
    destination: str | None = None
    source_address: str | None = None
    seen_as: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """How often and by which measure targets are judged, one for all of a kind in a path; times in seconds."""

    interval: float
    timeout: float
    rise: int
    fall: int

    @property
    def stale_after(self) -> float:
        """Seconds after which the last ended round proves nothing any more."""
        return stale_after(self.interval, self.timeout)


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """One target of check, handshake or front door, and where it is asked."""

    target: Target
    address: str
    port: int
    measure: Measure
    proof: ProofPlan | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The critical finding where something was accepted that must be refused.

    ``message`` takes the service, the node and the server's reply; ``fails`` says that the path's health fails by it,
    where it would only warn.
    """

    kind: str
    message: str
    remedy: Remedy
    fails: bool = False


@dataclass(frozen=True, slots=True)
class NegativePlan:
    """One thing that must be refused, and how often it is tried; times in seconds.

    ``rests_on`` is the kind of probe whose success makes a node worth asking.
    """

    target: Target
    interval: float
    timeout: float
    rests_on: ProbeKind
    accepted: Accepted

    @property
    def stale_after(self) -> float:
        """Seconds after which an answer proves nothing any more."""
        return stale_after(self.interval, self.timeout)


@dataclass(frozen=True, slots=True)
class Ipv6Plan:
    """The rare handshakes that claim an IPv6 client: their services by target, and the addresses that they name.

    ``needed`` says that an edge has an IPv6 address, ``reply`` that the server may be made to name its client, ``log``
    that its log shows it. A server that has refused is asked again after ``refused_interval`` (seconds).
    ``rests_on`` is the kind of probe whose success makes a node worth asking.
    """

    services: Mapping[Target, Service]
    claimed: str
    destination: str
    needed: bool
    reply: bool
    log: bool
    refused_interval: float
    rests_on: ProbeKind


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What shall be found on an edge's host; times in seconds.

    ``ports`` shall be bound, ``optional_ports`` may be, ``redirected`` shall be led here by NAT. ``stats_socket`` is
    where it shall be (``None``: HAProxy has none). ``backup_command`` tells the time of its newest backup, which shall
    be at most ``backup_max_age`` seconds old.
    """

    interval: float
    timeout: float
    ports: frozenset[int]
    optional_ports: frozenset[int]
    redirected: frozenset[int]
    stats_socket: str | None
    backup_command: str = ""
    backup_max_age: float = 0.0

    @property
    def stale_after(self) -> float:
        """Seconds after which the last look proves nothing any more."""
        return stale_after(self.interval, self.timeout)


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """One edge; ``interval`` is that of HAProxy's rounds, ``asks_haproxy`` whether there is a socket to ask.

    ``host`` is what shall be found there beside HAProxy's own view, ``None`` where nobody can look.
    """

    name: str
    address: str
    interval: float
    timeout: float
    asks_haproxy: bool
    host: HostPlan | None = None


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """What shall be found in the mail server's cluster, by name; times in seconds.

    ``place`` tells one cluster and namespace from another. ``static`` are the nodes that were declared, ``discovers``
    whether the API names nodes too. ``config_maps`` are pairs of a ConfigMap and its key, ``ignored`` the subjects of
    acknowledged drift. ``certificate_secret`` is the Secret whose certificate the services shall serve.
    """

    place: tuple[str, ...]
    deployment: str
    proxy_service: str
    internal_service: str
    cronjob: str
    config_maps: tuple[tuple[str, str], ...]
    static: tuple[Node, ...]
    discovers: bool
    ignored: frozenset[str]
    interval: float
    timeout: float
    certificate_secret: str | None = None


@dataclass(frozen=True, slots=True)
class HealthRule:
    """What /healthz requires: these services, each on at least so many nodes."""

    services: tuple[str, ...]
    healthy_nodes: int


@dataclass(frozen=True, slots=True)
class PathPlan:
    """One path: everything that is watched of it.

    ``elected`` is false where another replica does the handshakes, front doors and rare probes, so that they are no
    part of this plan; ``None`` without an election. ``roundtrip_interval`` is how often a roundtrip is expected, in
    seconds (``None``: whenever one comes).

    For the mail log ``claims`` are the PROXY listeners' ports by the address that one handshake alone claims, those of
    other replicas included, and ``destinations`` those that only a PROXY header can name.
    """

    name: str
    nodes: tuple[Node, ...]
    services: tuple[Service, ...]
    targets: tuple[TargetPlan, ...]
    edges: tuple[EdgePlan, ...]
    maillog_source: str | None
    health: HealthRule
    negatives: tuple[NegativePlan, ...] = ()
    networks: OriginNetworks = NOBODY
    wan_silence: float | None = None
    ipv6: Ipv6Plan | None = None
    cluster: ClusterPlan | None = None
    roundtrip_interval: float | None = None
    elected: bool | None = None
    claims: Mapping[str, int] = field(default_factory=dict)
    destinations: frozenset[str] = frozenset()


def stale_after(interval: float, timeout: float) -> float:
    """Give the age in seconds, from the end of the last completed round, beyond which knowledge is stale."""
    return 3 * max(interval, timeout)
