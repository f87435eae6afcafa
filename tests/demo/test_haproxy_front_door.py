"""The simulated frontends: to a server behind a header, or to nobody."""

from dataclasses import replace

from monitor.core.haproxy import ServerState
from monitor.core.model import Node
from monitor.demo.haproxy import FrontDoor, Pool
from monitor.demo.port import Port
from tests.demo.stand import LOCALHOST, SERVICES, Stand


async def _open(stand: Stand) -> Pool:
    """Put a frontend before the stand's submission listener; the stand's client then speaks to the frontend."""
    stand.open("submission")
    assert stand.port is not None
    service = replace(SERVICES["submission"], node_port=stand.port.port)
    return Pool(service, [Node("k8s-node1", LOCALHOST)], 0.0)


async def test_a_client_is_forwarded_behind_a_header(stand: Stand) -> None:
    """The mail server sees the client's own address, which the header has carried."""
    pool = await _open(stand)
    listener = stand.port
    stand.port = Port(LOCALHOST, 0, FrontDoor(pool).serve, stand.tasks)
    stand.port.open()
    assert listener is not None
    try:
        conversation = await stand.converse("submission", header=False)
        assert conversation.failure is None
        assert {record.address for record in await stand.records()} == {LOCALHOST}
        assert pool.servers[0].sessions == 0
    finally:
        listener.close()


async def test_an_empty_pool_closes_without_a_byte(stand: Stand) -> None:
    """HAProxy accepts, finds no server, and hangs up."""
    pool = await _open(stand)
    pool.servers[0].state = ServerState.STOPPED
    assert stand.port is not None
    stand.port.close()
    stand.port = Port(LOCALHOST, 0, FrontDoor(pool).serve, stand.tasks)
    stand.port.open()
    assert await stand.say(b"") == b""
