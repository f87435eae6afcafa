"""The simulated edge over real SSH, by mailpath's own link."""

import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.demo.certificates import write_private
from monitor.demo.layout import SSH_USER
from monitor.demo.ssh_server import SshServer
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings

COMMAND = "echo 'show servers state; show stat; show info' | socat 'UNIX-CONNECT:/tmp/haproxy.socket' stdio"
HOST = "127.0.0.1"


@pytest.fixture
async def server(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[SshServer]:
    """Give a server that answers one command."""
    answers = {COMMAND: "1\n# be_id\n"}
    made = SshServer(HOST, unused_tcp_port, tmp_path, answers.get)
    await made.open()
    yield made
    made.close()
    await made.wait_closed()


def _settings(server: SshServer) -> SshSettings:
    return SshSettings(HOST, SSH_USER, server.key_file, server.known_hosts_file, port=server.port, timeout=5.0)


async def _run(settings: SshSettings, command: str = COMMAND) -> bytes:
    link = SshLink(settings)
    try:
        return await link.run(command, timeout=5)
    finally:
        await link.close()


async def test_the_sockets_command_is_answered(server: SshServer) -> None:
    """The key that was written opens the door, and the command gets HAProxy's answer."""
    assert await _run(_settings(server)) == b"1\n# be_id\n"


async def test_any_other_command_is_not_found(server: SshServer) -> None:
    """There is no shell behind it."""
    with pytest.raises(LinkError, match="rm: not found") as raised:
        await _run(_settings(server), "rm -rf /")
    assert raised.value.reason is Reason.COMMAND_FAILED


async def test_another_key_is_refused(server: SshServer, tmp_path: Path) -> None:
    """Only the daemon's own key is authorised."""
    stranger = tmp_path / "stranger"
    write_private(stranger, asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    with pytest.raises(LinkError) as raised:
        await _run(replace(_settings(server), key_file=stranger))
    assert raised.value.reason is Reason.AUTH_FAILED


async def test_the_key_is_its_owners_alone(server: SshServer) -> None:
    """As ssh itself demands it."""
    assert stat.S_IMODE(server.key_file.stat().st_mode) == 0o600


async def test_a_closed_server_breaks_off_and_refuses(server: SshServer) -> None:
    """A connection that was there is lost, the next one refused."""
    link = SshLink(_settings(server))
    await link.run(COMMAND, timeout=5)
    server.close()
    await server.wait_closed()
    with pytest.raises(LinkError) as raised:
        await link.run(COMMAND, timeout=5)
    assert raised.value.reason in {Reason.REFUSED, Reason.CLOSED, Reason.RESET}
    await link.close()
