"""The simulated HAProxy: its checks and its turns."""

import pytest

from monitor.core.haproxy import ServerState
from monitor.core.taxonomy import Reason
from monitor.demo.haproxy import Haproxy, Pool, Server
from monitor.demo.layout import Layout


def _server() -> Server:
    return Server("k8s-node1", "127.0.20.101", 30125, 30145, changed=0.0)


def test_three_failures_in_a_row_take_a_server_out() -> None:
    """``fall 3``: two are not enough, and a success in between starts the count anew."""
    server = _server()
    for reason in (None, None, None, Reason.REFUSED, Reason.REFUSED, None, None):
        server.checked(reason, 1.0)
        assert server.state is ServerState.RUNNING
    for _ in range(3):
        server.checked(Reason.TIMEOUT, 2.0)
    assert (server.state, server.health, server.check_status, server.changed) == (ServerState.STOPPED, 0, 7, 2.0)


def test_two_successes_bring_it_back() -> None:
    """``rise 2``, and then full health."""
    server = _server()
    for reason in (Reason.REFUSED,) * 3:
        server.checked(reason, 1.0)
    server.checked(None, 2.0)
    assert server.state is ServerState.STOPPED
    server.checked(None, 3.0)
    assert (server.state, server.health, server.check_status) == (ServerState.RUNNING, 4, 6)


def test_a_pool_takes_turns_among_those_that_are_up() -> None:
    """Round robin leaves out what is down; a pool without servers has none to give."""
    layout = Layout()
    pool = Pool(layout.services[0], layout.nodes, 0.0)
    pool.servers[1].state = ServerState.STOPPED
    turns = [server.name for server in (pool.next_server() for _ in range(6)) if server is not None]
    assert sorted(turns) == sorted(["k8s-node1", "k8s-node3", "k8s-node4"] * 2)
    for server in pool.servers:
        server.state = ServerState.STOPPED
    assert pool.next_server() is None


@pytest.mark.parametrize(("name", "check_port"), [("smtp", 30145), ("imaps", 30128)])
async def test_the_pools_are_checked_where_the_runbook_says(name: str, check_port: int) -> None:
    """Each at its healthcheck NodePort; the IMAPS pool, which has none, at its data port."""
    layout = Layout()
    pool = Haproxy(layout.services, layout.nodes).pools[name]
    assert {server.check_port for server in pool.servers} == {check_port}
