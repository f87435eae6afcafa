"""HAProxy as pfSense configures it: four frontends, four pools, a test frontend with its legacy pool."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.lab.host import Host
from tests.lab.network import EDGE, NODES
from tests.lab.server import Server

CONFIGURATION = "/var/etc/haproxy/haproxy.cfg"
SOCKET = "/tmp/haproxy.socket"  # noqa: S108 - pfSense's own place; this /tmp is the edge's alone
BACKEND_SUFFIX = "_ipvANY"
LEGACY_POOL = "mailserver_nodes"
IMAPS = 993


@dataclass(frozen=True, slots=True)
class Pool:
    """One backend: the NodePort it forwards to, and the one it checks.

    Without a check port HAProxy checks the data port, which is the outage of the runbook where smtpd listens there.
    """

    data_port: int
    check_port: int | None = None


POOLS = {
    "mailserver_nodes_smtp": Pool(30125, 30145),
    "mailserver_nodes_smtps": Pool(30126, 30146),
    "mailserver_nodes_sub": Pool(30127, 30147),
    "mailserver_nodes_imaps": Pool(30128),
}
FRONTENDS = {
    25: "mailserver_nodes_smtp",
    465: "mailserver_nodes_smtps",
    587: "mailserver_nodes_sub",
    993: "mailserver_nodes_imaps",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a test may want otherwise; ``addresses`` sends single servers elsewhere, by pool and node.

    ``bind`` is the one address of the frontends (``""``: all), ``timeout`` milliseconds for all clients and servers
    (``None``: what mail clients need).
    """

    send_proxy: bool = True
    pools: Mapping[str, Pool] = field(default_factory=lambda: POOLS)
    frontends: Mapping[int, str] = field(default_factory=lambda: FRONTENDS)
    addresses: Mapping[tuple[str, str], str] = field(default_factory=dict)
    legacy_pool: bool = True
    check_interval: int = 5000
    nodes: Mapping[str, str] = field(default_factory=lambda: NODES)
    bind: str = ""
    timeout: int | None = None

    def patience(self, port: int) -> int:
        """Give the timeout of a frontend port and its pool: IMAP clients may be silent for half an hour (RFC 2177)."""
        minutes = 30 if port == IMAPS else 10
        return minutes * 60_000 if self.timeout is None else self.timeout


def configuration(settings: Settings) -> str:
    """Write haproxy.cfg."""
    pools, frontends = dict(settings.pools), dict(settings.frontends)
    if settings.legacy_pool:
        pools[LEGACY_POOL] = Pool(30125)
        frontends[2525] = LEGACY_POOL
    parts = [GLOBAL]
    for port, backend in frontends.items():
        where = {"port": port, "bind": settings.bind, "timeout": settings.patience(port)}
        parts.append(FRONTEND.format(backend=backend + BACKEND_SUFFIX, **where))
    patience = {backend: settings.patience(port) for port, backend in FRONTENDS.items()}
    for number, (name, pool) in enumerate(pools.items(), 10):
        timeout = patience.get(name, settings.patience(0))
        parts.append(BACKEND.format(name=name + BACKEND_SUFFIX, number=10 * number, source=EDGE, timeout=timeout))
        for server, node in enumerate(settings.nodes, 10 * number + 1):
            address = settings.addresses.get((name, node), f"{settings.nodes[node]}:{pool.data_port}")
            check = f"check inter {settings.check_interval}" + (f" port {pool.check_port}" if pool.check_port else "")
            header = " send-proxy-v2" if settings.send_proxy else ""
            parts.append(f"\tserver\t\t\t{node} {address} id {server} {check} weight 10{header}\n")
    return "".join(parts)


class Haproxy(Server):
    """One HAProxy process, spoken to by its stats socket."""

    process = "haproxy"
    command = ("haproxy", "-q", "-D", "-f", CONFIGURATION, "-p", "/run/haproxy.pid")

    def __init__(self, host: Host, settings: Settings) -> None:
        """Put it on a host; ``heal`` comes back to these settings."""
        super().__init__(host)
        self._usual = settings
        self.settings = settings

    def prepare(self) -> None:
        """Write its configuration."""
        self.host.write(CONFIGURATION, configuration(self.settings))

    def reload(self) -> None:
        """Start a new process that takes the ports over; the old one ends with its last connection."""
        old = self.host.path("/run/haproxy.pid").read_text().split()
        self.host.run(*self.command, "-x", SOCKET, "-sf", *old)

    def configure(self, **changes: object) -> None:
        """Change fields of ``Settings``, write the configuration and reload."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type] # replace() checks the names
        self.prepare()
        self.reload()

    def say(self, command: str) -> str:
        """Give one command to the stats socket, and return the answer.

        Raises:
            OSError: HAProxy is not there.
        """
        with socket.socket(socket.AF_UNIX) as stats:
            stats.settimeout(5)
            stats.connect(str(self.host.path(SOCKET)))
            stats.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: stats.recv(65536), b"")).decode()

    def servers(self) -> dict[tuple[str, str], dict[str, str]]:
        """Read ``show servers state``: its columns by name, by backend (with suffix) and server."""
        lines = self.say("show servers state").splitlines()
        columns = lines[1].removeprefix("#").split()
        rows = [dict(zip(columns, line.split(), strict=True)) for line in lines[2:] if line]
        return {(row["be_name"], row["srv_name"]): row for row in rows}

    def heal(self) -> None:
        """Take back every fault; a server that HAProxy thinks badly of would come back only after seconds."""
        self.thaw()
        if self.settings != self._usual or not self._well():
            self.settings = self._usual
            self.prepare()
            self.restart()

    def _well(self) -> bool:
        try:
            return all(_well(server) for server in self.servers().values())
        except OSError:
            return False


def _well(server: Mapping[str, str]) -> bool:
    initial, passed = "1", "6"
    configured_and_enabled, running = "6", "7"
    return (
        (server["srv_op_state"], server["srv_admin_state"], server["srv_uweight"]) == ("2", "0", "10")
        and server["srv_check_status"] in {initial, passed}
        and server["srv_check_state"] in {configured_and_enabled, running}
    )


GLOBAL = f"""\
global
	maxconn			1000
	stats socket		{SOCKET} mode 600 level admin expose-fd listeners
	user			haproxy
	group			haproxy
	nbthread		1
	hard-stop-after		15m

listen HAProxyLocalStats
	bind			127.0.0.1:2200 name localstats
	mode			http
	stats enable
	stats uri		/haproxy/haproxy_stats.php?haproxystats=1
	timeout client		5000
	timeout connect		5000
	timeout server		5000
"""
FRONTEND = """
frontend mailserver_proxy_{port}
	bind			{bind}:{port} name :{port}
	mode			tcp
	timeout client		{timeout}
	default_backend		{backend}
"""
BACKEND = """
backend {name}
	mode			tcp
	id			{number}
	balance			roundrobin
	timeout connect		30000
	timeout server		{timeout}
	retries			3
	source			{source}
"""
