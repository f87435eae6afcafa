"""The names of what mailpath concludes: verdict (node x service), agreement with HAProxy, hop (path)."""

from enum import StrEnum


class Verdict(StrEnum):
    """One named state per node and service; the order is that of the table, the first row that applies wins."""

    UNKNOWN = "unknown"
    NODE_UNREACHABLE = "node_unreachable"
    LISTENER_DOWN = "listener_down"
    PORT_CLOSED = "port_closed"
    THROTTLED = "throttled"
    NO_GREETING = "no_greeting"
    HEADER_REJECTED = "header_rejected"
    HEADER_NOT_CONSUMED = "header_not_consumed"
    TURNED_AWAY = "turned_away"
    TLS_INVALID = "tls_invalid"
    PROTOCOL_ERROR = "protocol_error"
    CLIENT_IP_LOST = "client_ip_lost"
    SLOW = "slow"
    OK = "ok"

    @property
    def up(self) -> bool:
        """Whether mail still flows: what ``handshake_up`` and ``front_door_up`` show as 1."""
        return self in _UP


_UP = frozenset({Verdict.OK, Verdict.SLOW, Verdict.CLIENT_IP_LOST})


class Agreement(StrEnum):
    """HAProxy's view of a server against our own handshake, worst first."""

    LB_UP_PATH_DOWN = "lb_up_path_down"
    LB_DOWN_PATH_UP = "lb_down_path_up"
    LB_ADMIN = "lb_admin"
    UNKNOWN = "unknown"
    AGREE = "agree"


class Hop(StrEnum):
    """Where the cause lies; the order is the diagnosis table's, the first that applies is shown."""

    MONITOR = "monitor"
    EDGE = "edge"
    HAPROXY = "haproxy"
    NAT = "nat"
    FRONTEND = "frontend"
    CLUSTER = "cluster"
    MAIL_SERVER = "mail_server"
    NODE = "node"
    LISTENER = "listener"
    NODEPORT = "nodeport"
    PROXY_HEADER = "proxy_header"
    CLIENT_IP = "client_ip"
    TLS = "tls"
    BACKEND = "backend"
    MAILLOG = "maillog"
    ROUNDTRIP = "roundtrip"
    WAN = "wan"
    UNEXPLAINED = "unexplained"
    NONE = "none"


class Origin(StrEnum):
    """Where a connection in the mail log came from; edge wins over internal, probe over all."""

    EXTERNAL = "external"
    INTERNAL = "internal"
    PROBE = "probe"
    EDGE = "edge"
    CLUSTER = "cluster"
    LOOPBACK = "loopback"
    UNKNOWN = "unknown"
