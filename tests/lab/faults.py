"""The faults of a mail path as a table: how each is done to the laboratory, and everything that mailpath must then say.

``changes`` is what differs from a sound path, as lines of ``Daemon.view`` with wildcards, a later line outweighing an
earlier one; whatever is not named must stay as it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from monitor.verdict.log_proof import LINE_WAIT
from tests.lab.daemon import SOUND
from tests.lab.dialogue import Dialogue
from tests.lab.dovecot import USER
from tests.lab.haproxy import POOLS, Pool
from tests.lab.lab import Lab
from tests.lab.network import EDGE, NODES, POD
from tests.lab.pace import PATIENT, QUICK, Pace
from tests.lab.rewriting import rewrite

POSTFIX = ("smtp", "smtps", "submission")
DEAD_PORT = 30999
BAD_NODE = "k8s-node3"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    ``told`` is who is told, once and of nothing else, and by which alert: ``pager`` wakes somebody, ``chat`` is read in
    the day. ``also`` are the hops of independent further causes, ``finding`` is the kind of one that must be told,
    ``grace`` the seconds beyond the probes' own that the fault takes to show: a line of the log may come late, a bad
    server of four is met in every fourth round only. What is ``remembered`` is told for minutes after it has gone.
    ``not_since`` is the release of Postfix that the same deed no longer harms: nothing of the row comes true there.
    """

    name: str
    do: Callable[[Lab], None]
    changes: Mapping[str, str]
    hop: str
    told: tuple[str, str]
    also: tuple[str, ...] = ()
    finding: str = ""
    pace: Pace = QUICK
    grace: float = 0.0
    remembered: bool = False
    not_since: tuple[int, int] | None = None

    def __str__(self) -> str:
        """Give the name, as a test's."""
        return self.name

    def expected(self) -> dict[str, str]:
        """Give the whole view under this fault.

        Raises:
            AssertionError: a line of the table fits nothing.
        """
        view = SOUND | {"hop": self.hop}
        for pattern, state in self.changes.items():
            fitting = [key for key in SOUND if fnmatchcase(key, pattern)]
            assert fitting, pattern
            view |= dict.fromkeys(fitting, state)
        return view

    def changing(self) -> dict[str, str]:
        """Give what is not as it was."""
        return {key: state for key, state in self.expected().items() if state != SOUND[key]}

    def in_between(self) -> set[str]:
        """Give what may change on the way: HAProxy's view is compared with ours, and lags behind."""
        return {key.replace("handshake", "agreement") for key in self.changing() if key.startswith("handshake ")}


def each(pattern: str, services: Iterable[str], state: str) -> dict[str, str]:
    """Write one line of a table for several services."""
    return {pattern.format(service): state for service in services}


def _throttle(lab: Lab) -> None:
    lab.postfix.restart()  # no smtpd is left over from before: the checks meet fresh ones
    lab.haproxy.configure(pools=POOLS | {"mailserver_nodes_sub": Pool(30127)})


def _distrust(lab: Lab) -> None:
    lab.dovecot.configure(haproxy_trusted_networks="192.168.77.0/24")


def _refuse_and_distrust(lab: Lab) -> None:
    lab.nodeport(BAD_NODE, 30127).refuse()
    _distrust(lab)


def _fail_lookups(lab: Lab) -> None:
    lab.postfix.configure(smtpd_recipient_restrictions="check_recipient_access tcp:127.0.0.1:9")
    _send_mail(lab, "451 4.3.")


def _fill_mail_volume(lab: Lab) -> None:
    lab.fill_mail_volume()
    _send_mail(lab, "452 4.3.1")


def _send_mail(lab: Lab, answer: str) -> None:
    for _ in range(3):
        with Dialogue(lab.connect(POD, 25)) as dialogue:
            dialogue.reply()
            dialogue.say("EHLO client.example.net")
            reply = dialogue.say("MAIL FROM:<somebody@example.net>")
            if reply.startswith("250 "):
                reply = dialogue.say(f"RCPT TO:<{USER}>")
            assert reply.startswith(answer), reply
            dialogue.say("QUIT")


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
        ("pager", "MailpathProxyHeaderRefused"),
    ),
    Fault(
        "Dovecot no longer trusts the nodes",
        _distrust,
        {
            "handshake * imaps": "header_rejected",
            "agreement * imaps": "lb_up_path_down",
            "front_door imaps": "no_greeting",
        },
        "proxy_header",
        ("pager", "MailpathProxyHeaderRefused"),
    ),
    Fault(
        "HAProxy sends no header, its checks are green",
        lambda lab: lab.haproxy.configure(send_proxy=False),
        {**each("front_door {}", POSTFIX, "header_rejected"), "front_door imaps": "no_greeting"},
        "backend",
        ("pager", "MailpathBackendBroken"),
        pace=PATIENT,
    ),
    Fault(
        "HAProxy checks a dead port, the data port is fine",
        lambda lab: lab.haproxy.configure(pools=POOLS | {"mailserver_nodes_sub": Pool(30127, DEAD_PORT)}),
        {"agreement * submission": "lb_down_path_up", "front_door submission": "no_greeting"},
        "backend",
        ("pager", "MailpathBackendBroken"),
    ),
    Fault(
        "one of four servers is bad for clients only",
        lambda lab: lab.haproxy.configure(
            addresses={("mailserver_nodes_sub", BAD_NODE): f"{NODES[BAD_NODE]}:{DEAD_PORT}"}
        ),
        {},
        "backend",
        ("chat", "MailpathBackendBroken"),
        finding="intermittent",
        grace=6 * QUICK.dialogue,
    ),
    Fault(
        "NodePorts 30125 and 30127 swapped on one node",
        lambda lab: lab.nodeport(BAD_NODE, 30125).swap(30127),
        {},
        "nodeport",
        ("chat", "MailpathNodePortBroken"),
        finding="wrong_listener",
        pace=PATIENT,
    ),
    Fault(
        "one node black-holed",
        lambda lab: lab.nodes["k8s-node2"].blackhole(),
        {"check k8s-node2 *": "down", "handshake k8s-node2 *": "node_unreachable"},
        "node",
        ("chat", "MailpathNodeDown"),
    ),
    Fault(
        "one node refuses one data port",
        lambda lab: lab.nodeport(BAD_NODE, 30127).refuse(),
        {f"handshake {BAD_NODE} submission": "port_closed", f"agreement {BAD_NODE} submission": "lb_up_path_down"},
        "nodeport",
        ("chat", "MailpathNodePortBroken"),
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
        ("pager", "MailpathListenerDown"),
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
        ("pager", "MailpathListenerDown"),
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
        ("pager", "MailpathMailServerDown"),
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
        ("pager", "MailpathMailServerDown"),
    ),
    Fault(
        "HAProxy's checks of a PROXY port throttle smtpd",
        _throttle,
        {
            "handshake * submission": "throttled",
            "agreement * submission": "lb_up_path_down",
            "front_door submission": "throttled",
        },
        "mail_server",
        ("pager", "MailpathMailServerDown"),
        grace=5,
        not_since=(3, 11),
    ),
    Fault(
        "Dovecot's login service stopped",
        lambda lab: lab.dovecot.close(),
        {"handshake * imaps": "listener_down", "front_door imaps": "no_greeting"},
        "mail_server",
        ("pager", "MailpathMailServerDown"),
    ),
    Fault(
        "certificate expired",
        lambda lab: lab.expire_certificate(),
        {"handshake * *": "tls_invalid", "agreement * *": "lb_up_path_down", "front_door *": "tls_invalid"},
        "tls",
        ("pager", "MailpathTlsInvalid"),
    ),
    Fault(
        "certificate for another name",
        lambda lab: lab.misname_certificate(),
        {"handshake * *": "tls_invalid", "agreement * *": "lb_up_path_down", "front_door *": "tls_invalid"},
        "tls",
        ("pager", "MailpathTlsInvalid"),
    ),
    Fault(
        "the header's address is rewritten on the way",
        lambda lab: rewrite(lab.nodeports, 30127, EDGE),
        {"handshake * submission": "client_ip_lost", "front_door submission": "client_ip_lost"},
        "client_ip",
        ("pager", "MailpathClientIpLost"),
        grace=LINE_WAIT,
    ),
    Fault(
        "mail log cut while mail flows",
        lambda lab: lab.maillog.cut(),
        {},
        "maillog",
        ("chat", "MailpathMaillogBlind"),
        grace=LINE_WAIT,
    ),
    Fault(
        "SSH down",
        lambda lab: lab.sshd.stop(),
        {"edge": "down", **NO_HAPROXY},
        "monitor",
        ("chat", "MailpathMonitorBlind"),
    ),
    Fault(
        "HAProxy down",
        lambda lab: lab.haproxy.stop(),
        {**NO_HAPROXY, "front_door *": "listener_down"},
        "haproxy",
        ("pager", "MailpathHaproxyDown"),
    ),
    Fault(
        "edge dead",
        lambda lab: lab.unplug_edge(),
        {"edge": "down", **NO_HAPROXY, "front_door *": "node_unreachable"},
        "edge",
        ("pager", "MailpathEdgeDown"),
    ),
    Fault(
        "two at once: a node refuses one data port, Dovecot no longer trusts the nodes",
        _refuse_and_distrust,
        {
            f"handshake {BAD_NODE} submission": "port_closed",
            f"agreement {BAD_NODE} submission": "lb_up_path_down",
            "handshake * imaps": "header_rejected",
            "agreement * imaps": "lb_up_path_down",
            "front_door imaps": "no_greeting",
        },
        "nodeport",
        ("pager", "MailpathNodePortBroken"),
        also=("proxy_header",),
    ),
    Fault(
        "lookup errors: mail is deferred by 451",
        _fail_lookups,
        {},
        "mail_server",
        ("pager", "MailpathMailServerDown"),
        remembered=True,
    ),
    Fault(
        "full mail volume: mail is deferred by 452",
        _fill_mail_volume,
        {},
        "mail_server",
        ("pager", "MailpathMailServerDown"),
        remembered=True,
    ),
)
