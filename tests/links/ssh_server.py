"""A real SSH server in this process, on loopback, that counts its connections; and the files of its client."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import asyncssh

from monitor.links.ssh_settings import SshSettings


async def answer(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Do what the command says, as a small shell would."""
    words = (process.command or "").split()
    match words:
        case ["echo", *rest]:
            process.stdout.write(" ".join(rest).encode() + b"\n")
        case ["cat"]:
            process.stdout.write(b"read " + await process.stdin.read())
        case ["flood", count]:
            # a channel that the client has closed; an exception here would cost the whole connection
            with contextlib.suppress(BrokenPipeError):
                for _ in range(int(count) // 65536):
                    process.stdout.write(b"x" * 65536)
                    await process.stdout.drain()
        case ["moan", count]:
            process.stderr.write(b"no such\nthing " * int(count))
            process.exit(3)
            return
        case ["die"]:
            process.exit_with_signal("TERM")
            return
        case ["vanish"]:
            process.channel.abort()
            return
        case _:
            await process.wait_closed()
            return
    process.exit(0)


@dataclass
class Server(asyncssh.SSHServer):
    """The server, its keys, and what it saw."""

    directory: Path
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    user_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    port: int = 0
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    acceptor: asyncssh.SSHAcceptor | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember it."""
        self.connections.append(conn)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - asyncssh's signature
        """Ask everybody for a key."""
        return True

    def public_key_auth_supported(self) -> bool:
        """Offer public keys."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Know one user and one key."""
        return username == "admin" and key == self.user_key.convert_to_public()

    async def __aenter__(self) -> Self:
        """Listen."""
        self.acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=lambda: self,
            server_host_keys=[self.host_key],
            process_factory=answer,
            encoding=None,
        )
        self.port = self.acceptor.get_port()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and break off every connection."""
        assert self.acceptor is not None
        self.acceptor.close()
        for connection in self.connections:
            connection.abort()
            await connection.wait_closed()
        await self.acceptor.wait_closed()  # from Python 3.12 on it waits for every connection

    def settings(self, timeout: float = 5.0) -> SshSettings:
        """Write the files of a client who may come in."""
        key_file = self.directory / "id_ed25519"
        self.user_key.write_private_key(key_file)
        return SshSettings(
            host="127.0.0.1",
            port=self.port,
            user="admin",
            key_file=key_file,
            known_hosts_file=known_hosts(self.directory, self.port, self.host_key),
            timeout=timeout,
        )


def known_hosts(directory: Path, port: int, key: asyncssh.SSHKey) -> Path:
    """Write a known_hosts file that pins this key."""
    path = directory / "known_hosts"
    path.write_bytes(b"[127.0.0.1]:%d " % port + key.export_public_key())
    return path
