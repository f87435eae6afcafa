"""What an edge's sockets, redirects, stats socket and load mean: findings, each with what to do next."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from monitor.core.edge import FileMode, Frontend, HaproxyConfiguration, Redirect, RedirectState, StatsSocket
from monitor.core.haproxy import HaproxyInfo
from monitor.core.runbook import FILTER_RULES, HAPROXY_CFG, REDIRECTS, RESTART_HAPROXY, SHOW_STATE, SOCKSTAT, on_edge
from monitor.core.status import EdgeStatus, Finding
from monitor.verdict.plan import HostPlan
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
