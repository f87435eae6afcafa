"""The faults of a mail path as a table: how each is done to the laboratory, and everything that mailpath must then say.

``changes`` is what differs from a sound path, as lines of ``Daemon.view`` with wildcards, a later line outweighing an
earlier one; whatever is not named must stay as it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.lab.haproxy import POOLS, Pool
from tests.lab.lab import Lab
from tests.lab.network import NODES
from tests.lab.pace import PATIENT, QUICK, Pace

POSTFIX = ("smtp", "smtps", "submission")
DEAD_PORT = 30999
BAD_NODE = "k8s-node3"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: ``also`` are the hops of independent further causes, ``finding`` the kind of one that must be told."""

    name: str
    do: Callable[[Lab], None]
    changes: Mapping[str, str]
    hop: str
    also: tuple[str, ...] = ()
    finding: str = ""
    pace: Pace = QUICK

    def __str__(self) -> str:
        """Give the name, as a test's."""
        return self.name

    def expected(self, sound: Mapping[str, str]) -> dict[str, str]:
        """Give the whole view under this fault, from the view of a sound path.

        Raises:
            AssertionError: a line of the table fits nothing.
        """
        view = {**sound, "hop": self.hop}
        for pattern, state in self.changes.items():
            fitting = [key for key in sound if fnmatchcase(key, pattern)]
            assert fitting, pattern
            view |= dict.fromkeys(fitting, state)
        return view


def each(pattern: str, services: Iterable[str], state: str) -> dict[str, str]:
    """Write one line of a table for several services."""
    return {pattern.format(service): state for service in services}


def _every_node_port(lab: Lab, port: int, other: int) -> None:
    for node in NODES:
        lab.nodeport(node, port).rewire(other)


def _edge_refuses(lab: Lab) -> None:
    lab.haproxy.stop()
    lab.sshd.stop()


def _throttle(lab: Lab) -> None:
    lab.haproxy.configure(pools=POOLS | {"mailserver_nodes_sub": Pool(30127)}, check_interval=200)
    lab.postfix.restart()  # no smtpd is waiting: the first LOCAL header and reset meets a fresh one


def _node_and_certificate(lab: Lab) -> None:
    lab.nodes["k8s-node2"].blackhole()
    lab.expire_certificate()


NO_HAPROXY = {"haproxy": "down", "agreement * *": "unknown"}

FAULTS = (
    Fault(
        "PROXY switched off on one Postfix listener",
        lambda lab: lab.postfix.configure_service("5587/inet", smtpd_upstream_proxy_protocol=""),
        {
            "handshake * submission": "header_not_consumed",
            "agreement * submission": "lb_up_path_down",
            "front_door submission": "header_not_consumed",
        },
        "proxy_header",
    ),
    Fault(
        "Dovecot no longer trusts the nodes",
        lambda lab: lab.dovecot.configure(haproxy_trusted_networks="192.168.77.0/24"),
        {
            "handshake * imaps": "header_rejected",
            "agreement * imaps": "lb_up_path_down",
            "front_door imaps": "no_greeting",
        },
        "proxy_header",
    ),
    Fault(
        "HAProxy sends no header, its checks are green",
        lambda lab: lab.haproxy.configure(send_proxy=False),
        {**each("front_door {}", POSTFIX, "header_rejected"), "front_door imaps": "no_greeting"},
        "backend",
        pace=PATIENT,
    ),
    Fault(
        "HAProxy checks a dead port, the data port is fine",
        lambda lab: lab.haproxy.configure(pools=POOLS | {"mailserver_nodes_sub": Pool(30127, DEAD_PORT)}),
        {"agreement * submission": "lb_down_path_up", "front_door submission": "no_greeting"},
        "backend",
    ),
    Fault(
        "one of four servers is bad for clients only",
        lambda lab: lab.haproxy.configure(
            addresses={("mailserver_nodes_sub", BAD_NODE): f"{NODES[BAD_NODE]}:{DEAD_PORT}"}
        ),
        {},
        "backend",
        finding="intermittent",
    ),
    Fault(
        "NodePorts 30125 and 30127 swapped on one node",
        lambda lab: lab.nodeport(BAD_NODE, 30125).swap(30127),
        {},
        "nodeport",
        finding="wrong_listener",
        pace=PATIENT,
    ),
    Fault(
        "one node black-holed",
        lambda lab: lab.nodes["k8s-node2"].blackhole(),
        {"check k8s-node2 *": "down", "handshake k8s-node2 *": "node_unreachable"},
        "node",
    ),
    Fault(
        "one node refuses one data port",
        lambda lab: lab.nodeport(BAD_NODE, 30127).refuse(),
        {f"handshake {BAD_NODE} submission": "port_closed", f"agreement {BAD_NODE} submission": "lb_up_path_down"},
        "nodeport",
    ),
    Fault(
        "a PROXY listener is closed, its stock port is fine",
        lambda lab: lab.listener(5587).refuse(),
        {
            "handshake * submission": "listener_down",
            "agreement * submission": "lb_up_path_down",
            "front_door submission": "no_greeting",
        },
        "listener",
    ),
    Fault(
        "a PROXY listener is black-holed, its stock port is fine",
        lambda lab: lab.listener(4465).blackhole(),
        {
            "handshake * smtps": "listener_down",
            "agreement * smtps": "lb_up_path_down",
            "front_door smtps": "no_greeting",
        },
        "listener",
    ),
    Fault(
        "Postfix stopped",
        lambda lab: lab.postfix.stop(),
        {
            "check * *": "down",
            **each("handshake * {}", POSTFIX, "listener_down"),
            **each("front_door {}", POSTFIX, "no_greeting"),
        },
        "mail_server",
    ),
    Fault(
        "Postfix hung (SIGSTOP)",
        lambda lab: lab.postfix.freeze(),
        {
            **each("handshake * {}", POSTFIX, "no_greeting"),
            **each("agreement * {}", POSTFIX, "lb_up_path_down"),
            **each("front_door {}", POSTFIX, "no_greeting"),
        },
        "mail_server",
    ),
    Fault(
        "HAProxy's checks of a PROXY port throttle smtpd",
        _throttle,
        {
            "handshake * submission": "throttled",
            "agreement * submission": "lb_up_path_down",
            "front_door submission": "no_greeting",
        },
        "mail_server",
    ),
    Fault(
        "Dovecot stopped",
        lambda lab: lab.dovecot.stop(),
        {"handshake * imaps": "listener_down", "front_door imaps": "no_greeting"},
        "mail_server",
    ),
    Fault(
        "certificate expired",
        lambda lab: lab.expire_certificate(),
        {"handshake * *": "tls_invalid", "agreement * *": "lb_up_path_down", "front_door *": "tls_invalid"},
        "tls",
    ),
    Fault(
        "certificate for another name",
        lambda lab: lab.misname_certificate(),
        {"handshake * *": "tls_invalid", "agreement * *": "lb_up_path_down", "front_door *": "tls_invalid"},
        "tls",
    ),
    Fault("mail log cut while mail flows", lambda lab: lab.maillog.cut(), {}, "maillog"),
    Fault("SSH down", lambda lab: lab.sshd.stop(), {"edge": "down", **NO_HAPROXY}, "monitor"),
    Fault(
        "HAProxy down",
        lambda lab: lab.haproxy.stop(),
        {**NO_HAPROXY, "front_door *": "listener_down"},
        "haproxy",
    ),
    Fault(
        "edge dead",
        lambda lab: lab.unplug_edge(),
        {"edge": "down", **NO_HAPROXY, "front_door *": "node_unreachable"},
        "edge",
    ),
    Fault(
        "two at once: a node black-holed, a certificate expired",
        _node_and_certificate,
        {
            "check k8s-node2 *": "down",
            "handshake * *": "tls_invalid",
            "agreement * *": "lb_up_path_down",
            "front_door *": "tls_invalid",
            "handshake k8s-node2 *": "node_unreachable",
            "agreement k8s-node2 *": "agree",
        },
        "node",
        also=("tls",),
    ),
)
