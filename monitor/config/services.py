"""The services of a path: what the file says of each, laid over what the runbook says of all four."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from monitor.config.values import BackendName, Port, SyslogName
from monitor.core.model import MailProtocol, Service


class ServiceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One service. Of the four defaults each key may be changed by itself; a service of another name needs them all."""

    protocol: Annotated[MailProtocol | UnsetType, Meta(description="How the service speaks.")] = UNSET
    frontend_port: Annotated[Port | UnsetType, Meta(description="The port of the edge's own frontend.")] = UNSET
    node_port: Annotated[Port | UnsetType, Meta(description="The NodePort for data, behind which PROXY is on.")] = UNSET
    listener_port: Annotated[Port | UnsetType, Meta(description="The pod's PROXY port behind node_port.")] = UNSET
    check_node_port: Annotated[
        Port | UnsetType | None, Meta(description="The NodePort for health checks, without PROXY; null: no checks.")
    ] = UNSET
    check_listener_port: Annotated[
        Port | UnsetType | None, Meta(description="The pod's stock port of this service, without PROXY.")
    ] = UNSET
    backend: Annotated[
        BackendName | UnsetType, Meta(description="HAProxy's backend, with or without pfSense's suffix (_ipvANY, …).")
    ] = UNSET
    syslog_name: Annotated[
        SyslogName | UnsetType | None,
        Meta(
            description="The name under which the PROXY listener logs: Postfix's `syslog_name`, Dovecot's "
            "`instance_name`; null: `postfix/smtpd-proxy` and the frontend_port, `dovecot`, or what mailpath's own "
            "handshakes show (docs/mail-log.md)."
        ),
    ] = UNSET


_OPTIONAL = {"check_node_port": None, "check_listener_port": None, "syslog_name": None}
REQUIRED_KEYS = tuple(key for key in ServiceEntry.__struct_fields__ if key not in _OPTIONAL)

DEFAULT_SERVICES: Mapping[str, ServiceEntry] = {
    "smtp": ServiceEntry(
        protocol=MailProtocol.SMTP,
        frontend_port=25,
        node_port=30125,
        listener_port=2525,
        check_node_port=30145,
        check_listener_port=25,
        backend="mailserver_nodes_smtp",
    ),
    "smtps": ServiceEntry(
        protocol=MailProtocol.SMTPS,
        frontend_port=465,
        node_port=30126,
        listener_port=4465,
        check_node_port=30146,
        check_listener_port=465,
        backend="mailserver_nodes_smtps",
    ),
    "submission": ServiceEntry(
        protocol=MailProtocol.SUBMISSION,
        frontend_port=587,
        node_port=30127,
        listener_port=5587,
        check_node_port=30147,
        check_listener_port=587,
        backend="mailserver_nodes_sub",
    ),
    "imaps": ServiceEntry(
        protocol=MailProtocol.IMAPS,
        frontend_port=993,
        node_port=30128,
        listener_port=10993,
        check_node_port=None,
        check_listener_port=993,
        backend="mailserver_nodes_imaps",
    ),
}


def given_keys(entry: ServiceEntry | None) -> dict[str, object]:
    """Give what the file says of a service, key by key."""
    return (
        {}
        if entry is None
        else {key: value for key, value in msgspec.structs.asdict(entry).items() if value is not UNSET}
    )


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
    """Give a complete entry as the rest of the house knows it."""
    fields = msgspec.structs.asdict(entry)
    absent = {key: value for key, value in _OPTIONAL.items() if fields[key] is UNSET}
    return Service(name=name, **fields | absent)
