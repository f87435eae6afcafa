"""The rules of the diagnosis about an edge: its host, its HAProxy, NAT, its frontends, and the pools behind them."""

from collections.abc import Iterable, Sequence

from monitor.core.edge import RedirectState
from monitor.core.kinds import Shown
from monitor.core.runbook import PING, REDIRECTS, RESTART_HAPROXY, SHOW_STATE, SOCKSTAT
from monitor.core.status import EdgeStatus, TargetStatus
from monitor.core.verdicts import Agreement, Verdict
from monitor.verdict.edge_book import unbound_ports
from monitor.verdict.edge_findings import misdirected, unbound
from monitor.verdict.evidence import Cause, Evidence, names, place, silent, targets, told

_CLOSED = (Verdict.NODE_UNREACHABLE, Verdict.LISTENER_DOWN, Verdict.PORT_CLOSED)
# Whom another rule of NAT leads elsewhere may be nobody (a rule of the past, a WAN of its own): that is a finding.
_ASTRAY = frozenset({RedirectState.ELSEWHERE, RedirectState.ALIAS, RedirectState.MISSING})


def shut(doors: Sequence[TargetStatus]) -> bool:
    """Whether an edge's front doors, if any is asked, are all closed."""
    return bool(doors) and all(door.verdict in _CLOSED for door in doors)


def edge_dead(evidence: Evidence) -> Cause | None:
    """SSH and every frontend are dead, while nodes answer; where SSH tells nothing, silence is enough."""
    dead = [
        edge
        for edge in evidence.looks.values()
        for doors in (evidence.doors_at(edge.name),)
        if shut(doors) and (edge.ssh_up is False or (edge.ssh_up is None and silent(doors)))
    ]
    if not dead:
        return None
    doors = [door for edge in dead for door in evidence.doors_at(edge.name)]
    return Cause(
        f"The edge {names(f'{edge.name} ({edge.address})' for edge in dead)} is dead: neither SSH nor any frontend "
        "answers.",
        evidence=(*(f"ssh {edge.name}: {edge.reason}" for edge in dead), *told(doors)),
        remedy=PING.at(dead[0].address),
        explains=targets(doors),
    )


def haproxy_dead(evidence: Evidence) -> Cause | None:
    """SSH works and HAProxy's socket does not."""
    dead = [edge for edge in evidence.looks.values() if edge.ssh_up and edge.haproxy_up is False]
    if not dead:
        return None
    doors = [door for edge in dead for door in evidence.doors_at(edge.name) if door.verdict in _CLOSED]
    return Cause(
        f"HAProxy on {names(edge.name for edge in dead)} {dead[0].haproxy_said}: {dead[0].reason}.",
        evidence=(*(f"socket of {edge.name}: {edge.reason}" for edge in dead), *told(doors)),
        remedy=(RESTART_HAPROXY if dead[0].haproxy_silent else SHOW_STATE).at(dead[0].address),
        explains=targets(doors),
    )


def nat_elsewhere(evidence: Evidence) -> Cause | None:
    """NAT leads a mail port to another address than the edge's, or nowhere: no client from outside comes in there."""
    astray = [
        (edge, redirect)
        for edge in evidence.edges
        if edge.host is not None
        for redirect in (edge.host.redirects or {}).values()
        if redirect.state in _ASTRAY
    ]
    if not astray:
        return None
    ports = names(f"{redirect.port} of {edge.name}" for edge, redirect in astray)
    found = (each for edge, redirect in astray for each in misdirected(edge.name, edge.address, [redirect]))
    return Cause(
        f"NAT does not lead port {ports} to the edge's own address: mail from outside goes astray.",
        evidence=tuple(each.message for each in found),
        remedy=REDIRECTS.at(astray[0][0].address),
    )


def frontend_not_bound(evidence: Evidence) -> Cause | None:
    """The edge lives, and a mail port does not take clients, or HAProxy does not listen there."""
    closed = evidence.failing_doors(*_CLOSED)
    seen = [
        (edge, port)
        for plan, edge in zip(evidence.plan.edges, evidence.edges, strict=True)
        if edge.haproxy_up is not False
        for port in unbound_ports(plan, edge, evidence.doors_at(edge.name))
    ]
    if not closed and not seen:
        return None
    ports = names((*(f"{d.port} of {d.target.node}" for d in closed), *(f"{port} of {e.name}" for e, port in seen)))
    return Cause(
        f"Frontend port {ports} is not bound: clients are refused.",
        evidence=(*told(closed), *(line for edge, port in seen for line in _sockets(edge, port))),
        remedy=SOCKSTAT.at(closed[0].address if closed else seen[0][0].address),
        explains=targets(closed),
    )


def backend_broken(evidence: Evidence) -> Cause | None:
    """Nodes serve and the front door does not, or HAProxy has taken out, or soon will, servers that work."""
    lost = evidence.failing_doors(Verdict.CLIENT_IP_LOST)
    # Where no node serves, and no rule has said why, the front door is no better explained than the nodes.
    behind = evidence.doors_behind(s for s in evidence.unexplained if s.target.probe.shown is Shown.HANDSHAKE)
    doors = (*(door for door in evidence.failing_doors() if door.target not in behind), *lost)
    unchecked = evidence.dead_checks()
    taken_out = [
        s
        for s in evidence.handshakes
        if s.agreement is Agreement.LB_DOWN_PATH_UP and s.target not in evidence.explained
    ]
    if lost and len(lost) == len(doors):
        services = names(s.target.service for s in lost)
        summary = f"HAProxy does not hand on the real client IP on {services}: our own header arrives, its does not."
    elif doors:
        summary = f"Nodes serve {names(s.target.service for s in doors)}, but the front door does not."
    elif taken_out:
        summary = f"HAProxy has taken out servers that work: {names(map(place, taken_out))}."
    elif unchecked:
        services = names(s.target.service for s in unchecked)
        summary = f"No healthcheck port of {services} answers, while the data ports serve: HAProxy takes them out."
    else:
        return None
    return Cause(
        summary,
        evidence=(*told(doors), *(f"lb_down_path_up: {place(s)}" for s in taken_out), *told(unchecked)),
        remedy=SHOW_STATE.at(doors[0].address if doors else evidence.edge_address),
        explains=targets((*doors, *unchecked)),
    )


def intermittent(evidence: Evidence) -> Cause | None:
    """A front door fails now and then, and no node's fault explains it: one server of the pool is bad for clients."""
    doors = [door for door in evidence.intermittent if door.target not in evidence.explained]
    if not doors:
        return None
    return Cause(
        f"{names(door.target.service for door in doors)} fails now and then through the front door: a server of the "
        "pool is bad for clients.",
        evidence=(*(door.line for door in doors), *dict.fromkeys(each for door in doors for each in door.suspects)),
        remedy=SHOW_STATE.at(doors[0].address),
        explains=frozenset(door.target for door in doors),
    )


def _sockets(edge: EdgeStatus, port: int) -> Iterable[str]:
    frontends = (edge.host.frontends if edge.host is not None else None) or {}
    return (each.message for each in unbound(edge.name, edge.address, {port: frontends[port]}))
