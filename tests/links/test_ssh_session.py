"""One SSH connection, against a real server and against some that misbehave."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.ssh_session import SshSession, connect, read_credentials
from monitor.links.ssh_settings import SshSettings
from tests.links.ssh_server import Server, known_hosts
from tests.waiting import until

LIMIT = 1024 * 1024


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """Give a server that listens."""
    async with Server(tmp_path) as running:
        yield running


def _soon(seconds: float = 5.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def _connect(settings: SshSettings, seconds: float = 5.0) -> SshSession:
    return await connect(settings, read_credentials(settings), deadline=_soon(seconds))


async def _failure(settings: SshSettings, seconds: float = 5.0) -> LinkError:
    with pytest.raises(LinkError) as caught:
        await _connect(settings, seconds)
    return caught.value


@pytest.fixture
async def session(server: Server) -> AsyncIterator[SshSession]:
    """Give a connection to that server."""
    made = await _connect(server.settings())
    yield made
    await made.close()


async def _run(session: SshSession, command: str, seconds: float = 5.0, limit: int = LIMIT) -> bytes:
    return await session.run(command, deadline=_soon(seconds), output_limit=limit)


async def _run_failing(session: SshSession, command: str, seconds: float = 5.0) -> LinkError:
    with pytest.raises(LinkError) as caught:
        await _run(session, command, seconds)
    return caught.value


async def test_output_comes_back_as_bytes(session: SshSession) -> None:
    """A command's standard output is returned as it is."""
    assert await _run(session, "echo show info") == b"show info\n"


async def test_standard_input_is_empty(session: SshSession) -> None:
    """A command that reads its standard input meets the end of it at once."""
    assert await _run(session, "cat") == b"read "


async def test_exit_status_and_stderr_are_told(session: SshSession) -> None:
    """A failing command gives its exit status and what it said, in one line."""
    error = await _run_failing(session, "moan 1")
    assert (error.reason, error.detail) == (Reason.COMMAND_FAILED, "exit status 3: no such thing")
    assert session.usable


async def test_stderr_is_bounded(session: SshSession) -> None:
    """A flood of standard error neither stalls the command nor fills the detail."""
    error = await _run_failing(session, "moan 100000")
    assert error.reason is Reason.COMMAND_FAILED
    assert len(error.detail) < 600


async def test_a_signal_is_told(session: SshSession) -> None:
    """A command that a signal killed says so."""
    error = await _run_failing(session, "die")
    assert (error.reason, error.detail) == (Reason.COMMAND_FAILED, "killed by signal 15")


async def test_no_exit_status_is_no_success(session: SshSession) -> None:
    """A channel that closes without an exit status is an error, not an empty answer."""
    assert (await _run_failing(session, "vanish")).reason is Reason.CLOSED
    assert await _run(session, "echo still here") == b"still here\n"


async def test_output_is_bounded(session: SshSession) -> None:
    """Ten megabytes of output are cut off at the limit, and the connection goes on."""
    error = await _run_failing(session, "flood 10485760")
    assert error.reason is Reason.TOO_LARGE
    assert await _run(session, "echo on we go") == b"on we go\n"


async def test_output_of_exactly_the_limit_passes(session: SshSession) -> None:
    """The limit itself is allowed."""
    assert len(await _run(session, "flood 65536", limit=65536)) == 65536


async def test_a_hanging_command_times_out_and_spares_the_connection(session: SshSession) -> None:
    """A command that never ends is left at the deadline; the next one runs on the same connection."""
    error = await _run_failing(session, "hang", 0.1)
    assert (error.reason, error.detail) == (Reason.TIMEOUT, "no end of the command in time: hang")
    assert session.usable
    assert await _run(session, "echo alive") == b"alive\n"


async def test_cancelling_a_command_ends_its_channel(server: Server, session: SshSession) -> None:
    """A cancelled command leaves nothing running on the server, and the connection as it was."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_run(session, "hang"))
        await until(lambda: len(server.connections[0]._channels) == 1)  # noqa: SLF001 - asyncssh shows them nowhere else
        await asyncio.sleep(0.02)
        task.cancel()
    assert task.cancelled()
    await until(lambda: not server.connections[0]._channels)  # noqa: SLF001 - as above
    assert session.usable


async def test_a_lost_connection_ends_its_commands(server: Server, session: SshSession) -> None:
    """A connection that the server breaks off ends the command on it, and is no longer usable."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_run_failing(session, "hang"))
        await asyncio.sleep(0.05)
        server.connections[0].abort()
    assert task.result().reason in {Reason.CLOSED, Reason.RESET}
    assert not session.usable
    assert (await _run_failing(session, "echo x")).reason is Reason.CLOSED


async def test_a_dead_peer_is_found_by_keepalive(server: Server) -> None:
    """A peer that no longer answers is given up after the configured number of questions."""
    session = await _connect(replace(server.settings(), keepalive_interval=0.03, keepalive_count_max=1))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_run_failing(session, "hang"))
        await asyncio.sleep(0.02)
        server.connections[0]._transport.pause_reading()  # type: ignore[union-attr]  # noqa: SLF001 - a peer that hangs
    error = task.result()
    assert error.reason is Reason.CLOSED
    assert "keepalive" in error.detail


async def test_a_wrong_host_key_is_refused(server: Server) -> None:
    """A host whose key is not the pinned one is left before authentication, and its key is told."""
    settings = server.settings()
    known_hosts(server.directory, server.port, asyncssh.generate_private_key("ssh-ed25519"))
    error = await _failure(settings)
    assert error.reason is Reason.HOST_KEY_MISMATCH
    assert server.host_key.get_fingerprint() in error.detail
    assert str(settings.known_hosts_file) in error.detail


@pytest.mark.parametrize("kind", ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "ssh-rsa"])
async def test_a_host_key_of_another_kind_is_refused(server: Server, kind: str) -> None:
    """A host that no longer has a key of the pinned kind shows the one it has: a mismatch, and not a broken connection.

    OpenSSH, offered the pinned kinds alone, hangs up without a word that says why.
    """
    settings = server.settings()
    known_hosts(server.directory, server.port, asyncssh.generate_private_key(kind))
    error = await _failure(settings)
    assert error.reason is Reason.HOST_KEY_MISMATCH
    assert server.host_key.get_fingerprint() in error.detail
    assert len(server.connections) == 1


@pytest.mark.parametrize("kind", ["ecdsa-sha2-nistp256", "ssh-rsa"])
async def test_the_pinned_kind_is_asked_for_first(tmp_path: Path, kind: str) -> None:
    """A host with keys of several kinds shows the one that known_hosts has, whichever it would choose by itself."""
    async with Server(tmp_path, host_key=asyncssh.generate_private_key(kind)) as running:
        both = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: running,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519"), running.host_key],
        )
        settings = replace(running.settings(), port=both.get_port())
        known_hosts(tmp_path, both.get_port(), running.host_key)
        await (await _connect(settings)).close()
        both.close()


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"other.example ssh-ed25519 AAAA\n"])
async def test_an_unknown_host_is_refused(server: Server, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that known_hosts does not name is refused, even where the account's own known_hosts has it."""
    settings = server.settings()
    home = server.directory / "home"
    (home / ".ssh").mkdir(parents=True)
    settings.known_hosts_file.rename(home / ".ssh" / "known_hosts")
    monkeypatch.setenv("HOME", str(home))
    settings.known_hosts_file.write_bytes(content)
    assert (await _failure(settings)).reason is Reason.HOST_KEY_MISMATCH


async def test_the_accounts_own_ssh_configuration_is_not_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ~/.ssh/config that would send us elsewhere, under another name, is ignored, and so is an agent."""
    (server.directory / ".ssh").mkdir()
    (server.directory / ".ssh" / "config").write_text("Host *\n  User root\n  ProxyCommand false\n")
    monkeypatch.setenv("HOME", str(server.directory))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(server.directory / "no-such-agent"))
    session = await _connect(server.settings())
    assert await _run(session, "echo in") == b"in\n"
    await session.close()


async def test_a_uid_without_a_name_can_connect(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's nameless uid, which asyncssh stumbles over, is no obstacle."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    session = await _connect(server.settings())
    assert session.usable
    await session.close()


async def test_a_refused_key_names_its_file(server: Server) -> None:
    """A key that the server does not know is a failed authentication that names the key's file."""
    settings = server.settings()
    server.user_key = asyncssh.generate_private_key("ssh-ed25519")
    error = await _failure(settings)
    assert error.reason is Reason.AUTH_FAILED
    assert str(settings.key_file) in error.detail


async def test_an_unknown_user_is_refused(server: Server) -> None:
    """A user whom the server does not know is a failed authentication."""
    error = await _failure(replace(server.settings(), user="nobody"))
    assert error.reason is Reason.AUTH_FAILED
    assert error.detail.startswith("nobody@127.0.0.1:")


def _settings(directory: Path, port: int = 22) -> SshSettings:
    settings = Server(directory, port=port).settings()
    return replace(settings, timeout=0.2)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    """A key file that is not there is told by name, before anything is sent."""
    settings = _settings(tmp_path)
    settings.key_file.unlink()
    with pytest.raises(LinkError) as caught:
        read_credentials(settings)
    assert (caught.value.reason, caught.value.detail) == (
        Reason.AUTH_FAILED,
        f"key file {settings.key_file}: No such file or directory",
    )


@pytest.mark.parametrize("content", ["", "garbage", "public", "encrypted"])
def test_a_wrong_key_file_is_named_and_not_shown(tmp_path: Path, content: str) -> None:
    """A file that holds no usable private key is told by name, and nothing of its content is."""
    settings = _settings(tmp_path)
    key = asyncssh.generate_private_key("ssh-ed25519")
    plain = {
        "": b"",
        "garbage": b"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n",
        "public": key.export_public_key(),
    }
    # bcrypt takes its time: made only where it is wanted, by the fewest rounds that it has no warning for
    if content == "encrypted":
        settings.key_file.write_bytes(key.export_private_key(passphrase="secret", rounds=50))  # noqa: S106 - nobody's
    else:
        settings.key_file.write_bytes(plain[content])
    with pytest.raises(LinkError) as caught:
        read_credentials(settings)
    assert caught.value.reason is Reason.AUTH_FAILED
    assert caught.value.detail.startswith(f"key file {settings.key_file}: ")
    assert "secret" not in caught.value.detail
    assert "c2Vj" not in caught.value.detail


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"@nonsense x y\n", b"alone\n"])
def test_an_unreadable_known_hosts_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A known_hosts file that is missing or makes no sense is told by name."""
    settings = _settings(tmp_path)
    settings.known_hosts_file.unlink()
    if content is not None:
        settings.known_hosts_file.write_bytes(content)
    with pytest.raises(LinkError) as caught:
        read_credentials(settings)
    assert caught.value.reason is Reason.HOST_KEY_MISMATCH
    assert str(settings.known_hosts_file) in caught.value.detail


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _meet(directory: Path, talk: Talk, seconds: float = 0.3) -> LinkError:
    """Connect to a raw TCP server that talks in its own way, and return how that ends."""

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    listener = await asyncio.start_server(attend, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        return await _failure(_settings(directory, port), seconds)


async def _until_left(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(4096):
            pass
    except ConnectionError:
        pass


async def test_silence_is_a_timeout_that_says_where(tmp_path: Path) -> None:
    """A server that accepts and says nothing costs the deadline, and the words tell that TCP worked."""

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await _until_left(reader)

    error = await _meet(tmp_path, talk, 0.1)
    assert error.reason is Reason.TIMEOUT
    assert error.detail.endswith("TCP connection, but no SSH banner")


async def test_a_banner_and_then_silence_is_a_timeout(tmp_path: Path) -> None:
    """A server that stops after its banner is told apart from one that never spoke."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.7\r\n")
        await _until_left(reader)

    error = await _meet(tmp_path, talk, 0.1)
    assert error.reason is Reason.TIMEOUT
    assert error.detail.endswith("no end of the key exchange")


async def test_silence_at_authentication_is_a_timeout(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs in its authentication (a dead directory service) is told as such."""

    async def hang(*_: object) -> bool:
        await asyncio.sleep(60)
        return True

    monkeypatch.setattr(server, "validate_public_key", hang)
    error = await _failure(server.settings(), 0.3)
    assert error.reason is Reason.TIMEOUT
    assert error.detail.endswith("host key fine, but no end of the authentication")


async def test_a_drip_cannot_hold_us(tmp_path: Path) -> None:
    """A byte now and then does not move the deadline."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"S")
            await asyncio.sleep(0.01)

    assert (await _meet(tmp_path, talk, 0.1)).reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "garbage",
    [
        b"220 mail.example.org ESMTP\r\n" * 5000,
        b"x" * 1_000_000,
        b"SSH-9.9-nonsense\r\n",
        b"SSH-2.0-\xff\xff\r\n",
        b"SSH-2.0-x\r\n" + b"\xff" * 4096,
        b"SSH-2.0-x\r\n" + b"\x00\x00\x00\x0c\x0a\x14" + bytes(64),
        b"SSH-2.0-x\r\n" + b"\x00\x00\x00\x0c\xff" + bytes(64),
    ],
)
async def test_garbage_is_malformed(tmp_path: Path, garbage: bytes) -> None:
    """Whatever is not SSH ends at once as malformed, without growth and without a crash."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(garbage)
        await _until_left(reader)

    assert (await _meet(tmp_path, talk, 5.0)).reason in {Reason.MALFORMED, Reason.RESET}


@pytest.mark.parametrize("first", [b"", b"SSH-2.0-x\r\n", b"Exceeded MaxStartups\r\n"])
async def test_a_server_that_closes(tmp_path: Path, first: bytes) -> None:
    """A server that closes before the key exchange is closed, whatever it said first."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        writer.write_eof()
        await asyncio.sleep(0.05)

    assert (await _meet(tmp_path, talk)).reason is Reason.CLOSED


async def test_a_server_that_resets(tmp_path: Path) -> None:
    """A reset is told as a reset."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    # bytes of ours that the server never read make its kernel answer with RST (RFC 1122, section 4.2.2.13)
    assert (await _meet(tmp_path, talk)).reason in {Reason.RESET, Reason.CLOSED}


async def test_nobody_listens(tmp_path: Path) -> None:
    """A port on which nobody listens is refused."""
    async with Server(tmp_path) as gone:
        settings = gone.settings()
    assert (await _failure(settings)).reason is Reason.REFUSED


async def test_too_many_attempts_are_a_failed_authentication(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSH with MaxAuthTries 1 hangs up with a protocol error that is really a refused key."""

    def refuse(*_: object) -> bool:
        raise asyncssh.ProtocolError("Too many authentication failures")

    monkeypatch.setattr(server, "validate_public_key", refuse)
    error = await _failure(server.settings())
    assert error.reason is Reason.AUTH_FAILED
    assert f"{server.directory / 'id_ed25519'} was refused" in error.detail


async def test_nothing_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither asyncssh nor asyncio has anything to say about a failure that we have told already."""
    caplog.set_level("DEBUG")

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-x\r\n" + b"\xff" * 4096)

    await _meet(tmp_path, talk)
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []
