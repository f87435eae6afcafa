"""What is declared against what the Kubernetes API and HAProxy show: each difference with both values.

Servers and nodes are matched by address, since names differ from path to path. Postfix and Dovecot read their
certificate when they start or are reloaded, and a file that is mounted by ``subPath`` is never updated in a running
container (Kubernetes documentation of Secrets): then the old one is served until it expires.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from monitor.core.haproxy import HaproxyServer, same_backend
from monitor.core.kube import Cluster, KubeService, SecretCertificate, ServicePort
from monitor.core.model import Service
from monitor.core.moments import utc
from monitor.core.runbook import BOOTSTRAP, NODES, RESTART_MAILSERVER, SERVICE, USER_PATCHES, Remedy, read_object
from monitor.core.status import Drift, EdgeStatus, TargetStatus
from monitor.verdict.evidence import names
from monitor.verdict.plan import ClusterPlan, PathPlan
from monitor.wire.haproxy_answer import SERVERS_STATE
from monitor.wire.haproxy_stats import without_free_slots
from monitor.wire.mail_config import is_script

# With so many servers a node that is missing costs nobody a connection.
_ENOUGH_SERVERS = 2


def drifts(
    plan: PathPlan,
    cluster: Cluster,
    edges: Iterable[EdgeStatus],
    handshakes: Iterable[TargetStatus] = (),
    at: float = 0.0,
) -> tuple[Drift, ...]:
    """Give every difference; one that was acknowledged by its subject is information.

    ``at`` is the time of the look, in seconds since the epoch.
    """
    declared = plan.cluster
    if declared is None:
        return ()
    found = (
        *_nodes(declared, cluster),
        *(drift for edge in edges for drift in _pools(plan, cluster, edge)),
        *_proxy_service(plan, declared, cluster),
        *_internal_service(declared, cluster),
        *_config_maps(plan, declared, cluster),
        *certificate_drift(declared, cluster, handshakes, at),
    )
    return tuple(
        replace(each, severity="info", acknowledged=True) if each.subject in declared.ignored else each
        for each in found
    )


def _nodes(declared: ClusterPlan, cluster: Cluster) -> Iterator[Drift]:
    """Compare the nodes that were named with those that were found, where both are wanted."""
    if not declared.discovers or not declared.static or cluster.nodes is None:
        return
    found = {node.name: node for node in cluster.nodes}
    for fixed in declared.static:
        node = found.get(fixed.name)
        if node is None:
            yield _drift("warning", f"node/{fixed.name}", "static_only", fixed.address, "no such Node", NODES)
        elif fixed.address not in node.addresses:
            observed = ", ".join(node.addresses) or "no InternalIP"
            yield _drift("warning", f"node/{fixed.name}", "address", fixed.address, observed, NODES)
    named = {fixed.name for fixed in declared.static}
    for node in cluster.nodes:
        if node.name not in named:
            observed = ", ".join(node.addresses) or "no InternalIP"
            yield _drift("info", f"node/{node.name}", "discovered_only", "not among nodes.static", observed, NODES)


def _pools(plan: PathPlan, cluster: Cluster, edge: EdgeStatus) -> Iterator[Drift]:
    """Compare the servers that HAProxy has with the nodes, where all of its servers could be read."""
    if SERVERS_STATE in edge.dropped:
        return
    nodes: dict[str, tuple[str, ...]] = {node.name: (node.address,) for node in plan.nodes}
    nodes |= {node.name: node.addresses for node in cluster.nodes or ()}
    for service in plan.services:
        pools: dict[str, list[HaproxyServer]] = {}
        for server in without_free_slots(edge.servers):
            if same_backend(service.backend, server.backend):
                pools.setdefault(server.backend, []).append(server)
        for backend, servers in pools.items():
            yield from _pool(edge, backend, servers, nodes)


def _pool(
    edge: EdgeStatus, backend: str, servers: Sequence[HaproxyServer], nodes: dict[str, tuple[str, ...]]
) -> Iterator[Drift]:
    subject, remedy = f"{edge.name}/{backend}", BOOTSTRAP.at(edge.address)
    owners = {address: name for name, addresses in nodes.items() for address in addresses}
    served = {owners[server.address] for server in servers if server.address in owners}
    strangers = [server for server in servers if server.address not in owners]
    moved = [server for server in strangers if server.name in nodes and server.name not in served]
    severity = "info" if len(served) >= _ENOUGH_SERVERS else "warning" if served else "critical"
    if missing := [name for name in nodes if name not in served and name not in {server.name for server in moved}]:
        declared = ", ".join(f"{name} ({' or '.join(nodes[name])})" for name in missing)
        yield _drift(severity, subject, "pool_missing", declared, "no server at that address", remedy)
    if moved:
        declared = ", ".join(f"{server.name} at {' or '.join(nodes[server.name])}" for server in moved)
        observed = ", ".join(f"{server.name} at {server.address}" for server in moved)
        yield _drift("warning", subject, "pool_address", declared, observed, remedy)
    if stale := [server for server in strangers if server not in moved]:
        observed = ", ".join(f"{server.name} at {server.address}" for server in stale)
        yield _drift("warning", subject, "pool_stranger", "a node at each server's address", observed, remedy)


def _proxy_service(plan: PathPlan, declared: ClusterPlan, cluster: Cluster) -> Iterator[Drift]:
    if cluster.services is None:
        return
    name = declared.proxy_service
    found = next((each for each in cluster.services if each.name == name), None)
    if found is None:
        yield _drift("critical", name, "service_missing", "a Service of type NodePort", "no such Service", SERVICE)
        return
    if found.type != "NodePort":
        yield _drift("critical", name, "type", "NodePort", found.type, SERVICE)
    elif found.external_traffic_policy not in {"Cluster", ""}:
        policy = found.external_traffic_policy
        yield _drift("warning", name, "external_traffic_policy", "Cluster", policy, SERVICE)
    for service in plan.services:
        yield from _triple(
            f"{name}/{service.name}", cluster, found, (service.frontend_port, service.listener_port, service.node_port)
        )
        if service.check_node_port is not None and service.check_listener_port is not None:
            triple = (None, service.check_listener_port, service.check_node_port)
            yield from _triple(f"{name}/{service.name}-check", cluster, found, triple)


def _triple(
    subject: str, cluster: Cluster, service: KubeService, triple: tuple[int | None, int, int]
) -> Iterator[Drift]:
    """Compare one of a Service's ports; ``None`` for a port of the Service itself that nobody has declared."""
    port, target, node_port = triple
    severity = "warning" if port is None else "critical"
    found = next((each for each in service.ports if each.node_port == node_port), None)
    if found is None:
        near = [each for each in service.ports if _resolved(cluster, service, each) == target]
        observed = ", ".join(map(_told, near)) or "no such NodePort"
        yield _drift(severity, subject, "node_port", f"NodePort {node_port} to {target}", observed, SERVICE)
        return
    resolved = _resolved(cluster, service, found)
    if resolved is not None and resolved != target:
        yield _drift(severity, subject, "target_port", f"NodePort {node_port} to {target}", _told(found), SERVICE)
    if port is not None and found.port != port:
        yield _drift("info", subject, "port", f"port {port}", _told(found), SERVICE)


def _resolved(cluster: Cluster, service: KubeService, port: ServicePort) -> int | None:
    """Give the number of a target that may be a name: then the EndpointSlices have it."""
    if isinstance(port.target, int):
        return port.target
    numbers = [each.ports.get(port.name) for each in cluster.slices or () if each.service == service.name]
    return next((number for number in numbers if number is not None), None)


def _told(port: ServicePort) -> str:
    return f"port {port.port} to {port.target} at NodePort {port.node_port or 'none'}"


def _internal_service(declared: ClusterPlan, cluster: Cluster) -> Iterator[Drift]:
    if cluster.services is None:
        return
    name = declared.internal_service
    remedy = read_object("service", name)
    found = next((each for each in cluster.services if each.name == name), None)
    if found is None:
        yield _drift("warning", name, "service_missing", "a Service of type ClusterIP", "no such Service", remedy)
        return
    if found.type != "ClusterIP":
        yield _drift("warning", name, "type", "ClusterIP", found.type, remedy)
    if found.load_balancers:
        yield _drift("warning", name, "load_balancer", "none", ", ".join(found.load_balancers), remedy)


def _config_maps(plan: PathPlan, declared: ClusterPlan, cluster: Cluster) -> Iterator[Drift]:
    """See that the PROXY listeners are declared where they are made, and expect a header there."""
    for name, key in declared.config_maps:
        if name not in cluster.config_maps:
            continue
        listeners = cluster.config_maps[name]
        if listeners is None:
            yield _drift("warning", name, "config_map_missing", f"a key {key}", "none", USER_PATCHES)
            continue
        for service in plan.services:
            if service.protocol.speaks_imap is not is_script(key):
                yield from _listener(name, service, expects=listeners.get(service.listener_port))


def _listener(name: str, service: Service, *, expects: bool | None) -> Iterator[Drift]:
    if not expects:
        observed = "no such listener" if expects is None else "a listener without"
        wanted = f"a listener on {service.listener_port} with haproxy"
        yield _drift("warning", f"{name}/{service.name}", "proxy_listener", wanted, observed, USER_PATCHES)


def _drift(  # noqa: PLR0913, PLR0917 - what every drift has
    severity: str, subject: str, kind: str, declared: str, observed: str, remedy: Remedy
) -> Drift:
    message = f"{subject}: declared is {declared}; observed {observed}."
    return Drift(severity, subject, kind, message, remedy, declared, observed)


# Who renews does it weeks before the end. So near to it nobody may wait for the next restart.
URGENT = 3 * 86_400.0


def certificate_drift(
    declared: ClusterPlan, cluster: Cluster, handshakes: Iterable[TargetStatus], at: float
) -> Iterator[Drift]:
    """Give one drift where services serve another certificate than the Secret's; ``at`` is seconds since the epoch."""
    name = declared.certificate_secret
    if name is None or name not in cluster.certificates:
        return
    subject, held = f"secret/{name}", cluster.certificates[name]
    if held is None:
        message = f"{subject}: declared is a certificate (tls.crt); observed none."
        remedy = read_object("secret", name)
        yield Drift("warning", subject, "certificate_missing", message, remedy, "a certificate", "none")
        return
    others = [each for each in handshakes if _serves_another(each, held)]
    if not others:
        return
    ends = [end for each in others if (end := _end(each)) is not None]
    services = names(dict.fromkeys(each.target.service for each in others))
    renewed = bool(ends) and held.not_after is not None and held.not_after > min(ends)
    wanted = f"one that ends {_date(held.not_after)}"
    observed = f"one that ends {_date(min(ends, default=None))} on {services}"
    what = "was renewed, and the services do not serve it yet" if renewed else "is not the one that is served"
    yield Drift(
        "critical" if ends and min(ends) - at < URGENT else "warning",
        subject,
        "certificate_not_served",
        f"The certificate in the Secret {name} {what}: declared is {wanted}; observed {observed}.",
        RESTART_MAILSERVER,
        wanted,
        observed,
    )


def _serves_another(status: TargetStatus, held: SecretCertificate) -> bool:
    tls = status.last.tls if status.last is not None and not status.stale else None
    return tls is not None and bool(tls.fingerprint) and tls.fingerprint != held.fingerprint


def _end(status: TargetStatus) -> float | None:
    return status.last.tls.not_after if status.last is not None and status.last.tls is not None else None


def _date(at: float | None) -> str:
    return "nobody knows when" if at is None else utc(at)
