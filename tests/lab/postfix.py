"""Postfix as docker-mailserver runs it, with the runbook's three PROXY listeners beside the stock ones."""

import os
from pathlib import Path

from tests.lab.host import Host
from tests.lab.maillog import Maillog
from tests.lab.server import Server

CONF = Path(__file__).parent / "conf"
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")
FILES = ("main.cf", "master.cf")
MAIL_UID = 5000
POSTSCREENS = ("smtp/inet", "2525/inet")

CACHED, UNCACHED = "cached", "uncached"
"""Whether postscreen remembers whom it has let pass. Production's does not: there every contact waits six seconds."""


class Postfix(Server):
    """Stock 25, 465, 587 and PROXY 2525, 4465, 5587."""

    process = "master"
    command = ("/usr/lib/postfix/sbin/master", "-w")

    def __init__(self, host: Host, maillog: Maillog, *, cache: bool) -> None:
        """Put it on a host; without ``cache`` every contact is postscreen's first and waits six seconds."""
        super().__init__(host)
        self._maillog = maillog
        self.cache = cache
        self._changed = False
        self._started = 0

    def prepare(self) -> None:
        """Make its directories, as the package and ``postfix start`` would, and write its configuration."""
        self.host.run("sh", "-e", "-c", _DIRECTORIES)
        self._write()

    def start(self) -> None:
        """Start it, and return when it listens."""
        self._started = self._maillog.mark()
        self._age()
        super().start()

    @property
    def version(self) -> tuple[int, int]:
        """Its major and minor release: ``(3, 11)``."""
        major, minor = self.host.run("postconf", "-d", "-h", "mail_version").split(".")[:2]
        return int(major), int(minor)

    def reload(self) -> None:
        """Let it read its configuration and certificate again, as ``postfix reload`` does."""
        self._age()
        self.host.run("postfix", "reload")

    def configure(self, **parameters: str) -> None:
        """Set parameters of main.cf and restart."""
        self._changed = True
        self.host.run("postconf", *(f"{name}={value}" for name, value in parameters.items()))
        self.restart()

    def configure_service(self, service: str, **parameters: str) -> None:
        """Set parameters of one service of master.cf (``2525/inet``) and restart."""
        self._changed = True
        self.host.run("postconf", "-P", *(f"{service}/{name}={value}" for name, value in parameters.items()))
        self.restart()

    def heal(self) -> None:
        """Take back every fault; a service that master throttles would stay silent for a minute, so restart it."""
        throttled = any("throttling" in line for line in self._maillog.since(self._started))
        if self._changed or throttled:
            self.stop()
            self._write()
        super().heal()

    def _age(self) -> None:
        # Postfix distrusts a file that is younger than two seconds, and reads it again and again.
        for name in FILES:
            os.utime(self.host.path(f"/etc/postfix/{name}"), (0, 0))

    def _write(self) -> None:
        for name in FILES:
            self.host.write(f"/etc/postfix/{name}", (CONF / name).read_bytes())
        if not self.cache:
            self.host.run("postconf", "-P", *(f"{service}/postscreen_cache_map=" for service in POSTSCREENS))
        self._changed = False


_DIRECTORIES = f"""
cd /var
mkdir -p spool/postfix/pid lib/postfix mail
cd spool/postfix
install -d -o postfix -m 0700 {" ".join(QUEUES)}
install -d -o postfix -g postdrop -m 0730 maildrop
install -d -o postfix -g postdrop -m 0710 public
chown postfix: /var/lib/postfix
chown {MAIL_UID}:{MAIL_UID} /var/mail
"""
