"""What the edge's host says: ``sockstat``, ``pfctl``, haproxy.cfg and ``ls``, in the words of FreeBSD and pfSense."""

from monitor.demo.haproxy import Haproxy, Pool, Server
from monitor.demo.haproxy_view import PID
from monitor.wire import haproxy_cfg, pfctl_nat, pfctl_rules, sockets

STATS_SOCKET = "/tmp/haproxy.socket"  # noqa: S108 - pfSense's own place, which nobody opens here

_SOCKETS = "USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS\n"
_LIST = f"srw-------  1 root  wheel  0 Apr 19 12:30 {STATS_SOCKET}\n"
_HALF_AN_HOUR = 1_800_000


def answer(haproxy: Haproxy, address: str, command: str) -> str | None:
    """What a command prints on the edge of that address; ``None``: there is no such program."""
    pools = haproxy.pools.values()
    match command:
        case sockets.SOCKSTAT:
            return "".join((_SOCKETS, *(_socket(number, pool) for number, pool in enumerate(pools, 5))))
        case pfctl_nat.COMMAND:
            return "".join(_redirect(address, pool) for pool in pools)
        case pfctl_rules.COMMAND:
            return "".join(_pass(address, pool) for pool in pools)
        case haproxy_cfg.COMMAND:
            return "".join((_GLOBAL, *map(_frontend, pools), *map(_backend, pools)))
        case _ if command == f"ls -l {STATS_SOCKET}":
            return _LIST
    return None


def _socket(descriptor: int, pool: Pool) -> str:
    return f"www      haproxy    {PID} {descriptor:<2} tcp4   {f'*:{pool.service.frontend_port}':21} *:*\n"


def _redirect(address: str, pool: Pool) -> str:
    return f"rdr on vtnet0 inet proto tcp from any to 192.0.2.2 port = {pool.service.frontend_port} -> {address}\n"


def _pass(address: str, pool: Pool) -> str:
    return (
        f"pass in quick on vtnet0 inet proto tcp from any to {address} port = {pool.service.frontend_port} "
        'flags S/SA keep state label "USER_RULE: NAT mail"\n'
    )


_GLOBAL = f"""\
global
	maxconn			1000
	stats socket		{STATS_SOCKET} mode 600 level admin expose-fd listeners
"""


def _frontend(pool: Pool) -> str:
    return f"""
frontend mailserver_proxy_{pool.service.frontend_port}
	bind			:{pool.service.frontend_port} name :{pool.service.frontend_port}
	mode			tcp
	timeout client		{_HALF_AN_HOUR}
	default_backend		{pool.name}
"""


def _backend(pool: Pool) -> str:
    return f"""
backend {pool.name}
	mode			tcp
	timeout connect		30000
	timeout server		{_HALF_AN_HOUR}
{"".join(map(_server, pool.servers))}"""


def _server(server: Server) -> str:
    port = f" port {server.own_check_port}" if server.own_check_port else ""
    place = f"{server.name} {server.address}:{server.port}"
    return f"	server			{place} check inter 5000{port} weight 10 send-proxy-v2\n"
