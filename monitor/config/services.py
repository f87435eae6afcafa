"""The services of a path: what the file says of each, laid over what the runbook says of all four."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from monitor.config.values import BackendName, Port, SyslogName, doc
from monitor.core.model import MailProtocol, Service


class ServiceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One service. Of the four defaults each key may be changed by itself; a service of another name needs them all."""

    protocol: Annotated[MailProtocol | UnsetType, doc("How the service speaks.")] = UNSET
    frontend_port: Annotated[Port | UnsetType, doc("The port of the edge's own frontend.")] = UNSET
    node_port: Annotated[Port | UnsetType, doc("The NodePort for data, behind which PROXY is on.")] = UNSET
    listener_port: Annotated[Port | UnsetType, doc("The pod's PROXY port behind node_port.")] = UNSET
    check_node_port: Annotated[
        Port | UnsetType | None, doc("The NodePort for health checks, without PROXY; null: no checks.")
    ] = UNSET
    check_listener_port: Annotated[
        Port | UnsetType | None, doc("The pod's stock port of this service, without PROXY.")
    ] = UNSET
    backend: Annotated[
        BackendName | UnsetType, doc("HAProxy's backend, with or without pfSense's suffix (_ipvANY, …).")
    ] = UNSET
    syslog_name: Annotated[
        SyslogName | UnsetType | None,
        doc(
            "The name under which the PROXY listener logs: Postfix's `syslog_name`, Dovecot's "
            "`instance_name`; null: `postfix/smtpd-proxy` and the frontend_port, `dovecot`, or what mailpath's own "
            "handshakes show (docs/mail-log.md)."
        ),
    ] = UNSET


_OPTIONAL = {"check_node_port": None, "check_listener_port": None, "syslog_name": None}
REQUIRED_KEYS = tuple(key for key in ServiceEntry.__struct_fields__ if key not in _OPTIONAL)

# frontend_port, node_port, listener_port, check_node_port, check_listener_port and the end of the backend's name
_RUNBOOK: Mapping[MailProtocol, tuple[int, int, int, int | None, int, str]] = {
    MailProtocol.SMTP: (25, 30125, 2525, 30145, 25, "smtp"),
    MailProtocol.SMTPS: (465, 30126, 4465, 30146, 465, "smtps"),
    MailProtocol.SUBMISSION: (587, 30127, 5587, 30147, 587, "sub"),
    MailProtocol.IMAPS: (993, 30128, 10993, None, 993, "imaps"),
}
DEFAULT_SERVICES: Mapping[str, ServiceEntry] = {
    protocol.value: ServiceEntry(
        protocol=protocol,
        frontend_port=frontend,
        node_port=node,
        listener_port=listener,
        check_node_port=check_node,
        check_listener_port=check_listener,
        backend=f"mailserver_nodes_{backend}",
    )
    for protocol, (frontend, node, listener, check_node, check_listener, backend) in _RUNBOOK.items()
}


def given_keys(entry: ServiceEntry | None) -> dict[str, object]:
    """Return what the file says of a service, key by key."""
    given = {} if entry is None else msgspec.structs.asdict(entry)
    return {key: value for key, value in given.items() if value is not UNSET}


def complete_services(entries: Mapping[str, ServiceEntry | None]) -> dict[str, ServiceEntry | None]:
    """Fill in the defaults; a service that is dropped, or that lacks a key without default, is ``None``."""
    complete: dict[str, ServiceEntry | None] = dict.fromkeys((*DEFAULT_SERVICES, *entries))
    for name in complete:
        if entries.get(name, UNSET) is None:
            continue
        values = _OPTIONAL | given_keys(DEFAULT_SERVICES.get(name)) | given_keys(entries.get(name))
        if values.keys() >= set(REQUIRED_KEYS):
            complete[name] = msgspec.structs.replace(ServiceEntry(), **values)
    return complete


def to_service(name: str, entry: ServiceEntry) -> Service:
    """Return a complete entry as the rest of the house knows it."""
    fields = msgspec.structs.asdict(entry)
    absent = {key: value for key, value in _OPTIONAL.items() if fields[key] is UNSET}
    return Service(name=name, **fields | absent)
