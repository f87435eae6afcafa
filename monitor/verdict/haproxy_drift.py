"""HAProxy's configuration file against what is declared: services, nodes, and what a mail client needs of timeouts.

Servers and nodes are matched by address, names differ from house to house. A server that the file names by a host name
or an SRV record has the address that runs; where that is not known, its pool is not judged. Only backends that a
service names are judged; what a check of a data port does is told in ``check_ports``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from monitor.core.edge import ConfiguredProxy, ConfiguredServer, HaproxyConfiguration
from monitor.core.haproxy import HaproxyServer, same_backend
from monitor.core.model import Node, Service
from monitor.core.runbook import BOOTSTRAP, HAPROXY_CFG, RESTART_HAPROXY, Remedy
from monitor.core.status import Drift
from monitor.wire.haproxy_stats import UNRESOLVED

# IMAP clients renew IDLE every 29 minutes (RFC 2177, section 3).
IMAP_TIMEOUT = 30 * 60_000
# A client waits ten minutes for the answer to its data (RFC 5321, section 4.5.3.2.6).
SMTP_TIMEOUT = 10 * 60_000
# A dead server is noticed within this, by its checks.
SLOWEST_NOTICE = 60_000

_ENOUGH_SERVERS = 2
# Where ``fall`` and ``inter`` are not given (configuration manual, section 5.2).
_FALL, _INTER = 3, 2000


@dataclass(frozen=True, slots=True)
class Declared:
    """What an edge's HAProxy shall do: for whom (``edge``, ``address``), with which services and nodes.

    ``nodes_known`` is false while there may be more nodes than these.
    """

    edge: str
    address: str
    services: Sequence[Service]
    nodes: Sequence[Node]
    nodes_known: bool = True


def drift(
    declared: Declared, configuration: HaproxyConfiguration, running: Iterable[HaproxyServer] = ()
) -> tuple[Drift, ...]:
    """Give every difference that matters, one finding for each backend or frontend and kind."""
    found: list[Drift] = []
    runs = {(server.backend, server.name): server for server in running}
    for service in declared.services:
        backend = _backend(configuration, service)
        if backend is None:
            subject = f"{declared.edge}/{service.backend}"
            message = f"haproxy.cfg has no backend {service.backend} ({service.name})."
            found.append(
                Drift("critical", subject, "backend", message, _cat(declared), service.backend, "no such backend")
            )
            continue
        found += _pool(declared, service, backend, [_placed(backend, server, runs) for server in backend.servers])
        found += _servers(declared, service, backend)
        found += _frontend(declared, service, configuration, backend)
    return tuple(found)


def unapplied(
    declared: Declared, configuration: HaproxyConfiguration, running: Iterable[HaproxyServer]
) -> tuple[Drift, ...]:
    """Give one finding for each backend whose servers in the file are not those that run: written, not reloaded."""
    by_backend: dict[str, list[HaproxyServer]] = {}
    for server in running:
        by_backend.setdefault(server.backend, []).append(server)
    found = []
    for service in declared.services:
        backend = _backend(configuration, service)
        if backend is None or backend.name not in by_backend:
            continue
        servers = by_backend[backend.name]
        # HAProxy before 2.4 does not tell the check port
        knows = all(server.check_port is not None for server in servers)
        runs = {_place(server, check_port=knows) for server in servers}
        by_name = {(server.backend, server.name): server for server in servers}
        written = {_place(_placed(backend, server, by_name), check_port=knows) for server in backend.servers}
        if differing := sorted({name for name, *_ in written ^ runs}):
            message = (
                f"the running {backend.name} differs from haproxy.cfg in {', '.join(differing)}: "
                "the file was written, and HAProxy not reloaded, or changed by its CLI."
            )
            remedy = RESTART_HAPROXY.at(declared.address)
            subject, file, memory = f"{declared.edge}/{backend.name}", _told(written - runs), _told(runs - written)
            found.append(Drift("warning", subject, "unapplied", message, remedy, file, memory))
    return tuple(found)


def _placed(
    backend: ConfiguredProxy, server: ConfiguredServer, runs: Mapping[tuple[str, str], HaproxyServer]
) -> ConfiguredServer:
    """The server at the address and port that run, where the file has but a name."""
    found = runs.get((backend.name, server.name))
    if server.literal or found is None:
        return server
    return replace(server, address=found.address, port=found.port if server.port is None else server.port)


def _pool(
    declared: Declared, service: Service, backend: ConfiguredProxy, placed: Sequence[ConfiguredServer]
) -> Iterable[Drift]:
    """Compare the servers with the nodes."""
    nodes = {_plain(node.address): node.name for node in declared.nodes}
    named = [server for server in placed if not server.literal and server.address != UNRESOLVED]
    placed = [server for server in placed if server.literal]
    servers = {_plain(server.address): server for server in placed}
    subject = f"{declared.edge}/{backend.name}"
    if named:
        nodes = {}  # what runs is not known, and any node may be one of those
    if missing := [name for address, name in nodes.items() if address not in servers]:
        serving = sum(not server.disabled for address, server in servers.items() if address in nodes)
        severity = "info" if serving >= _ENOUGH_SERVERS else "critical" if not serving else "warning"
        message = f"{backend.name} has no server for {', '.join(missing)}."
        wanted = ", ".join(f"{name} ({address})" for address, name in nodes.items() if name in missing)
        yield Drift(severity, subject, "pool_missing", message, _bootstrap(declared), wanted, "no server there")
    strangers = [f"{s.name} ({address})" for address, s in servers.items() if address not in nodes]
    if strangers and declared.nodes_known and not named:
        message = f"{backend.name} has servers that are no nodes: {', '.join(strangers)}."
        observed = ", ".join(strangers)
        yield Drift("warning", subject, "pool_stranger", message, _bootstrap(declared), "nodes alone", observed)
    elsewhere = [f"{s.name} (port {s.port})" for s in placed if s.port != service.node_port]
    if elsewhere:
        message = f"{backend.name} shall lead to NodePort {service.node_port}, and does not at {', '.join(elsewhere)}."
        port, observed = f"port {service.node_port}", ", ".join(elsewhere)
        yield Drift("critical", subject, "pool_port", message, _bootstrap(declared), port, observed)
    if disabled := [server.name for server in backend.servers if server.disabled]:
        message = f"{backend.name} has servers disabled by configuration: {', '.join(disabled)}."
        yield Drift("info", subject, "pool_disabled", message, None, "enabled", ", ".join(disabled))


def _servers(declared: Declared, service: Service, backend: ConfiguredProxy) -> Iterable[Drift]:
    """Judge what the servers' lines say beside the address."""
    # where a word is not known that may decide it, nobody knows how the servers are checked
    checked = backend.servers if backend.checks_readable else ()
    wrong: Mapping[str, tuple[str, str, str, list[str]]] = {
        "send_proxy": (
            "critical",
            "send-proxy-v2",
            "`send-proxy-v2` is missing: no client address, and the mail server takes the mail for a broken header",
            [server.name for server in backend.servers if not server.sends_v2],
        ),
        "check": (
            "warning",
            "check",
            "`check` is missing: HAProxy never notices that the node is dead",
            [server.name for server in checked if not server.check],
        ),
        "check_send_proxy": (
            "warning",
            "no check-send-proxy",
            "`check-send-proxy` sends a header to a port that expects none",
            [s.name for s in checked if any(c.header and c.port not in {None, service.node_port} for c in s.checks)],
        ),
        "check_port_wrong": (
            "info" if service.check_node_port is None else "warning",
            f"check port {service.check_node_port or 'none'}",
            f"the check port shall be {service.check_node_port or 'none of its own'}",
            [f"{s.name} ({', '.join(ports)})" for s in checked if (ports := _checks_elsewhere(s, service))],
        ),
        "inter": (
            "warning",
            f"noticed within {SLOWEST_NOTICE // 1000} s",
            f"`inter` times `fall` is over {SLOWEST_NOTICE // 1000} s: so long clients are sent to a dead node",
            [server.name for server in backend.servers if _notices_after(server) > SLOWEST_NOTICE],
        ),
    }
    for kind, (severity, wanted, what, names) in wrong.items():
        if names:
            subject, observed = f"{declared.edge}/{backend.name}", f"not so: {', '.join(names)}"
            message = f"{backend.name}, {', '.join(names)}: {what}."
            yield Drift(severity, subject, kind, message, _bootstrap(declared), wanted, observed)


def _frontend(
    declared: Declared, service: Service, configuration: HaproxyConfiguration, backend: ConfiguredProxy
) -> Iterable[Drift]:
    """Judge the way from the frontend port to the backend, and how long it lets a client be silent."""
    needed = IMAP_TIMEOUT if service.protocol.speaks_imap else SMTP_TIMEOUT
    timeouts = [("server", backend)]
    for frontend in configuration.frontends:
        places = {_plain(bind.address) for bind in frontend.binds if bind.port == service.frontend_port}
        if not places & {"*", _plain(declared.address)}:
            continue
        timeouts.append(("client", frontend))
        leads_to = frontend.name if frontend.kind == "listen" and frontend.servers else frontend.default_backend
        if leads_to != backend.name and not frontend.use_backend:
            subject, remedy, observed = (
                f"{declared.edge}/{frontend.name}",
                _bootstrap(declared),
                leads_to or "no backend",
            )
            message = f"{frontend.name} (port {service.frontend_port}) leads to {observed}, not to {backend.name}."
            yield Drift("critical", subject, "frontend_backend", message, remedy, backend.name, observed)
    # For a connection in mode tcp it supersedes both others (configuration manual, "timeout tunnel").
    tunnel = backend.timeouts.get("tunnel")
    short = []
    for name, proxy in timeouts:
        value = proxy.timeouts.get(name) if tunnel is None else tunnel
        if value and value < needed:  # 0, or none, is for ever
            short.append(f"`timeout {name if tunnel is None else 'tunnel'}` of {proxy.name} is {_duration(value)}")
    if short:
        message = (
            f"{', '.join(dict.fromkeys(short))}: {service.name} clients that are silent for longer are cut off; "
            f"they need {_duration(needed)}."
        )
        subject, wanted, observed = (
            f"{declared.edge}/{backend.name}",
            _duration(needed),
            ", ".join(dict.fromkeys(short)),
        )
        yield Drift("warning", subject, "timeout", message, _bootstrap(declared), wanted, observed)


def _backend(configuration: HaproxyConfiguration, service: Service) -> ConfiguredProxy | None:
    backends = [proxy for proxy in configuration.backends if same_backend(service.backend, proxy.name)]
    exact = (proxy for proxy in backends if proxy.name == service.backend)
    return next(exact, backends[0] if backends else None)


def _checks_elsewhere(server: ConfiguredServer, service: Service) -> list[str]:
    """The ports that its checks connect to and shall not; a header to the data port is ``check_ports``' affair."""
    wrong = []
    for check in server.checks:
        if check.port is None or check.port == service.node_port:
            if server.send_proxy and not check.header:
                wrong.append(f"{service.node_port}, without a header")
        elif check.port != service.check_node_port:
            wrong.append(str(check.port))
    return wrong


def _notices_after(server: ConfiguredServer) -> int:
    if not server.check:
        return 0
    inter = _INTER if server.inter is None else server.inter
    return inter * (_FALL if server.fall is None else server.fall)


def _place(server: ConfiguredServer | HaproxyServer, *, check_port: bool) -> tuple[str, str, int | None, int]:
    return server.name, _plain(server.address), server.port, (server.check_port or 0) if check_port else 0


def _told(places: Iterable[tuple[str, str, int | None, int]]) -> str:
    parts = (
        f"{name} {address}:{port}{f' check port {check_port}' if check_port else ''}"
        for name, address, port, check_port in sorted(places, key=str)
    )
    return ", ".join(parts) or "no such server"


def _plain(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def _duration(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes} min" if minutes and not rest else f"{milliseconds / 1000:g} s"


def _bootstrap(declared: Declared) -> Remedy:
    return BOOTSTRAP.at(declared.address)


def _cat(declared: Declared) -> Remedy:
    return HAPROXY_CFG.at(declared.address)
