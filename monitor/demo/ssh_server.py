"""The edge's sshd: one account, one key, and the commands that mailpath sends."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncssh

from monitor.demo.certificates import write_private

_COMMAND_NOT_FOUND = 127

# What a command prints; None: there is no such program.
Answer = Callable[[str], str | None]


class SshServer:
    """Answers commands over real SSH, for whoever has the key that it has written for the daemon.

    Attributes:
        key_file: the daemon's private key.
        known_hosts_file: the server's own key, for the daemon to pin.
    """

    def __init__(self, address: str, port: int, directory: Path, answer: Answer) -> None:
        """Make both keys and write what the daemon needs; ``answer`` gives what a command prints."""
        self.address = address
        self.port = port
        self.key_file = directory / "id_ed25519"
        self.known_hosts_file = directory / "known_hosts"
        self._answer = answer
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        client_key = asyncssh.generate_private_key("ssh-ed25519")
        write_private(self.key_file, client_key.export_private_key())
        host_key = self._host_key.export_public_key().decode("ascii")
        self.known_hosts_file.write_text(f"[{address}]:{port} {host_key}", encoding="ascii")
        self._authorized = asyncssh.import_authorized_keys(client_key.export_public_key().decode("ascii"))
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()

    async def open(self) -> None:
        """Accept connections.

        Raises:
            OSError: The address is not there or taken.
        """
        self._acceptor = await asyncssh.create_server(
            self._session,
            self.address,
            self.port,
            config=None,
            server_host_keys=[self._host_key],
            authorized_client_keys=self._authorized,
            password_auth=False,
            kbdint_auth=False,
            process_factory=self._process,
            allow_pty=False,
            agent_forwarding=False,
            x11_forwarding=False,
            compression_algs="none",
            login_timeout=10,
            reuse_address=True,
        )

    def close(self) -> None:
        """Refuse connections, and break off those that there are."""
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
        for connection in tuple(self._connections):
            connection.abort()

    async def wait_closed(self) -> None:
        """Wait until the last connection has gone."""
        await asyncio.gather(*(connection.wait_closed() for connection in tuple(self._connections)))

    def _session(self) -> asyncssh.SSHServer:
        return _Session(self._connections)

    async def _process(self, process: "asyncssh.SSHServerProcess[str]") -> None:
        command = process.command or ""
        answer = self._answer(command)
        if answer is not None:
            process.stdout.write(answer)
            process.exit(0)
        else:
            program = command.split(" ", 1)[0]
            process.stderr.write(f"sh: {program}: not found\n")
            process.exit(_COMMAND_NOT_FOUND)


class _Session(asyncssh.SSHServer):
    """One connection, known to the server for as long as it lasts."""

    def __init__(self, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's signature
        if self._connection is not None:
            self._connections.discard(self._connection)
