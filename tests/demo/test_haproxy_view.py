"""The stats socket's answers, by mailpath's own parsers."""

import asyncio

from monitor.core.haproxy import ServerState, same_backend
from monitor.core.taxonomy import Reason
from monitor.demo import haproxy_view
from monitor.demo.haproxy import Haproxy
from monitor.demo.layout import Layout
from monitor.wire.haproxy_stats import parse_servers_state


def _haproxy() -> Haproxy:
    return Haproxy(Layout().services, Layout().nodes)


async def test_servers_state_is_read_by_the_real_parser() -> None:
    """Sixteen servers, all up, with their ports and the backends' names as pfSense writes them."""
    haproxy = _haproxy()
    for pool in haproxy.pools.values():
        for server in pool.servers:
            server.checked(None, 0.0)
    servers = parse_servers_state(haproxy_view.servers_state(haproxy, haproxy.started + 8)).read
    assert len(servers) == 16
    assert all(server.state is ServerState.RUNNING and server.ever_checked for server in servers)
    assert all(server.checks_enabled and not server.admin for server in servers)
    assert same_backend("mailserver_nodes_smtp", servers[0].backend)
    assert (servers[0].address, servers[0].port, servers[0].check_port) == ("127.0.20.101", 30125, 30145)
    assert servers[0].since_change == 8


async def test_a_server_that_is_down_shows_everywhere() -> None:
    """In the state, in its own row of the statistics, and in the backend's weight."""
    haproxy = _haproxy()
    server = haproxy.pools["smtp"].servers[0]
    for _ in range(3):
        server.checked(Reason.REFUSED, 0.0)
    assert parse_servers_state(haproxy_view.servers_state(haproxy, 0.0)).read[0].state is ServerState.STOPPED
    rows = haproxy_view.stat(haproxy, 0.0).splitlines()
    header = rows[0].removeprefix("# ").split(",")
    table = [dict(zip(header, row.split(","), strict=True)) for row in rows[1:]]
    states = {(row["pxname"], row["svname"]): (row["status"], row["weight"]) for row in table}
    assert states["mailserver_nodes_smtp_ipvANY", "k8s-node1"] == ("DOWN", "10")
    assert states["mailserver_nodes_smtp_ipvANY", "BACKEND"] == ("UP", "30")
    assert states["mailserver_proxy_20025", "FRONTEND"] == ("OPEN", "")


async def test_the_three_answers_are_parted_by_empty_lines() -> None:
    """As HAProxy answers several commands in one line."""
    haproxy = _haproxy()
    now = asyncio.get_running_loop().time()
    state, stat, info, rest = haproxy_view.answer(haproxy, now).split("\n\n")
    assert state.startswith("1\n# be_id")
    assert stat.startswith("# pxname")
    assert "\nUptime_sec: 0\n" in info
    assert rest == ""
