"""The Service ``mailserver-proxy`` as kube-proxy would write it, and what can go wrong with it.

Whole rulesets are replaced at once, so that a fault bites from the next packet on. A missing mapping leaves the packet
to the node itself, where nobody listens: a reset, as from a dead port. A black hole drops before connection tracking,
in both directions, as a dead machine would.
"""

from dataclasses import dataclass, field

from tests.lab.host import Host
from tests.lab.network import NODES, POD
from tests.lab.slow import SlowForwarder

LISTENERS = {30125: 2525, 30126: 4465, 30127: 5587, 30128: 10993, 30145: 25, 30146: 465, 30147: 587}
"""NodePort to the pod's port, as the runbook has them."""

PortKey = tuple[str, int]


@dataclass
class Faults:
    """Everything that differs from the runbook at the moment."""

    dark_nodes: set[str] = field(default_factory=set)
    refusing_nodes: set[str] = field(default_factory=set)
    dark_ports: set[PortKey] = field(default_factory=set)
    refusing_ports: set[PortKey] = field(default_factory=set)
    rewired_ports: dict[PortKey, int] = field(default_factory=dict)
    slow_ports: dict[PortKey, SlowForwarder] = field(default_factory=dict)
    dark_listeners: set[int] = field(default_factory=set)
    refusing_listeners: set[int] = field(default_factory=set)


def ruleset(faults: Faults) -> str:
    """Write the cluster's whole nftables ruleset."""
    dark = [f"ip daddr {NODES[node]} drop" for node in sorted(faults.dark_nodes)]
    dark += [f"ip daddr {NODES[node]} tcp dport {port} drop" for node, port in sorted(faults.dark_ports)]
    services = [
        f"ip daddr {NODES[node]} tcp dport {port} dnat to {_destination(faults, node, port)}"
        for node in NODES
        for port in LISTENERS
        if node not in faults.refusing_nodes and (node, port) not in faults.refusing_ports
    ]
    listeners = [f"ip daddr {POD} tcp dport {port} drop" for port in sorted(faults.dark_listeners)]
    listeners += [
        f"ip daddr {POD} tcp dport {port} reject with tcp reset" for port in sorted(faults.refusing_listeners)
    ]
    # externalTrafficPolicy: Cluster - the pod sees the node, never the client.
    sources = [f"ct status dnat ct original ip daddr {address} snat to {address}" for address in NODES.values()]
    return "\n".join(
        [
            "flush ruleset",
            "table ip nodeports {",
            *_chain("black_holes", "filter", "prerouting", "raw", dark),
            *_chain("services", "nat", "prerouting", "dstnat", services),
            *_chain("listeners", "filter", "forward", "filter", listeners),
            *_chain("source_addresses", "nat", "postrouting", "srcnat", sources),
            "}",
            "",
        ]
    )


def _destination(faults: Faults, node: str, port: int) -> str:
    if forwarder := faults.slow_ports.get((node, port)):
        return f"{NODES[node]}:{forwarder.port}"
    return f"{POD}:{faults.rewired_ports.get((node, port), LISTENERS[port])}"


def _chain(name: str, kind: str, hook: str, priority: str, rules: list[str]) -> list[str]:
    return [f"chain {name} {{", f"type {kind} hook {hook} priority {priority};", *rules, "}"]


class NodePorts:
    """The cluster's NodePorts, with a switch for every fault."""

    def __init__(self, cluster: Host) -> None:
        """Put them on a host; nothing is written before ``apply``."""
        self.cluster = cluster
        self.faults = Faults()

    def apply(self) -> None:
        """Put the ruleset for the present faults into force."""
        self.cluster.run("nft", "-f", "-", stdin=ruleset(self.faults))

    def heal(self) -> None:
        """Take back every fault."""
        if self.faults == Faults():
            return
        slow = self.faults.slow_ports
        self.faults = Faults()
        self.apply()
        _stop(slow)

    def stop(self) -> None:
        """End what runs here in threads of ours; the rules go with the host."""
        _stop(self.faults.slow_ports)


def _stop(forwarders: dict[PortKey, SlowForwarder]) -> None:
    for forwarder in forwarders.values():
        forwarder.stop()


class Node:
    """One worker as a whole."""

    def __init__(self, ports: NodePorts, name: str) -> None:
        """Name it as the runbook does."""
        self._ports = ports
        self.name = name
        self.address = NODES[name]

    def blackhole(self) -> None:
        """Silence it on every port, and every connection through it."""
        self._ports.faults.dark_nodes.add(self.name)
        self._ports.apply()

    def refuse(self) -> None:
        """Answer every new connection with a reset, as a node without kube-proxy."""
        self._ports.faults.refusing_nodes.add(self.name)
        self._ports.apply()

    def heal(self) -> None:
        """Take back what was done to the node as a whole."""
        self._ports.faults.dark_nodes.discard(self.name)
        self._ports.faults.refusing_nodes.discard(self.name)
        self._ports.apply()


class NodePort:
    """One port of one node."""

    def __init__(self, ports: NodePorts, node: str, port: int) -> None:
        """Name it by node and NodePort; ports that the runbook does not have are refused by KeyError."""
        self._ports = ports
        self._key = (node, port)
        self.address = NODES[node]
        self.listener_port = LISTENERS[port]

    def blackhole(self) -> None:
        """Drop every packet to it."""
        self._ports.faults.dark_ports.add(self._key)
        self._ports.apply()

    def refuse(self) -> None:
        """Answer every new connection with a reset."""
        self._ports.faults.refusing_ports.add(self._key)
        self._ports.apply()

    def rewire(self, listener_port: int) -> None:
        """Lead new connections to another port of the pod."""
        self._ports.faults.rewired_ports[self._key] = listener_port
        self._ports.apply()

    def swap(self, other: int) -> None:
        """Exchange it with another NodePort of the same node."""
        node, port = self._key
        self._ports.faults.rewired_ports |= {(node, port): LISTENERS[other], (node, other): LISTENERS[port]}
        self._ports.apply()

    def slow(self, seconds: float) -> None:
        """Hold the server's first bytes back for so long; see slow.py."""
        forwarder = SlowForwarder(self._ports.cluster, self.address, (POD, self.listener_port), seconds)
        self._ports.faults.slow_ports[self._key] = forwarder
        self._ports.apply()

    def heal(self) -> None:
        """Take back what was done to this port; a swap was done to two."""
        faults = self._ports.faults
        faults.dark_ports.discard(self._key)
        faults.refusing_ports.discard(self._key)
        faults.rewired_ports.pop(self._key, None)
        forwarder = faults.slow_ports.pop(self._key, None)
        self._ports.apply()
        if forwarder:
            forwarder.stop()


class Listener:
    """One port of the pod, as every node and the client see it, while its other ports live."""

    def __init__(self, ports: NodePorts, port: int) -> None:
        """Name it by the pod's own port."""
        self._ports = ports
        self.port = port

    def blackhole(self) -> None:
        """Drop every packet to it."""
        self._ports.faults.dark_listeners.add(self.port)
        self._ports.apply()

    def refuse(self) -> None:
        """Answer every connection with a reset."""
        self._ports.faults.refusing_listeners.add(self.port)
        self._ports.apply()

    def heal(self) -> None:
        """Take back what was done to this port."""
        self._ports.faults.dark_listeners.discard(self.port)
        self._ports.faults.refusing_listeners.discard(self.port)
        self._ports.apply()
