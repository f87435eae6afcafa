"""The edge's SSH: pfSense's user ``admin``, who is uid 0, one client key, one host key."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.lab.host import Host
from tests.lab.server import Server

CONF = Path(__file__).parent / "conf"
USER = "admin"
PROGRAMS = "/run/bin"
"""First in the PATH of every session: the place for stand-ins of FreeBSD's programs."""


class Sshd(Server):
    """One sshd, with keys of its own."""

    process = "sshd"
    command = ("/usr/sbin/sshd",)

    def __init__(self, host: Host, directory: Path, address: str) -> None:
        """Put it on a host; the client's key and known_hosts go to ``directory``."""
        super().__init__(host)
        self._address = address
        self.key_file = directory / "id_ed25519"
        self.known_hosts_file = directory / "known_hosts"
        self._client_key = Ed25519PrivateKey.generate()
        self._host_key = Ed25519PrivateKey.generate()
        self._changed = False

    def prepare(self) -> None:
        """Make user, keys and configuration."""
        users = self.host.path("/etc/passwd").read_text().splitlines(keepends=True)
        others = [line for line in users if not line.startswith(f"{USER}:")]  # the machine may have one of that name
        self.host.write("/etc/passwd", f"{''.join(others)}{USER}:*:0:0:pfSense:/:/bin/sh\n")
        self.host.run("mkdir", "-p", PROGRAMS, "/run/sshd")
        self.host.write("/etc/ssh/sshd_config", (CONF / "sshd_config").read_bytes())
        self.key_file.touch(mode=0o600)
        self.key_file.write_bytes(_private(self._client_key))
        self.known_hosts_file.write_text(f"{self._address} {_public(self._host_key)}\n")
        self._write()

    def install(self, program: str, script: str) -> None:
        """Put a program where every session finds it first."""
        self.host.write(f"{PROGRAMS}/{program}", script, 0o755)

    def forget_client_key(self) -> None:
        """Authorize nobody any more: authentication fails from the next connection on."""
        self._changed = True
        self.host.write("/etc/ssh/authorized_keys", "")

    def change_host_key(self) -> None:
        """Become somebody else: the pinned host key no longer fits."""
        self._changed = True
        self.host.write("/etc/ssh/host_key", _private(Ed25519PrivateKey.generate()), 0o600)
        self.restart()

    def heal(self) -> None:
        """Take back every fault."""
        if self._changed:
            self.stop()
            self._write()
            self._changed = False
        super().heal()

    def _write(self) -> None:
        self.host.write("/etc/ssh/host_key", _private(self._host_key), 0o600)
        self.host.write("/etc/ssh/authorized_keys", f"{_public(self._client_key)}\n")


def _private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
