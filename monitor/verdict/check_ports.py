"""Where HAProxy's checks go: a check without a port of its own knocks at the data port, and does harm there.

So does every check of a ``send-proxy-v2`` server that has neither ``check port`` nor ``addr`` (``srv_check_port``,
``srv_check_addr``). What comes of it depends on the listener: smtpd may die of it and take all clients along,
postscreen logs ``getpeername``, Dovecot bears it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.core.model import MailProtocol, Service
from monitor.core.runbook import SHOW_STATE
from monitor.core.status import EdgeStatus, Finding


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


class LocalChecks(NamedTuple):
    """A backend whose checks knock at a service's data port: where, and of how many servers."""

    edge: EdgeStatus
    backend: str
    service: Service
    servers: int


def local_checks(edges: Iterable[EdgeStatus], services: Sequence[Service]) -> tuple[LocalChecks, ...]:
    """Give every such backend, of whatever name: what its servers' port leads to is what counts."""
    by_port = {service.node_port: service for service in services}
    found: dict[tuple[str, str, int], LocalChecks] = {}
    for edge in edges:
        for server in edge.servers:
            service = by_port.get(server.port or 0)
            if service is None or server.check_port != 0 or server.check_address or not server.checks_enabled:
                continue
            key = (edge.name, server.backend, service.node_port)
            so_far = found[key].servers if key in found else 0
            found[key] = LocalChecks(edge, server.backend, service, so_far + 1)
    return tuple(found.values())


def findings(checks: Iterable[LocalChecks]) -> tuple[Finding, ...]:
    """Give one finding for each such backend, as grave as what its listener suffers."""
    return tuple(
        Finding(
            severity=_HARM[each.service.protocol].severity,
            subject=f"{each.edge.name}/{each.backend}",
            kind="check_port",
            message=f"{each.servers} servers of {each.backend} have no `check port`: HAProxy's checks go to data port "
            f"{each.service.node_port}, and {_HARM[each.service.protocol].what}.",
            remedy=SHOW_STATE.at(each.edge.address),
        )
        for each in checks
    )
