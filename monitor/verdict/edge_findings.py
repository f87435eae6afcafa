"""What the last polls of the edges' hosts show, as findings: sockets, redirects, stats socket, load, gaps."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from monitor.core.edge import (
    EdgeObservation,
    FileMode,
    Frontend,
    HaproxyConfiguration,
    Redirect,
    RedirectState,
    StatsSocket,
)
from monitor.core.haproxy import HaproxyInfo
from monitor.core.runbook import (
    FILTER_RULES,
    GATE,
    HAPROXY_CFG,
    REDIRECTS,
    RESTART_HAPROXY,
    SHOW_STATE,
    SOCKSTAT,
    SSH_TRY,
    on_edge,
)
from monitor.core.status import Drift, EdgeStatus, Finding, TargetStatus
from monitor.core.taxonomy import Reason
from monitor.verdict.edge_book import unbound_ports
from monitor.verdict.evidence import Evidence
from monitor.verdict.haproxy_drift import Declared, drift, unapplied
from monitor.verdict.plan import EdgePlan, HostPlan, PathPlan
from monitor.wire.haproxy_answer import SERVERS_STATE
from monitor.wire.haproxy_stats import printable

CONNECTIONS_SHARE = 0.8
# Seconds, within which a person may wonder why counters and states have changed.
YOUNG = 300
_WRITE_BY_ALL = 0o002
_RULE_KEPT = 120
_WORDS_KEPT = 8
_HOUR = 3600.0


def unbound(
    edge: str, address: str, frontends: Mapping[int, Frontend], optional: Collection[int] = ()
) -> tuple[Finding, ...]:
    """Give one finding for each frontend port on which HAProxy does not listen; optional ones are only told of."""
    return tuple(
        Finding(
            severity="info" if port in optional else "critical",
            subject=f"{edge}:{port}",
            kind="frontend_unbound",
            message=f"HAProxy does not listen on {address} port {port}{_holders(frontend)}.",
            remedy=None if port in optional else SOCKSTAT.at(address),
        )
        for port, frontend in sorted(frontends.items())
        if not frontend.bound
    )


def misdirected(edge: str, address: str, redirects: Iterable[Redirect]) -> tuple[Finding, ...]:
    """Give one finding for each mail port that NAT leads elsewhere, or nowhere, or whose connections are dropped."""
    found = []
    for redirect in redirects:
        subject = f"{edge}:{redirect.port}"
        if redirect.state is not RedirectState.OK:
            severity = "warning" if redirect.state is RedirectState.PARTLY else "critical"
            message = f"{_where(redirect, address)}{_evidence(redirect)}."
            found.append(Finding(severity, subject, "nat_redirect", message, REDIRECTS.at(address)))
        elif redirect.passed is False:
            message = (
                f"NAT leads port {redirect.port} to {address}, and no rule of the filter passes it: its own is "
                f"missing, disabled or behind a block{_evidence(redirect)}. Rules in anchors are not seen."
            )
            # not critical: what an anchor passes would be taken for dropped
            found.append(Finding("warning", subject, "nat_blocked", message, FILTER_RULES.at(address)))
    return tuple(found)


def open_stats_socket(
    edge: str, address: str, mode: FileMode, path: str, configured: Sequence[StatsSocket] = ()
) -> tuple[Finding, ...]:
    """Warn of a stats socket that every account may write to; to write is all it takes to connect (unix(4))."""
    if mode.kind != "s":
        # what socat leaves behind when root uses it while HAProxy is down
        message = f"{path} is no socket but a file of kind {mode.kind!r}: remove it, and restart HAProxy."
        remedy = RESTART_HAPROXY.at(address)
        return (Finding("critical", f"{edge}/{path}", "stats_socket", message, remedy),)
    if not mode.bits & _WRITE_BY_ALL:
        return ()
    level = next((socket.level for socket in configured if socket.path == path), "unknown")
    message = (
        f"every account on the edge may command HAProxy: {path} (level {level}) has mode {mode.bits:03o}, "
        "wider than 660."
    )
    remedy = HAPROXY_CFG.at(address)
    return (Finding("warning", f"{edge}/{path}", "stats_socket_permission", message, remedy),)


def crowded(edge: str, info: HaproxyInfo) -> tuple[Finding, ...]:
    """Warn before HAProxy accepts no further connection."""
    if info.current_connections is None or not info.max_connections:
        return ()
    if info.current_connections <= CONNECTIONS_SHARE * info.max_connections:
        return ()
    message = (
        f"HAProxy has {info.current_connections} of {info.max_connections} connections (maxconn), "
        f"over {CONNECTIONS_SHARE:.0%}: at the limit clients wait unanswered."
    )
    return (Finding("warning", edge, "connections", message),)


def restarted(edge: str, info: HaproxyInfo) -> tuple[Finding, ...]:
    """Tell of a HAProxy that was started or reloaded a moment ago: what it says of its servers is young."""
    if info.uptime_seconds is None or info.uptime_seconds >= YOUNG:
        return ()
    process = f"pid {info.pid or 'unknown'}, {info.version or 'version unknown'}"
    message = f"HAProxy ({process}) was started or reloaded {info.uptime_seconds} s ago."
    return (Finding("info", edge, "haproxy_restarted", message),)


def unknown_keywords(edge: str, address: str, configuration: HaproxyConfiguration) -> tuple[Finding, ...]:
    """Tell once of the words that mailpath does not know: a later HAProxy's, and nothing is wrong with them."""
    unknown = dict.fromkeys(configuration.unknown)
    for proxy in configuration.proxies:
        unknown |= dict.fromkeys(proxy.unknown)
        unknown |= dict.fromkeys(word for server in proxy.servers for word in server.unknown)
    if not unknown:
        return ()
    words = ", ".join(printable(word) for word in list(unknown)[:_WORDS_KEPT])
    message = (
        f"haproxy.cfg of {edge} has keywords that mailpath does not know: {words}. "
        "Where they may decide how servers are checked, that is not judged."
    )
    return (Finding("info", f"{edge}/haproxy.cfg", "haproxy_keyword", message, HAPROXY_CFG.at(address)),)


def unread(edge: EdgeStatus, backends: Collection[str]) -> Iterator[Finding]:
    """What could not be read of HAProxy's answers: whole ones, and single rows, each of which costs nothing else.

    A row is worth a warning where it begins with the name of one of the path's ``backends``.
    """
    remedy = SHOW_STATE.at(edge.address)
    for command, failure in edge.gaps.items():
        message = f"HAProxy's answer to `{command}` on {edge.name} cannot be read: {failure.reason}, {failure.detail}."
        yield Finding("warning", f"{edge.name}/{command}", "haproxy_gap", message, remedy)
    for command, dropped in edge.dropped.items():
        rows = "one row" if dropped.count == 1 else f"{dropped.count} rows"
        message = (
            f"{rows} of HAProxy's answer to `{command}` on {edge.name} cannot be read, the others are: "
            f"{'; '.join(dropped.examples)}."
        )
        ours = any(example.startswith(backend) for example in dropped.examples for backend in backends)
        yield Finding("warning" if ours else "info", f"{edge.name}/{command}", "haproxy_rows", message, remedy)


def old_backup(edge: str, address: str, age: float, plan: HostPlan) -> tuple[Finding, ...]:
    """Warn of a configuration whose newest backup is too old; ages are seconds."""
    if age <= plan.backup_max_age:
        return ()
    message = (
        f"the newest backup of {edge} is {age / _HOUR:.0f} h old, and shall be {plan.backup_max_age / _HOUR:.0f} h old "
        "at most: whoever restores it loses what was changed since."
    )
    remedy = on_edge("See when the newest backup was made.", address, plan.backup_command)
    return (Finding("warning", f"{edge}/backup", "backup_old", message, remedy),)


def _holders(frontend: Frontend) -> str:
    if not frontend.others:
        return ": nobody does"
    return f": {', '.join('a socket without owner' if name == '?' else name for name in frontend.others)} does"


def _where(redirect: Redirect, address: str) -> str:
    port, targets = redirect.port, ", ".join(redirect.wrong)
    match redirect.state:
        case RedirectState.MISSING:
            return f"NAT redirects port {port} nowhere, not to {address}"
        case RedirectState.ALIAS:
            return f"NAT leads port {port} to the alias {targets}, not to {address}"
        case RedirectState.PARTLY:
            return f"NAT leads port {port} to {address}, and as well to {targets}"
    return f"NAT leads port {port} to {targets}, not to {address}"


def _evidence(redirect: Redirect) -> str:
    return f" ({redirect.rules[0][:_RULE_KEPT]})" if redirect.rules else ""


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
