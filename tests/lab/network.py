"""The runbook's addresses, and the wires between the hosts that have them.

::

    client 10.0.20.50 ──┐
                        ├── br0: the nodes 10.0.20.101-104 ── cni0 10.10.107.1 ──── pod 10.10.107.25
    edge   10.0.20.1  ──┘         (cluster: NodePorts, see nodeports.py)            (Postfix, Dovecot)
"""

import subprocess

from tests.lab.host import ENVIRONMENT, Host

EDGE = "10.0.20.1"
"""HAProxy and sshd."""
CLIENT = "10.0.20.50"
"""The host of the daemon and of the clients of the house."""
OUTSIDE = "198.51.100.7"
"""A second address of the client's host, for clients from outside the house."""
POD = "10.10.107.25"
"""Postfix and Dovecot."""
NODES = {f"k8s-node{number}": f"10.0.20.{100 + number}" for number in (1, 2, 3, 4)}

CLUSTER_LINKS = f"""
link add br0 type bridge
link add client type veth peer name eth0 netns {{client}}
link add edge type veth peer name eth0 netns {{edge}}
link add cni0 type veth peer name eth0 netns {{pod}}
link set client master br0
link set edge master br0
{"".join(f"address add {address}/24 dev br0{chr(10)}" for address in NODES.values())}
address add 10.10.107.1/24 dev cni0
link set br0 up
link set client up
link set edge up
link set cni0 up
"""
EDGE_LINKS = f"""
address add {EDGE}/24 dev eth0
link set eth0 up
route add {OUTSIDE} via {CLIENT}
"""
CLIENT_LINKS = f"""
address add {CLIENT}/24 dev eth0
address add {OUTSIDE}/32 dev eth0
link set eth0 up
route add 10.10.107.0/24 via 10.0.20.101
"""
POD_LINKS = f"""
address add {POD}/24 dev eth0
link set eth0 up
route add default via 10.10.107.1
"""

# A worker forwards between its pods and the world. Frames that merely cross the bridge are none of netfilter's
# business; the switch exists only where the kernel could make them so.
SYSCTLS = """
echo 1 >/proc/sys/net/ipv4/ip_forward
switch=/proc/sys/net/bridge/bridge-nf-call-iptables
[ ! -e $switch ] || echo 0 >$switch
"""


class Network:
    """Four hosts on the runbook's addresses."""

    def __init__(self) -> None:
        """Name the hosts; nothing runs before ``start``."""
        self.edge = Host("pfSense")
        self.cluster = Host("cluster")
        self.pod = Host("mail")
        self.client = Host("client")
        self.hosts = (self.edge, self.cluster, self.pod, self.client)

    def start(self) -> None:
        """Make the hosts and connect them."""
        for host in self.hosts:
            host.start()
        pids = {"client": self.client.pid, "edge": self.edge.pid, "pod": self.pod.pid}
        _ip(self.cluster, CLUSTER_LINKS.format_map(pids))
        _ip(self.edge, EDGE_LINKS)
        _ip(self.client, CLIENT_LINKS)
        _ip(self.pod, POD_LINKS)
        self.cluster.run("sh", "-e", "-c", SYSCTLS)

    def unplug_edge(self, *, plugged: bool = False) -> None:
        """Pull the edge's cable, or plug it in again; the edge keeps its addresses and routes."""
        self.cluster.run("ip", "link", "set", "edge", "up" if plugged else "down")

    def stop(self) -> None:
        """End every process of every host."""
        for host in self.hosts:
            host.stop()


def _ip(host: Host, batch: str) -> None:
    # Only the network is entered: a veth's other end is named by a pid of ours.
    subprocess.run([*host.network_prefix, "ip", "-batch", "-"], input=batch, env=ENVIRONMENT, text=True, check=True)
