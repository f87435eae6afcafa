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
from monitor.config.values import Address, Count, FilePath, HostName, Name, Text
from monitor.core.model import Node, Service


class StaticNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Kubernetes worker that HAProxy forwards to."""

    name: Annotated[Name, Meta(description="The node's name in Kubernetes.", examples=["k8s-node1"])]
    address: Annotated[Address, Meta(description="The address that HAProxy forwards to.")]


class NodeDiscovery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nodes by the Kubernetes API: every one that matches, Ready or not."""

    selector: Annotated[Text, Meta(description="Label selector of the nodes.")] = (
        "!node-role.kubernetes.io/control-plane"
    )


class NodesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The nodes: fixed, discovered, or both (then the difference is a finding)."""

    static: Annotated[tuple[StaticNode, ...], Meta(description="Fixed nodes.")] = ()
    kubernetes: Annotated[NodeDiscovery | None, Meta(description="Discovered nodes; null: none.")] = None


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the mail server's certificate must be."""

    server_name: Annotated[
        HostName, Meta(description="The name that the certificate must be for, sent as SNI (RFC 6066).")
    ]
    ca_file: Annotated[FilePath | None, Meta(description="PEM bundle of trusted roots; null: the system's.")] = None
    verify: Annotated[bool, Meta(description="false: an invalid certificate is no fault.")] = True


class HealthzRequirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must work for the mail path to be healthy."""

    services: Annotated[tuple[Name, ...], Meta(description="Services that must work.")] = (
        "smtp",
        "submission",
        "imaps",
    )
    healthy_nodes: Annotated[Count, Meta(description="On at least so many nodes.")] = 1


class HealthzSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What /healthz judges by."""

    require: Annotated[HealthzRequirement, Meta(description="What must work.")] = HealthzRequirement()


class PathSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mail path: client, edge, node, listener, mailbox."""

    name: Annotated[Name, Meta(description="The path label of every metric.", examples=["home"])]
    nodes: Annotated[NodesSettings, Meta(description="The nodes that HAProxy forwards to.")] = NodesSettings()
    service_entries: Annotated[
        Mapping[Name, ServiceEntry | None],
        Meta(
            description="The mail services, laid over the defaults: null drops one, single keys change it, "
            "a new name adds one.",
            extra_json_schema={"default": msgspec.to_builtins(DEFAULT_SERVICES)},
        ),
    ] = field(name="services", default_factory=lambda: dict(DEFAULT_SERVICES))
    checks: Annotated[CheckSettings, Meta(description="The healthcheck NodePorts.")] = CheckSettings()
    handshakes: Annotated[HandshakeSettings, Meta(description="The data NodePorts.")] = HandshakeSettings()
    front_door: Annotated[FrontDoorSettings, Meta(description="The edges' frontends.")] = FrontDoorSettings()
    tls: Annotated[TlsSettings, Meta(description="The mail server's certificate.")]
    edges: Annotated[
        tuple[EdgeSettings, ...], Meta(description="Hosts that run HAProxy and NAT; none: that source is off.")
    ] = ()
    maillog: Annotated[MaillogSettings | None, Meta(description="The mail log; absent: that source is off.")] = None
    kubernetes: Annotated[
        KubernetesSettings | None, Meta(description="The mail server in Kubernetes; absent: that source is off.")
    ] = None
    healthz: Annotated[HealthzSettings, Meta(description="What /healthz judges by.")] = HealthzSettings()
    roundtrip: Annotated[
        RoundtripSettings | None,
        Meta(description="`mailpath roundtrip` and what is expected of it; absent: that source is off."),
    ] = None

    @property
    def services(self) -> tuple[Service, ...]:
        """The services of this path."""
        return tuple(to_service(name, entry) for name, entry in self.service_entries.items() if entry is not None)

    @property
    def static_nodes(self) -> tuple[Node, ...]:
        """The fixed nodes of this path."""
        return tuple(Node(node.name, node.address) for node in self.nodes.static)

    def ssh_edge(self, edge: EdgeSettings) -> EdgeSettings | None:
        """Give the edge whose SSH connection serves this one: itself, another, or none."""
        if isinstance(edge.ssh, SshSettings):
            return edge
        return next((other for other in self.edges if other.name == edge.ssh), None)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration of mailpath."""

    paths: Annotated[tuple[PathSettings, ...], Meta(min_length=1, description="The mail paths to watch.")]
    notify: Annotated[
        NotifySettings | None, Meta(description="Whom mailpath tells by itself; absent: nobody, only its log.")
    ] = None
    status_page: Annotated[StatusPageSettings, Meta(description="What the status page shows.")] = StatusPageSettings()
