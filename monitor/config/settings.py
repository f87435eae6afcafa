"""The whole of a configuration, frozen, defaults filled in. Times are seconds; addresses and networks are texts."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, field

from monitor.config.notify import NotifySettings, StatusPageSettings
from monitor.config.probing import CheckSettings, FrontDoorSettings, HandshakeSettings
from monitor.config.roundtrip import RoundtripSettings
from monitor.config.services import DEFAULT_SERVICES, ServiceEntry, to_service
from monitor.config.sources import EdgeSettings, KubernetesSettings, MaillogSettings, SshSettings
from monitor.config.values import Address, Count, FilePath, HostName, Name, Text, doc
from monitor.core.model import Node, Service


class StaticNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Kubernetes worker that HAProxy forwards to."""

    name: Annotated[Name, doc("The node's name in Kubernetes.", examples=["k8s-node1"])]
    address: Annotated[Address, doc("The address that HAProxy forwards to.")]


class NodeDiscovery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nodes by the Kubernetes API: every one that matches, Ready or not."""

    selector: Annotated[Text, doc("Label selector of the nodes.")] = "!node-role.kubernetes.io/control-plane"


class NodesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The nodes: fixed, discovered, or both (then the difference is a finding)."""

    static: Annotated[tuple[StaticNode, ...], doc("Fixed nodes.")] = ()
    kubernetes: Annotated[NodeDiscovery | None, doc("Discovered nodes; null: none.")] = None


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the mail server's certificate must be."""

    server_name: Annotated[HostName, doc("The name that the certificate must be for, sent as SNI (RFC 6066).")]
    ca_file: Annotated[FilePath | None, doc("PEM bundle of trusted roots; null: the system's.")] = None
    verify: Annotated[bool, doc("false: an invalid certificate is no fault.")] = True


class HealthzRequirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must work for the mail path to be healthy."""

    services: Annotated[tuple[Name, ...], doc("Services that must work.")] = ("smtp", "submission", "imaps")
    healthy_nodes: Annotated[Count, doc("On at least so many nodes.")] = 1


class HealthzSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What /healthz judges by."""

    require: Annotated[HealthzRequirement, doc("What must work.")] = HealthzRequirement()


class PathSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mail path: client, edge, node, listener, mailbox."""

    name: Annotated[Name, doc("The path label of every metric.", examples=["home"])]
    nodes: Annotated[NodesSettings, doc("The nodes that HAProxy forwards to.")] = NodesSettings()
    service_entries: Annotated[
        Mapping[Name, ServiceEntry | None],
        doc("The mail services, laid over the defaults: null drops one, single keys change it, a new name adds one."),
        Meta(extra_json_schema={"default": msgspec.to_builtins(DEFAULT_SERVICES)}),
    ] = field(name="services", default_factory=lambda: dict(DEFAULT_SERVICES))
    checks: Annotated[CheckSettings, doc("The healthcheck NodePorts.")] = CheckSettings()
    handshakes: Annotated[HandshakeSettings, doc("The data NodePorts.")] = HandshakeSettings()
    front_door: Annotated[FrontDoorSettings, doc("The edges' frontends.")] = FrontDoorSettings()
    tls: Annotated[TlsSettings, doc("The mail server's certificate.")]
    edges: Annotated[tuple[EdgeSettings, ...], doc("Hosts that run HAProxy and NAT; none: that source is off.")] = ()
    maillog: Annotated[MaillogSettings | None, doc("The mail log; absent: that source is off.")] = None
    kubernetes: Annotated[
        KubernetesSettings | None, doc("The mail server in Kubernetes; absent: that source is off.")
    ] = None
    healthz: Annotated[HealthzSettings, doc("What /healthz judges by.")] = HealthzSettings()
    roundtrip: Annotated[
        RoundtripSettings | None, doc("`mailpath roundtrip` and what is expected of it; absent: that source is off.")
    ] = None

    @property
    def services(self) -> tuple[Service, ...]:
        """The services of this path."""
        return tuple(to_service(name, entry) for name, entry in self.service_entries.items() if entry is not None)

    @property
    def known_nodes(self) -> tuple[Node, ...]:
        """The nodes of this path: those of the file and, where ``with_nodes`` has added them, those of the API."""
        return tuple(Node(node.name, node.address) for node in self.nodes.static)

    def ssh_edge(self, edge: EdgeSettings) -> EdgeSettings | None:
        """Return the edge whose SSH connection serves this one: itself, another, or none."""
        if isinstance(edge.ssh, SshSettings):
            return edge
        return next((other for other in self.edges if other.name == edge.ssh), None)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration of mailpath."""

    paths: Annotated[tuple[PathSettings, ...], doc("The mail paths to watch."), Meta(min_length=1)]
    notify: Annotated[NotifySettings | None, doc("Whom mailpath tells by itself; absent: nobody, only its log.")] = None
    status_page: Annotated[StatusPageSettings, doc("What the status page shows.")] = StatusPageSettings()
