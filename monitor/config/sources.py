"""Where further knowledge comes from: edges over SSH, the mail log, the Kubernetes API. Absent means switched off."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from monitor.config.values import Address, Duration, FilePath, Host, Name, Network, Port, SocketPath, Text, doc


class SshSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one SSH connection to an edge: a key of its own, the host key pinned, read-only commands."""

    host: Annotated[Host | None, doc("Host to connect to; null: the edge's address.")] = None
    port: Annotated[Port, doc("The port of sshd.")] = 22
    user: Annotated[Name, doc("The account on the edge.")] = "admin"
    key_file: Annotated[FilePath, doc("The private key.")] = "/etc/mailpath/ssh/id_ed25519"
    known_hosts_file: Annotated[
        FilePath, doc("The edge's host key, as ssh-keyscan prints it; no other key is accepted.")
    ] = "/etc/mailpath/ssh/known_hosts"
    timeout: Annotated[Duration, doc("Time for connecting, and for each command.")] = 10.0


class BackupSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the age of an edge's backup is learned."""

    command: Annotated[
        Text,
        doc(
            "Run on the edge over its SSH connection; prints when the newest backup was made, as seconds "
            "since the epoch or in the names of files (config-20260419.xml).",
            examples=["cat /root/last-backup"],
        ),
    ]
    max_age: Annotated[Duration, doc("An older one is a finding.")] = 172_800.0


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host that runs HAProxy and NAT."""

    name: Annotated[Name, doc("The edge label of its metrics.")] = "pfsense"
    address: Annotated[Address, doc("Where its frontends are, and what NAT must redirect to.")] = "10.0.20.1"
    interval: Annotated[Duration, doc("Time between two polls of HAProxy's own view.")] = 10.0
    slow_interval: Annotated[Duration, doc("Time between two polls of sockstat, pfctl and haproxy.cfg.")] = 60.0
    nat: Annotated[bool, doc("false: traffic reaches this edge without NAT.")] = True
    frontend_ports: Annotated[tuple[Port, ...], doc("Ports that must be bound, and redirected to this edge.")] = (
        25,
        465,
        587,
        993,
    )
    optional_ports: Annotated[tuple[Port, ...], doc("Ports that may be bound.")] = (2525,)
    stats_socket: Annotated[
        SocketPath | None, doc("HAProxy's stats socket; null: judged by sockstat and its front door alone.")
    ] = "/tmp/haproxy.socket"  # noqa: S108 - a path on the edge, where pfSense's HAProxy makes it
    backup: Annotated[BackupSettings | None, doc("The backup of its configuration; absent: not checked.")] = None
    ssh: Annotated[
        SshSettings | Name | None,
        doc(
            "The SSH connection, or the name of another edge whose connection serves this one too; "
            "absent: only the front door is known."
        ),
    ] = None


class KubernetesLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mail log as the container's standard output, by the Kubernetes API."""

    selector: Annotated[Text, doc("Label selector of the mail server's pods.")] = "app=mailserver"
    container: Annotated[Name, doc("The container whose output is the mail log.")] = "docker-mailserver"
    namespace: Annotated[Name | None, doc("null: that of the path's kubernetes block, or its default.")] = None


class FileLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mail log as a file, followed through rotation."""

    path: Annotated[FilePath, doc("The file; it need not exist yet.")] = "/var/log/mail/mail.log"


class StdinLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mail log on standard input."""


class MaillogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the mail log comes from (exactly one source), and who is who in it."""

    kubernetes: Annotated[KubernetesLog | None, doc("From the Kubernetes API.")] = None
    file: Annotated[FileLog | None, doc("From a file.")] = None
    stdin: Annotated[StdinLog | None, doc("From standard input.")] = None
    edge_networks: Annotated[
        tuple[Network, ...] | None,
        doc(
            "An address in here, seen as client on a PROXY listener, is a lost client IP; "
            "null: each edge's own address, nothing more."
        ),
    ] = None
    internal_networks: Annotated[tuple[Network, ...], doc("Internal clients: counted, never lost.")] = (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "fc00::/7",
    )
    cluster_networks: Annotated[
        tuple[Network, ...] | None, doc("The pods' networks; null: learned from the pods' addresses.")
    ] = None
    wan_silence: Annotated[
        Duration | None,
        doc("After this time without an outside client, once one was seen, the way in is dead; null: off."),
    ] = 3600.0

    @property
    def sources(self) -> dict[str, KubernetesLog | FileLog | StdinLog]:
        """The sources given, by their keys; exactly one in a configuration without faults."""
        given = {"kubernetes": self.kubernetes, "file": self.file, "stdin": self.stdin}
        return {key: source for key, source in given.items() if source is not None}

    @property
    def source(self) -> KubernetesLog | FileLog | StdinLog:
        """The one source."""
        return next(iter(self.sources.values()))


class LeaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Lease that elects, among several replicas, the one that does handshakes, front doors and rare probes."""

    name: Annotated[Name, doc("The Lease, in the namespace of this block.")] = "mailpath"
    duration: Annotated[
        Duration, doc("Time without a renewal after which another replica takes over; whole seconds.")
    ] = 15.0
    renew_deadline: Annotated[Duration, doc("Time without a renewal after which a leader stops by itself.")] = 10.0
    retry_period: Annotated[Duration, doc("Time between two attempts to become or to stay leader.")] = 2.0


class KubernetesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mail server as the Kubernetes API shows it."""

    kubeconfig: Annotated[FilePath | None, doc("null: in-cluster, else ~/.kube/config.")] = None
    namespace: Annotated[Name, doc("The mail server's namespace.")] = "mailserver"
    deployment: Annotated[Name, doc("The mail server's Deployment.")] = "mailserver"
    container: Annotated[Name, doc("Its container.")] = "docker-mailserver"
    proxy_service: Annotated[Name, doc("The NodePort Service that HAProxy forwards to.")] = "mailserver-proxy"
    internal_service: Annotated[Name, doc("The Service for clients inside the cluster.")] = "mailserver"
    roundtrip_cronjob: Annotated[Name, doc("The CronJob that sends a mail and finds it.")] = "email-roundtrip-monitor"
    config_maps: Annotated[
        Mapping[Name, Name],
        doc(
            "ConfigMaps and the one key that is read of each; read by name only, "
            "since a namespace's ConfigMaps can hold secrets."
        ),
        Meta(extra_json_schema={"default": {"mailserver-user-patches": "user-patches.sh"}}),
    ] = field(default_factory=lambda: {"mailserver-user-patches": "user-patches.sh"})
    certificate_secret: Annotated[
        Name | None,
        doc(
            "The Secret (kubernetes.io/tls) whose certificate the services should serve; to compare it, the "
            "whole Secret may be read, its key too; null: it is not read."
        ),
    ] = None
    listeners: Annotated[
        Literal["connect", "exec"],
        doc(
            "How the pod's ports are checked: by silent connects to its address, or by `ss -ltn` inside, "
            "which is root among all mail."
        ),
    ] = "connect"
    ignore_drift: Annotated[tuple[Text, ...], doc("Acknowledged differences, by subject.")] = ()
    lease: Annotated[
        LeaseSettings | None,
        doc("With several replicas: which of them does handshakes, front doors and rare probes; null: every one."),
    ] = None
