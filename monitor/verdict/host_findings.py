"""What the last looks at the edges' hosts tell: sockets, redirects, configuration, and what they did not show."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitor.core.edge import EdgeObservation
from monitor.core.runbook import GATE, SSH_TRY
from monitor.core.status import Drift, EdgeStatus, Finding, TargetStatus
from monitor.core.taxonomy import Reason
from monitor.verdict.edge_book import unbound_ports
from monitor.verdict.edge_findings import (
    crowded,
    misdirected,
    old_backup,
    open_stats_socket,
    restarted,
    unbound,
    unknown_keywords,
    unread,
)
from monitor.verdict.evidence import Evidence
from monitor.verdict.haproxy_drift import Declared, drift, unapplied
from monitor.verdict.plan import EdgePlan, HostPlan, PathPlan
from monitor.wire.haproxy_answer import SERVERS_STATE

_WHAT = {
    "sockstat": "which ports are bound (sockstat -l)",
    "nat": "the redirects (pfctl -sn)",
    "rules": "the pass rules (pfctl -sr)",
    "configuration": "haproxy.cfg",
    "stats_socket": "who may command HAProxy (ls -l)",
    "backup": "when its newest backup was made",
}
LOGIN_SHELL = (
    "The login shell of {edge}'s account runs only the first word of a command, as pfSense's does before 2.5.0: "
    "mailpath sees neither HAProxy's servers, nor redirects, nor haproxy.cfg."
)


def findings(plan: PathPlan, evidence: Evidence) -> tuple[Finding, ...]:
    """Give every finding, edge after edge; drift that was acknowledged by its subject is information."""
    ignored = plan.cluster.ignored if plan.cluster is not None else frozenset()
    cluster = evidence.cluster
    listed = cluster is not None and cluster.known is not None and cluster.known.nodes is not None
    known = listed or plan.cluster is None or not plan.cluster.discovers
    found = (
        each
        for place, edge in zip(plan.edges, evidence.edges, strict=True)
        for each in _of(plan, place, edge, evidence.doors_at(edge.name), nodes_known=known)
    )
    return tuple(
        replace(each, severity="info", acknowledged=True)
        if isinstance(each, Drift) and each.subject in ignored
        else each
        for each in found
    )


def _of(
    plan: PathPlan, place: EdgePlan, edge: EdgeStatus, doors: Sequence[TargetStatus], *, nodes_known: bool
) -> Iterator[Finding]:
    if place.host is not None and edge.host is not None:
        yield from _sockets(place, place.host, edge, edge.host, doors)
        if edge.host.redirects is not None:
            yield from misdirected(edge.name, edge.address, edge.host.redirects.values())
        yield from _configuration(plan, place.host, edge, edge.host, nodes_known=nodes_known)
        if edge.host.backup is not None:
            yield from old_backup(edge.name, edge.address, edge.host.at - edge.host.backup, place.host)
        yield from _hidden(edge, edge.host)
    yield from unread(edge, [service.backend for service in plan.services])
    if edge.info is not None:
        yield from crowded(edge.name, edge.info)
        yield from restarted(edge.name, edge.info)


def _sockets(
    place: EdgePlan, plan: HostPlan, edge: EdgeStatus, host: EdgeObservation, doors: Sequence[TargetStatus]
) -> Iterator[Finding]:
    # A HAProxy that is dead is a cause of its own, and its ports say no more.
    required = () if edge.haproxy_up is False else unbound_ports(place, edge, doors)
    wanted = {*required, *plan.optional_ports}
    frontends = {port: each for port, each in (host.frontends or {}).items() if port in wanted}
    yield from unbound(edge.name, edge.address, frontends, plan.optional_ports)


def _configuration(
    plan: PathPlan, shall: HostPlan, edge: EdgeStatus, host: EdgeObservation, *, nodes_known: bool
) -> Iterator[Finding]:
    configuration = host.configuration
    if configuration is not None:
        services = [service for service in plan.services if service.frontend_port in shall.ports]
        declared = Declared(edge.name, edge.address, services, plan.nodes, nodes_known)
        yield from drift(declared, configuration, edge.servers)
        yield from unknown_keywords(edge.name, edge.address, configuration)
        # of servers whose rows cannot be read nobody knows whether they run
        if SERVERS_STATE not in edge.dropped:
            yield from unapplied(declared, configuration, edge.servers)
    if host.stats_socket is not None and shall.stats_socket is not None:
        sockets = configuration.stats_sockets if configuration is not None else ()
        yield from open_stats_socket(edge.name, edge.address, host.stats_socket, shall.stats_socket, sockets)


def _hidden(edge: EdgeStatus, host: EdgeObservation) -> Iterator[Finding]:
    if not host.ssh_ok:
        return
    if any(failure.reason is Reason.ARGUMENTS_LOST for failure in host.failures.values()):
        message = LOGIN_SHELL.format(edge=edge.name)
        yield Finding("warning", f"{edge.name}/shell", "login_shell", message, GATE)
        return
    for command, failure in host.failures.items():
        message = f"{edge.name} does not show {_WHAT[command]}: {failure.reason}, {failure.detail}."
        remedy = SSH_TRY.at(edge.address)
        yield Finding("warning", f"{edge.name}/{command}", "edge_gap", message, remedy)
