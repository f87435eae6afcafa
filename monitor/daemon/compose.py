"""From a path's settings to what watches it: probes with their beat, and the plan by which they are judged."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from monitor.config import probing, sources
from monitor.config.addresses import client_addresses, negative_address
from monitor.config.settings import PathSettings
from monitor.config.sources import EdgeSettings
from monitor.core import kinds
from monitor.core.model import Node, Target
from monitor.core.observations import Observation, Span
from monitor.core.proof import NOTHING, Ask, EvidenceKind
from monitor.engine.cadence import Cadence, phase_of
from monitor.links.connector import Connector, Terms
from monitor.links.ssh_settings import SshSettings
from monitor.links.tls import TlsClient
from monitor.probes.check import Check
from monitor.probes.front_door import FrontDoor, FrontDoorSettings
from monitor.probes.handshake import Handshake, HandshakeSettings
from monitor.verdict.origins import Network, OriginNetworks
from monitor.verdict.plan import (
    ClusterPlan,
    EdgePlan,
    HealthRule,
    HostPlan,
    Ipv6Plan,
    Measure,
    NegativePlan,
    PathPlan,
    ProofPlan,
    TargetPlan,
)

# Where an IPv6 client seems to have connected, if no edge has an IPv6 address (RFC 3849).
IPV6_DESTINATION = "2001:db8::25"


class TargetProbe(Protocol):
    """What every probe of a target is."""

    target: Target
    settings: Any

    async def run(self, ask: Ask = NOTHING, /) -> Any:  # noqa: ANN401 - each probe's own result, for its judge alone
        """Do one round of I/O, and leave behind what was asked for."""

    def judge(self, result: Any, span: Span) -> Observation:  # noqa: ANN401 - see run
        """Say what the round means."""


@dataclass(frozen=True, slots=True)
class TargetWatch:
    """One target: its probe, its beat, and the measure by which it is judged."""

    probe: TargetProbe
    plan: TargetPlan
    fast_interval: float
    on_demand_interval: float = 0.0

    @property
    def key(self) -> str:
        """The name by which its phase is hashed: the same at every start."""
        return key_of(self.probe.target)

    @property
    def cadence(self) -> Cadence:
        """The target's beat."""
        return Cadence(self.plan.measure.interval, self.fast_interval, phase_of(self.key))

    def same_as(self, other: "TargetWatch") -> bool:
        """Tell whether the other one watches the same in the same way."""
        return (self.probe.settings, self.plan, self.fast_interval) == (
            other.probe.settings,
            other.plan,
            other.fast_interval,
        )


def key_of(target: Target) -> str:
    """Name a target, unique in the daemon."""
    return "/".join(target)


def target_watches(path: PathSettings, connector: Connector, tls: TlsClient) -> list[TargetWatch]:
    """Make every probe of a path's targets. A new kind of probe is one line here."""
    return [*_checks(path, connector), *_handshakes(path, tls), *_front_doors(path, tls)]


def plan_of(  # noqa: PLR0913 - each part of the plan is made by whoever watches it
    path: PathSettings,
    watches: list[TargetWatch],
    negatives: tuple[NegativePlan, ...] = (),
    ipv6: Ipv6Plan | None = None,
    *,
    cluster: ClusterPlan | None = None,
    elected: bool | None = None,
) -> PathPlan:
    """Make the plan of a path; ``elected`` is false where another replica leads, ``None`` without an election."""
    return PathPlan(
        name=path.name,
        nodes=path.static_nodes,
        services=path.services,
        targets=tuple(watch.plan for watch in watches),
        edges=tuple(_edge_plan(path, edge) for edge in path.edges),
        maillog_source=next(iter(path.maillog.sources), None) if path.maillog is not None else None,
        health=HealthRule(path.healthz.require.services, path.healthz.require.healthy_nodes),
        networks=origin_networks(path, frozenset()),
        negatives=negatives,
        ipv6=ipv6,
        roundtrip_interval=path.roundtrip.expected_interval if path.roundtrip is not None else None,
        elected=elected,
        cluster=cluster,
        wan_silence=path.maillog.wan_silence if path.maillog is not None else None,
    )


def _edge_plan(path: PathSettings, edge: EdgeSettings) -> EdgePlan:
    ssh = ssh_settings(path, edge)
    if ssh is None:
        return EdgePlan(edge.name, edge.address, edge.interval, edge.interval, asks_haproxy=False)
    host = HostPlan(
        interval=edge.slow_interval,
        timeout=ssh.timeout,
        ports=frozenset(edge.frontend_ports),
        optional_ports=frozenset(edge.optional_ports) - frozenset(edge.frontend_ports),
        redirected=frozenset(redirected_ports(edge)),
        stats_socket=edge.stats_socket,
        backup_command=edge.backup.command if edge.backup is not None else "",
        backup_max_age=edge.backup.max_age if edge.backup is not None else 0.0,
    )
    asks_haproxy = edge.stats_socket is not None
    return EdgePlan(edge.name, edge.address, edge.interval, ssh.timeout, asks_haproxy=asks_haproxy, host=host)


def redirected_ports(edge: EdgeSettings) -> tuple[int, ...]:
    """Give the ports that NAT must lead to an edge."""
    return edge.frontend_ports if edge.nat else ()


def ssh_settings(path: PathSettings, edge: EdgeSettings) -> SshSettings | None:
    """Give the SSH connection that serves an edge, its own or another edge's; ``None``: it is not looked into."""
    owner = path.ssh_edge(edge)
    if owner is None or not isinstance(owner.ssh, sources.SshSettings):
        return None
    ssh = owner.ssh
    return SshSettings(
        host=ssh.host or owner.address,
        port=ssh.port,
        user=ssh.user,
        key_file=Path(ssh.key_file),
        known_hosts_file=Path(ssh.known_hosts_file),
        timeout=ssh.timeout,
    )


def origin_networks(path: PathSettings, own_addresses: frozenset[str]) -> OriginNetworks:
    """Say who is who in the path's mail log; ``own_addresses`` are those that our front-door sockets have had."""
    maillog = path.maillog
    edges = tuple(edge.address for edge in path.edges)
    families = (False, True)
    claimed = {address for ipv6 in families for address in client_addresses(path, ipv6=ipv6).values()}
    claimed |= {negative_address(path, ipv6=ipv6) for ipv6 in families}
    return OriginNetworks(
        probes=own_addresses | claimed,
        edge=_networks(edges if maillog is None or maillog.edge_networks is None else maillog.edge_networks),
        cluster=_networks(() if maillog is None or maillog.cluster_networks is None else maillog.cluster_networks),
        internal=_networks(() if maillog is None else maillog.internal_networks),
    )


def _networks(texts: Iterable[str]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def _checks(path: PathSettings, connector: Connector) -> Iterator[TargetWatch]:
    checks, services = path.checks, path.services
    terms = Terms(checks.timeout, silent=checks.mode == "silent")
    measure = _measure(checks)
    for node in path.static_nodes:
        for service in services:
            port = service.check_node_port
            if port is None:
                continue
            target = Target(path.name, kinds.CHECK, node.name, service.name)
            probe = Check(target, node.address, port, terms, connector)
            plan = TargetPlan(target, node.address, port, measure)
            yield TargetWatch(probe, plan, fast_interval=checks.interval)


def _handshakes(path: PathSettings, tls: TlsClient) -> Iterator[TargetWatch]:
    handshakes, services = path.handshakes, path.services
    clients = {ipv6: client_addresses(path, ipv6=ipv6) for ipv6 in (False, True)}
    evidence = _evidence(path, reply=EvidenceKind.REPLY in handshakes.client_ip_proof)
    measure = _measure(handshakes)
    for node in path.static_nodes:
        destination = destination_of(path, node)
        for service in services:
            target = Target(path.name, kinds.HANDSHAKE, node.name, service.name)
            settings = HandshakeSettings(
                target=target,
                protocol=service.protocol,
                address=node.address,
                port=service.node_port,
                # A header names two addresses of one family.
                client_address=clients[":" in destination][node.name, service.name],
                destination=(destination, service.frontend_port),
                timeout=handshakes.timeout,
                slow_after=handshakes.slow_after,
                server_name=path.tls.server_name,
                helo=handshakes.helo,
            )
            proof = ProofPlan(
                evidence=evidence,
                reply_interval=handshakes.reply_interval,
                claimed=settings.client_address,
                destination=destination,
            )
            plan = TargetPlan(target, node.address, service.node_port, measure, proof)
            yield TargetWatch(Handshake(settings, tls), plan, handshakes.fast_interval, handshakes.on_demand_interval)


def _front_doors(path: PathSettings, tls: TlsClient) -> Iterator[TargetWatch]:
    doors = path.front_door
    proof = ProofPlan(
        evidence=_evidence(path, reply=doors.reply_proof),
        reply_interval=path.handshakes.reply_interval,
        source_address=doors.source_address,
        seen_as=_networks(doors.seen_as),
    )
    measure = _measure(doors)
    for edge in path.edges:
        for service in path.services:
            if service.frontend_port not in edge.frontend_ports:
                continue
            target = Target(path.name, kinds.FRONT_DOOR, edge.name, service.name)
            settings = FrontDoorSettings(
                target=target,
                protocol=service.protocol,
                address=edge.address,
                port=service.frontend_port,
                timeout=doors.timeout,
                slow_after=doors.slow_after,
                server_name=path.tls.server_name,
                helo=path.handshakes.helo,
                source_address=doors.source_address,
            )
            plan = TargetPlan(target, edge.address, service.frontend_port, measure, proof)
            yield TargetWatch(FrontDoor(settings, tls), plan, doors.fast_interval, doors.on_demand_interval)


def _measure(settings: probing.CheckSettings | probing.DialogueSettings) -> Measure:
    return Measure(settings.interval, settings.timeout, settings.rise, settings.fall)


def _evidence(path: PathSettings, *, reply: bool) -> frozenset[EvidenceKind]:
    """Say which evidence is sought: replies where they are allowed, the log where there is one to read."""
    log = path.maillog is not None and EvidenceKind.LOG in path.handshakes.client_ip_proof
    return frozenset(kind for kind, wanted in ((EvidenceKind.REPLY, reply), (EvidenceKind.LOG, log)) if wanted)


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
    ours = (destination_of(path, node) for node in path.static_nodes)
    return frozenset((*(edge.address for edge in path.edges), *ours, ipv6_destination_of(path)))
