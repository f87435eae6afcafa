"""Dovecot with the runbook's ``imaps_proxy`` listener beside the stock one."""

from pathlib import Path

from tests.lab.host import Host
from tests.lab.server import Server

CONF = Path(__file__).parent / "conf"
USER = "probe@lab.test"
PASSWORD = "lab-only"  # noqa: S105 - of a mailbox that exists for the time of the test


class Dovecot(Server):
    """Stock 993 and PROXY 10993; Postfix asks it who may send."""

    process = "dovecot"
    command = ("dovecot",)

    def __init__(self, host: Host) -> None:
        """Put it on a host; nothing runs before ``start``."""
        super().__init__(host)
        self._changed = False
        self._closed = False

    def prepare(self) -> None:
        """Make its directories, its one user and its configuration."""
        self.host.run("mkdir", "-p", "/var/lib/dovecot")
        # 2.4 has another language: https://doc.dovecot.org/2.4.1/installation/upgrade/2.3-to-2.4.html
        major, minor = self.host.run("dovecot", "--version").split(".")[:2]
        self._configuration = CONF / ("dovecot.conf" if (int(major), int(minor)) < (2, 4) else "dovecot-2.4.conf")
        self.host.write("/etc/dovecot/users", f"{USER}:{PASSWORD}\n", 0o644)
        self._write()

    def reload(self) -> None:
        """Let it read its configuration and certificate again."""
        self.host.run("doveadm", "reload")

    def configure(self, **settings: str) -> None:
        """Set global settings and restart."""
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        self._write("".join(lines))
        self._changed = True
        self.restart()

    def close(self) -> None:
        """Stop the login service alone: every port is closed, and Postfix is told all the same who may send.

        Without that, each of its smtpds that begins meanwhile would end at once, and which one does is chance.
        """
        self._closed = True
        self.host.run("doveadm", "service", "stop", "imap-login")

    def heal(self) -> None:
        """Take back every fault."""
        if self._changed:
            self.stop()
            self._write()
            self._changed = False
        super().heal()
        if self._closed:
            self.reload()
            self._closed = False

    def _write(self, more: str = "") -> None:
        self.host.write("/etc/dovecot/dovecot.conf", self._configuration.read_text() + more)
