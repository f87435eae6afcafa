"""SSH as asyncssh speaks it: one pinned connection, bounded commands, and its errors in our own words.

The only module that imports asyncssh; ``ssh`` imports it when the first connection is wanted, not earlier.
"""

import asyncio
import getpass
import os
from dataclasses import dataclass
from typing import Final

import asyncssh

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.ssh_settings import SshSettings
from monitor.links.tcp import reason_of, words

STDERR_LIMIT: Final = 512
CLOSE_GRACE: Final = 1.0

# Behind the kinds that known_hosts has, which come first, all others: a host that has none of the pinned ones any more
# shows the key that it has then, and is refused by that. Offered the pinned kinds alone, OpenSSH hangs up, and asyncssh
# tells of a lost connection only.
_HOST_KEY_ALGORITHMS: Final = "+ssh-ed25519,ecdsa-sha2-nistp*,rsa-sha2-512,rsa-sha2-256"

# what asyncssh logs that matters is in our errors, in words that name the file and the host
asyncssh.set_log_level("CRITICAL")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Our key and the host keys that we accept, read from their files."""

    key: asyncssh.SSHKey
    known_hosts: asyncssh.SSHKnownHosts


def read_credentials(settings: SshSettings) -> Credentials:
    """Read both files; anew for each connection, so that a mended file needs no restart.

    Raises:
        LinkError: AUTH_FAILED or HOST_KEY_MISMATCH, naming the file; nobody has been bothered yet.

    """
    try:
        key = asyncssh.read_private_key(settings.key_file)
    except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as e:
        raise LinkError(Reason.AUTH_FAILED, f"key file {settings.key_file}: {words(e)}") from e
    try:
        known_hosts = asyncssh.read_known_hosts(str(settings.known_hosts_file))
    except (OSError, ValueError) as e:
        raise LinkError(Reason.HOST_KEY_MISMATCH, f"known hosts {settings.known_hosts_file}: {words(e)}") from e
    return Credentials(key, known_hosts)


class _Progress(asyncssh.SSHClient):
    """How far a connection has come, for the words of its failure."""

    def __init__(self) -> None:
        self._connection: asyncssh.SSHClientConnection | None = None
        self.unknown_key = ""

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._connection = conn

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002 - asyncssh's signature
        """Refuse: asked only about a key that known_hosts does not hold."""
        self.unknown_key = f"{key.get_algorithm()} {key.get_fingerprint()}"
        return False

    def __str__(self) -> str:
        if self._connection is None:
            return "no TCP connection"
        if self._connection.get_extra_info("server_version") is None:
            return "TCP connection, but no SSH banner"
        if self._connection.get_server_host_key() is None:
            return "SSH banner, but no end of the key exchange"
        return "host key fine, but no end of the authentication"


class SshSession:
    """One authenticated connection; commands run side by side, each on a channel of its own."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        """Take over a connection made by ``connect``."""
        self._connection = connection
        self._broken = False

    @property
    def usable(self) -> bool:
        """Whether another command may be tried here."""
        return not self._broken and not self._connection.is_closed()

    async def run(self, command: str, *, deadline: float, output_limit: int) -> bytes:
        """Run a command with an empty standard input; return its standard output.

        A command that does not end leaves the connection as it is; a channel that cannot be opened condemns it.

        Raises:
            LinkError: COMMAND_FAILED, TOO_LARGE, TIMEOUT, CLOSED, RESET.

        """
        try:
            async with asyncio.timeout_at(deadline):
                capture = await self._start(command, output_limit)
                try:
                    return await capture.output()
                finally:
                    capture.channel.abort()
        except TimeoutError as e:
            where = "no channel for" if self._broken else "no end of"
            raise LinkError(Reason.TIMEOUT, f"{where} the command in time: {command}") from e

    async def _start(self, command: str, output_limit: int) -> "_Capture":
        capture = _Capture(output_limit)
        try:
            channel, _ = await self._connection.create_session(
                lambda: capture, command, request_pty=False, encoding=None
            )
        except (OSError, asyncssh.Error) as e:
            self.abort()
            raise _translated(e) from e
        except BaseException:
            # a channel half open would stay so for ever and count against sshd's MaxSessions
            self.abort()
            raise
        channel.write_eof()
        return capture

    def abort(self) -> None:
        """Leave at once, without a word."""
        self._broken = True
        self._connection.abort()

    async def close(self) -> None:
        """Say goodbye, and leave."""
        self._broken = True
        self._connection.close()
        try:
            async with asyncio.timeout(CLOSE_GRACE):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()


async def connect(settings: SshSettings, credentials: Credentials, *, deadline: float) -> SshSession:
    """Connect and authenticate by that one key, to a host with one of those keys, and by no other means.

    Raises:
        LinkError: REFUSED, UNREACHABLE, TIMEOUT, RESET, CLOSED, HOST_KEY_MISMATCH, AUTH_FAILED, MALFORMED.

    """
    _name_ourselves(settings.user)
    progress = _Progress()
    try:
        async with asyncio.timeout_at(deadline):
            connection = await asyncssh.connect(
                settings.host,
                settings.port,
                username=settings.user,
                client_factory=lambda: progress,
                # nothing but the two files: no configuration, agent, default key or password of the account we run as
                config=None,
                client_keys=[credentials.key],
                # an object: an *empty* string or list would make asyncssh fall back to ~/.ssh/known_hosts
                known_hosts=credentials.known_hosts,
                server_host_key_algs=_HOST_KEY_ALGORITHMS,
                x509_trusted_certs=None,
                x509_trusted_cert_paths=[],
                agent_path=None,
                password_auth=False,
                kbdint_auth=False,
                host_based_auth=False,
                gss_kex=False,
                gss_auth=False,
                # a small packet may inflate to a thousand times its size, before any bound of ours
                compression_algs="none",
                login_timeout=0,
                keepalive_interval=settings.keepalive_interval,
                keepalive_count_max=settings.keepalive_count_max,
            )
    except TimeoutError as e:
        raise LinkError(Reason.TIMEOUT, f"{settings}: {progress}") from e
    except asyncssh.HostKeyNotVerifiable as e:
        shown = progress.unknown_key or e.reason
        detail = f"{settings}: {settings.known_hosts_file} does not vouch for its host key ({shown})"
        raise LinkError(Reason.HOST_KEY_MISMATCH, detail) from e
    except Exception as e:  # asyncssh hands on whatever went wrong while it decoded a peer's bytes
        error = _translated(e)
        what = f"the key of {settings.key_file} was refused: " if error.reason is Reason.AUTH_FAILED else ""
        raise LinkError(error.reason, f"{settings}: {what}{error.detail}") from e
    return SshSession(connection)


def _name_ourselves(user: str) -> None:
    # asyncssh asks for the local user's name even where it never uses it, and a container's uid often has none
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = user


class _Capture(asyncssh.SSHClientSession[bytes]):
    """What one command says, within bounds."""

    channel: asyncssh.SSHClientChannel[bytes]

    def __init__(self, output_limit: int) -> None:
        self._limit = output_limit
        self._output = bytearray()
        self._stderr = bytearray()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._error: Exception | None = None

    async def output(self) -> bytes:
        await self._ended
        if self._error is not None:
            raise _translated(self._error) from self._error
        if len(self._output) > self._limit:
            raise LinkError(Reason.TOO_LARGE, f"more than {self._limit} bytes of output")
        status = self.channel.get_returncode()
        if status is None:
            raise LinkError(Reason.CLOSED, "the channel was closed before the command's exit status")
        if status:
            ended = f"exit status {status}" if status > 0 else f"killed by signal {-status}"
            said = " ".join(self._stderr.decode(errors="replace").split())
            raise LinkError(Reason.COMMAND_FAILED, f"{ended}: {said}" if said else ended)
        return bytes(self._output)

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            self._stderr += data[: STDERR_LIMIT - len(self._stderr)]
            return
        self._output += data
        if len(self._output) > self._limit:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._error = exc
        self._end()

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


def _translated(error: Exception) -> LinkError:
    text = words(error)
    match error:
        case asyncssh.ConnectionLost() | asyncssh.ChannelOpenError():
            reason = Reason.CLOSED
        case asyncssh.PermissionDenied():
            reason = Reason.AUTH_FAILED
        case asyncssh.KeyExchangeFailed() if "host key" in text:
            # the host no longer has any key of the kind that known_hosts holds
            reason = Reason.HOST_KEY_MISMATCH
        case asyncssh.DisconnectError() if "authentication failures" in text:
            # OpenSSH's word for MaxAuthTries, under the code for protocol errors
            reason = Reason.AUTH_FAILED
        case OSError():
            reason = reason_of(error)
        case _:
            reason = Reason.MALFORMED
            text = f"{type(error).__name__}: {text}"
    return LinkError(reason, text)
