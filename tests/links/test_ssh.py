"""The link to an edge: one connection for all, made anew when it breaks, with patience."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.backoff import Backoff
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from tests.clock import Clock
from tests.links.ssh_server import Server, known_hosts
from tests.waiting import until


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """Give a server that listens."""
    async with Server(tmp_path) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock(1000.0)


def _link(settings: SshSettings, clock: Clock) -> SshLink:
    return SshLink(settings, backoff=Backoff(2.0, 60.0, rand=lambda: 0.0), patience=600.0, clock=clock)


async def _failure(link: SshLink, command: str = "echo x", seconds: float = 5.0) -> LinkError:
    with pytest.raises(LinkError) as caught:
        await link.run(command, timeout=seconds)
    return caught.value


async def test_all_commands_share_one_connection(server: Server, clock: Clock) -> None:
    """Commands that come together share one attempt, and later ones its connection."""
    link = _link(server.settings(), clock)
    answers = await asyncio.gather(*(link.run(f"echo {n}", timeout=5.0) for n in range(8)))
    assert answers == [b"%d\n" % n for n in range(8)]
    assert await link.run("echo again", timeout=5.0) == b"again\n"
    assert len(server.connections) == 1
    await link.close()


async def test_up_and_since_follow_the_connection(server: Server, clock: Clock) -> None:
    """The link knows whether it is up, and since when."""
    link = _link(server.settings(), clock)
    assert (link.up, link.since) == (False, None)
    await link.run("echo x", timeout=5.0)
    clock.now += 50
    assert (link.up, link.since) == (True, 1000.0)
    await link.close()
    assert (link.up, link.since) == (False, None)


async def test_commands_run_side_by_side(server: Server, clock: Clock) -> None:
    """A command that hangs does not keep another one waiting."""
    link = _link(server.settings(), clock)
    hanging, quick = await asyncio.gather(_failure(link, "hang", 0.3), link.run("echo quick", timeout=5.0))
    assert hanging.reason is Reason.TIMEOUT
    assert quick == b"quick\n"
    assert len(server.connections) == 1
    await link.close()


async def test_a_restarted_server_is_found_again(server: Server, clock: Clock) -> None:
    """When the server has gone and come back between two commands, the second one connects anew, without a pause."""
    link = _link(server.settings(), clock)
    await link.run("echo x", timeout=5.0)
    await server.__aexit__()
    async with server:
        assert await link.run("echo back", timeout=5.0) == b"back\n"
        assert len(server.connections) == 2
        await link.close()


async def test_a_failed_attempt_is_followed_by_a_growing_pause(server: Server, clock: Clock) -> None:
    """While a pause lasts every command gets the last failure at once, and the edge is left in peace."""
    settings = server.settings()
    await server.__aexit__()
    link = _link(settings, clock)
    details = []
    for pause in (2.0, 4.0, 8.0):
        first = await _failure(link)
        clock.now += pause - 0.5
        second = await _failure(link)
        details.append(second.detail.rpartition("; ")[2])
        assert first.reason is second.reason is Reason.REFUSED
        clock.now += 0.5
    assert details == ["next try in 0 s"] * 3
    async with server:
        assert await link.run("echo back", timeout=5.0) == b"back\n"
        await link.close()


async def test_a_success_begins_the_pauses_anew(server: Server, clock: Clock) -> None:
    """After a connection that worked the first pause is short again."""
    link = _link(server.settings(), clock)
    await server.__aexit__()
    for pause in (2.0, 4.0):
        await _failure(link)
        clock.now += pause
    async with server:
        await link.run("echo x", timeout=5.0)
    await until(lambda: not link.up)
    assert (await _failure(link)).reason is Reason.REFUSED
    assert (await _failure(link)).detail.endswith("next try in 2 s")
    await link.close()


@pytest.mark.parametrize("fault", ["key", "host key"])
async def test_what_only_a_person_can_mend_is_tried_every_ten_minutes(server: Server, clock: Clock, fault: str) -> None:
    """A refused key and a wrong host key are not tried again for ten minutes: sshguard counts."""
    settings = server.settings()
    if fault == "key":
        server.user_key = asyncssh.generate_private_key("ssh-ed25519")
        reason = Reason.AUTH_FAILED
    else:
        known_hosts(server.directory, server.port, asyncssh.generate_private_key("ssh-ed25519"))
        reason = Reason.HOST_KEY_MISMATCH
    link = _link(settings, clock)
    assert (await _failure(link)).reason is reason
    for _ in range(59):
        clock.now += 10.0
        assert (await _failure(link)).reason is reason
    assert len(server.connections) == 1
    server.settings()
    clock.now += 10.0
    assert await link.run("echo mended", timeout=5.0) == b"mended\n"
    assert len(server.connections) == 2
    await link.close()


async def test_a_local_file_is_looked_at_each_time(server: Server, clock: Clock) -> None:
    """A missing key file bothers nobody, so there is no pause: it works as soon as the file is there."""
    settings = server.settings()
    settings.key_file.unlink()
    link = _link(settings, clock)
    for _ in range(2):
        error = await _failure(link)
        assert error.detail == f"key file {settings.key_file}: No such file or directory"
    assert server.connections == []
    server.settings()
    assert await link.run("echo mended", timeout=5.0) == b"mended\n"
    await link.close()


async def test_the_link_s_own_timeout_bounds_the_attempt(tmp_path: Path, clock: Clock) -> None:
    """A silent server costs the link's timeout, even where the command has more time; others wait and share it."""
    accepted = 0

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        while await reader.read(4096):
            pass
        writer.close()

    listener = await asyncio.start_server(ignore, "127.0.0.1", 0)
    async with listener:
        settings = replace(Server(tmp_path, port=listener.sockets[0].getsockname()[1]).settings(), timeout=0.2)
        link = _link(settings, clock)
        errors = await asyncio.gather(_failure(link), _failure(link), _failure(link, seconds=0.05))
    assert [error.reason for error in errors] == [Reason.TIMEOUT] * 3
    assert "no SSH banner" in errors[0].detail
    assert errors[1].detail == errors[0].detail + "; next try in 2 s"
    assert errors[2].detail.endswith("still connecting")
    assert accepted == 1


async def test_cancelling_the_one_who_connects_lets_the_next_one_connect(server: Server, clock: Clock) -> None:
    """An attempt that is cancelled is no failure: whoever waited for it makes his own."""
    link = _link(server.settings(), clock)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(link.run("echo first", timeout=5.0))
        second = group.create_task(link.run("echo second", timeout=5.0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
    assert first.cancelled()
    assert second.result() == b"second\n"
    await link.close()


async def test_a_host_without_an_address_is_unreachable(server: Server, clock: Clock) -> None:
    """A name that cannot be resolved is told as unreachable."""
    error = await _failure(_link(replace(server.settings(), host="edge.invalid"), clock))
    assert error.reason is Reason.UNREACHABLE
    assert error.detail.startswith("admin@edge.invalid:")


def test_asyncssh_is_imported_only_for_a_connection() -> None:
    """Whoever has no edge does not pay for asyncssh."""
    code = "import sys, monitor.links.ssh; sys.exit('asyncssh' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
