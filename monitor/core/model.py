"""What is watched: nodes, services, and the targets of probes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from monitor.core import kinds


class MailProtocol(StrEnum):
    """How a service speaks: plain SMTP, SMTP in TLS, submission with STARTTLS, or IMAP in TLS."""

    SMTP = "smtp"
    SMTPS = "smtps"
    SUBMISSION = "submission"
    IMAPS = "imaps"

    @property
    def implicit_tls(self) -> bool:
        """Whether TLS begins right after the PROXY header (RFC 8314), before any greeting."""
        return self in {MailProtocol.SMTPS, MailProtocol.IMAPS}

    @property
    def speaks_imap(self) -> bool:
        """Whether the dialogue is IMAP's (RFC 3501) and not SMTP's (RFC 5321)."""
        return self is MailProtocol.IMAPS


@dataclass(frozen=True, slots=True)
class Node:
    """A Kubernetes worker that HAProxy forwards to."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Service:
    """One mail service and the ports by which it is reached, hop by hop.

    ``syslog_name`` is the name under which its PROXY listener logs, ``None`` where it is not given.
    """

    name: str
    protocol: MailProtocol
    frontend_port: int
    node_port: int
    listener_port: int
    check_node_port: int | None
    check_listener_port: int | None
    backend: str
    syslog_name: str | None = None


class Target(NamedTuple):
    """What a probe asks: the labels that identify it. For a front door ``node`` is the edge's name.

    A target without a node has its kind's own name, or what it asks after, as ``node``; ``service`` is empty where it
    belongs to none.
    """

    path: str
    probe: kinds.ProbeKind
    node: str
    service: str
