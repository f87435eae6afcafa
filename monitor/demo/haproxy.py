"""HAProxy in small: pools of servers, checked as HAProxy on Linux checks them, taken in turn by frontends."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from monitor.core.haproxy import ServerState
from monitor.core.model import Node, Service
from monitor.core.taxonomy import Reason
from monitor.links.connector import Connector, Terms
from monitor.links.tcp import TcpStream, resolve
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import encode_v2

INTER = 0.8
CHECK_TIMEOUT = CONNECT_TIMEOUT = 1.0
"""Seconds; the runbook's ``inter 5000`` made quick, but mailpath is to know of a dead node before HAProxy does."""
RISE = 2
FALL = 3

# srv_check_status (HCHK_STATUS_* of include/haproxy/check-t.h) and srv_check_result (CHK_RES_*)
_INI, _L4OK, _L4TOUT, _L4CON = 1, 6, 7, 8
_UNKNOWN, _FAILED, _PASSED = 0, 2, 3


@dataclass(slots=True)
class Server:
    """One ``server`` line of a backend, and what HAProxy has found out about it; ``changed`` is the loop's clock."""

    name: str
    address: str
    port: int
    check_port: int
    changed: float
    state: ServerState = ServerState.RUNNING
    health: int = RISE
    check_status: int = _INI
    check_result: int = _UNKNOWN
    failed_checks: int = 0
    sessions: int = 0

    @property
    def own_check_port(self) -> int:
        """Return the ``port`` of its ``check``; 0: none, and then checks go to the data port."""
        return 0 if self.check_port == self.port else self.check_port

    def checked(self, reason: Reason | None, now: float) -> None:
        """Record the end of one check, as ``check_notify_success`` and ``check_notify_failure`` do."""
        up = self.state is ServerState.RUNNING
        if reason is None:
            self.check_status, self.check_result = _L4OK, _PASSED
            self.health = min(self.health + 1, RISE + FALL - 1)
            if not up and self.health >= RISE:
                self._turn(ServerState.RUNNING, RISE + FALL - 1, now)
            return
        self.check_status = _L4TOUT if reason is Reason.TIMEOUT else _L4CON
        self.check_result = _FAILED
        self.failed_checks += up
        self.health = max(self.health - 1, 0) if up else 0
        if up and self.health < RISE:
            self._turn(ServerState.STOPPED, 0, now)

    def _turn(self, state: ServerState, health: int, now: float) -> None:
        self.state, self.health, self.changed = state, health, now


class Pool:
    """One backend: a server for each node, round robin."""

    def __init__(self, service: Service, nodes: Sequence[Node], now: float) -> None:
        """Begin as HAProxy does: every server is up until a check says otherwise."""
        self.service = service
        # pfSense's package adds the suffix
        self.name = f"{service.backend}_ipvANY"
        check_port = service.check_node_port or service.node_port
        self.servers = tuple(Server(node.name, node.address, service.node_port, check_port, now) for node in nodes)
        self._turns = itertools.cycle(self.servers)

    def next_server(self) -> Server | None:
        """Return the server whose turn it is; ``None``: the pool is down."""
        turns: Iterator[Server] = itertools.islice(self._turns, len(self.servers))
        return next((server for server in turns if server.state is ServerState.RUNNING), None)


class FrontDoor:
    """One frontend: a client's connection goes to the pool's next server, as by ``mode tcp`` with ``send-proxy-v2``."""

    def __init__(self, pool: Pool) -> None:
        """Forward to this pool."""
        self._pool = pool

    async def serve(self, client: TcpStream) -> None:
        """Forward one connection to its end; without a server that answers it is closed without a byte."""
        server = self._pool.next_server()
        if server is None:
            return
        async with asyncio.timeout(CONNECT_TIMEOUT):
            upstream = await TcpStream.connect(await resolve(server.address, server.port))
        server.sessions += 1
        try:
            with closing(upstream):
                ends = client.endpoints()
                header = ProxyHeader.tcp(ends.remote_address, ends.remote_port, ends.local_address, ends.local_port)
                await upstream.send(encode_v2(header))
                await asyncio.gather(_forward(client, upstream), _forward(upstream, client))
        finally:
            server.sessions -= 1


class Haproxy:
    """All pools of one HAProxy process, and their checks."""

    def __init__(self, services: Sequence[Service], nodes: Sequence[Node]) -> None:
        """Start the clock; ``watch`` must run."""
        self.started = asyncio.get_running_loop().time()
        self.pools = {service.name: Pool(service, nodes, self.started) for service in services}

    async def watch(self) -> None:
        """Check every server again and again, without a trace in the mail log (``TCP_QUICKACK`` off, linger 0)."""
        connector = Connector()
        try:
            async with asyncio.TaskGroup() as checks:
                for server in self._servers():
                    checks.create_task(_watch(server, connector))
        finally:
            connector.close()

    def _servers(self) -> Iterator[Server]:
        return itertools.chain.from_iterable(pool.servers for pool in self.pools.values())


async def _watch(server: Server, connector: Connector) -> None:
    while True:
        result = await connector.connect(server.address, server.check_port, Terms(CHECK_TIMEOUT, silent=True))
        server.checked(result.reason, asyncio.get_running_loop().time())
        await asyncio.sleep(INTER)


async def _forward(source: TcpStream, sink: TcpStream) -> None:
    """Hand on bytes and, at their end, the end; a reset on one side ends the other in order."""
    with suppress(OSError):
        while data := await source.receive():
            await sink.send(data)
    sink.finish_sending()
