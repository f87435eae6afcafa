"""Where HAProxy's checks go: a check of the data port carries a header of its own, and may do harm there.

So does every check of a ``send-proxy-v2`` server that has neither ``check port`` nor ``addr`` (``srv_check_port``,
``srv_check_addr``), unless rules say where to connect (``tcp-check connect``: haproxy.cfg alone shows that). What comes
of it depends on the listener: smtpd before Postfix 3.11 may die of it and take all clients along, postscreen logs
``getpeername``, Dovecot bears it. With ``pp2-never-send-local`` the header has HAProxy's own address: no server dies,
and the mail log shows each check as a client at the edge's address.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from monitor.core.edge import ConfiguredProxy, ConfiguredServer
from monitor.core.haproxy import HaproxyServer
from monitor.core.maillog import PostfixVersion
from monitor.core.model import MailProtocol, Service
from monitor.core.runbook import SHOW_STATE
from monitor.core.status import EdgeStatus, Finding
from monitor.verdict.traffic import ALL_LISTENERS, Loss

# smtpd no longer dies of a connection that has no address.
SMTPD_SURVIVES = (3, 11, 0)
# ``srv_check_status`` up to here is of a connect alone (``HCHK_STATUS_L4CON``): no rules have spoken to the server.
_L4 = 8


class _Harm(NamedTuple):
    severity: str
    what: str


_KILLED = _Harm("critical", "smtpd dies of them (Servname not supported) and is throttled for a minute")
_HARM = {
    MailProtocol.SMTP: _Harm("warning", "postscreen logs getpeername for each"),
    MailProtocol.SMTPS: _KILLED,
    MailProtocol.SUBMISSION: _KILLED,
    MailProtocol.IMAPS: _Harm("info", "Dovecot bears it and logs a line for each"),
}


_SURVIVED = _Harm("warning", "smtpd logs lines for each (before Postfix 3.11 it dies of them)")
_NEVER_LOCAL = _Harm("info", "the mail log shows each as a client at HAProxy's own address")


class LocalChecks(NamedTuple):
    """A backend whose checks knock at a service's data port: where, and of how many servers.

    ``never_local`` says that they carry HAProxy's own address in place of LOCAL.
    """

    edge: EdgeStatus
    backend: str
    service: Service
    servers: int
    never_local: bool = False

    def harm(self, postfix: PostfixVersion | None) -> _Harm:
        """What the listener suffers; ``postfix`` is its release, where that is known."""
        if self.never_local:
            return _NEVER_LOCAL
        harm = _HARM[self.service.protocol]
        return _SURVIVED if harm is _KILLED and postfix is not None and postfix >= SMTPD_SURVIVES else harm


def local_checks(edges: Iterable[EdgeStatus], services: Sequence[Service]) -> tuple[LocalChecks, ...]:
    """Give every such backend, of whatever name: what its servers' port leads to is what counts."""
    by_port = {service.node_port: service for service in services}
    found: dict[tuple[str, str, int], LocalChecks] = {}
    for edge in edges:
        configuration = edge.host.configuration if edge.host is not None else None
        never_local = configuration is not None and configuration.never_local
        for server, backend in _with_backends(edge):
            service = by_port.get(server.port or 0)
            if service is None or not server.checks_enabled or not _knocks(edge, server, backend):
                continue
            key = (edge.name, server.backend, service.node_port)
            so_far = found[key].servers if key in found else 0
            found[key] = LocalChecks(edge, server.backend, service, so_far + 1, never_local)
    return tuple(found.values())


def unexplained(losses: Iterable[Loss], checks: Iterable[LocalChecks]) -> tuple[Loss, ...]:
    """The losses of client addresses that are not HAProxy's checks, which come from the edge by ``never_local``."""
    ports = {each.service.listener_port for each in checks if each.never_local}
    return tuple(loss for loss in losses if not ports or loss.listener not in {*ports, ALL_LISTENERS})


def findings(checks: Iterable[LocalChecks], postfix: PostfixVersion | None = None) -> tuple[Finding, ...]:
    """Give one finding for each such backend, as grave as what its listener suffers."""
    return tuple(
        Finding(
            severity=each.harm(postfix).severity,
            subject=f"{each.edge.name}/{each.backend}",
            kind="check_port",
            message=f"{each.servers} servers of {each.backend} have no `check port`: HAProxy's checks go to data port "
            f"{each.service.node_port}{_header(each)}, and {each.harm(postfix).what}.",
            remedy=SHOW_STATE.at(each.edge.address),
        )
        for each in checks
    )


def _header(checks: LocalChecks) -> str:
    return " and with `pp2-never-send-local`" if checks.never_local else ""


def _with_backends(edge: EdgeStatus) -> Iterator[tuple[HaproxyServer, ConfiguredProxy | None]]:
    configuration = edge.host.configuration if edge.host is not None else None
    backends = {} if configuration is None else {backend.name: backend for backend in configuration.backends}
    for server in edge.servers:
        yield server, backends.get(server.backend)


def _knocks(edge: EdgeStatus, server: HaproxyServer, backend: ConfiguredProxy | None) -> bool:
    """Whether checks connect to the server's own port, with a header."""
    configured = None if backend is None else _configured(backend, server.name)
    if backend is not None and configured is not None and _loaded(configured, server):
        return backend.checks_readable and any(
            check.header and check.port in {None, server.port} and check.address in {"", server.address}
            for check in configured.checks
        )
    # The file will show it in a moment, or has never shown it: then its state tells, where no rules have spoken.
    waiting = edge.looked_at and edge.host is None
    return not waiting and server.check_port == 0 and not server.check_address and server.check_status <= _L4


def _loaded(configured: ConfiguredServer, server: HaproxyServer) -> bool:
    """Whether the server runs with the check port that the file has; HAProxy before 2.4 does not show it."""
    return server.check_port is None or server.check_port == (configured.check_port or 0)


def _configured(backend: ConfiguredProxy, name: str) -> ConfiguredServer | None:
    return next((server for server in backend.servers if server.name == name), None)
