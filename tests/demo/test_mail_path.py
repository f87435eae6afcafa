"""The simulated path as a whole."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.core.haproxy import ServerState
from monitor.demo import clients, haproxy, postscreen
from monitor.demo.mail_path import MailPath, open_mail_path
from monitor.wire.maillog import MaillogParser


def _no_bug(name: str, error: BaseException) -> None:
    pytest.fail(f"{name}: {error!r}")


@pytest.fixture
async def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailPath]:
    """Give an open path in a hurry."""
    monkeypatch.setattr(postscreen, "GREET_WAIT", 0.02)
    monkeypatch.setattr(haproxy, "INTER", 0.02)
    monkeypatch.setattr(clients, "PAUSE", 0.0)
    made = await open_mail_path(tmp_path, _no_bug)
    yield made
    await made.close()


async def test_clients_come_by_haproxy_and_are_seen_with_their_own_addresses(path: MailPath) -> None:
    """Every invented client is in the log, none of them as a node or the edge, and nothing goes wrong."""
    seen: set[str] = set()
    async with asyncio.timeout(30):
        while len(seen) < 7:
            await asyncio.sleep(0.02)
            records = MaillogParser().feed(path.log.path.read_bytes())
            seen = {record.address for record in records}
    assert all(address.startswith(("198.51.100.", "203.0.113.")) for address in seen)
    assert not any(record.problem for record in records)


async def test_haproxy_finds_a_dead_node_by_its_own_checks(path: MailPath) -> None:
    """Nobody tells HAProxy: its checks meet silence, and take the node out of every pool."""
    dead = path.layout.nodes[0]
    for port in path.ports.values():
        if port.address == dead.address:
            port.silence()
    async with asyncio.timeout(30):
        while any(pool.servers[0].state is ServerState.RUNNING for pool in path.haproxy.pools.values()):  # noqa: ASYNC110 - what is polled is plain state
            await asyncio.sleep(0.02)
    assert all(pool.servers[1].state is ServerState.RUNNING for pool in path.haproxy.pools.values())


async def test_a_second_path_finds_ports_of_its_own(path: MailPath, tmp_path: Path) -> None:
    """Two demos side by side never stand in each other's way."""
    directory = tmp_path / "second"
    directory.mkdir()
    other = await open_mail_path(directory, _no_bug)
    assert other.layout != path.layout
    await other.close()


async def test_a_closed_path_leaves_no_task_and_no_listener(path: MailPath, tmp_path: Path) -> None:
    """The same layout can be opened again at once."""
    await path.close()
    assert len(path.tasks) == 0
    again = MailPath(path.layout, tmp_path, _no_bug)
    await again.open()
    await again.close()
