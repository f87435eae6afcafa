"""The pod's syslog: /dev/log in, a file out, in the words of rsyslog's RSYSLOG_FileFormat as production writes it.

The file lies on a small file system of its own, so that a full disk is a real one.
"""

import re
import shutil
import socket
import threading
from pathlib import Path

from tests.clock import utc_now
from tests.lab.host import Host
from tests.patience import stretched

DIRECTORY = "/var/log/mail"
SIZE = "8m"
HOSTNAME = "mail"
# glibc's syslog(3): priority, local time without a year or a zone, then tag and text.
PACKET = re.compile(rb"<\d{1,3}>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (.*)", re.DOTALL)


class Maillog:
    """Receives every line, remembers it, and writes it to ``path`` unless a fault forbids."""

    def __init__(self, host: Host) -> None:
        """Put it on a host; nothing listens before ``start``."""
        self._host = host
        self._lines: list[str] = []
        self._arrived = threading.Condition()
        self._cut = False

    @property
    def path(self) -> Path:
        """The file that a follower shall follow, as seen from outside."""
        return self._host.path(f"{DIRECTORY}/mail.log")

    def start(self) -> None:
        """Open the file and the socket, and listen in a thread until ``stop``."""
        self._host.run("mkdir", "-p", DIRECTORY)
        self._host.run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "maillog", DIRECTORY)
        self._file = self.path.open("ab", buffering=0)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = self._host.path("/dev/log")
        self._socket.bind(str(name))
        name.chmod(0o666)
        self._thread = threading.Thread(target=self._receive, name="maillog")
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the file."""
        self._socket.shutdown(socket.SHUT_RD)
        self._thread.join()
        self._socket.close()
        self._file.close()

    def mark(self) -> int:
        """Give the number of lines so far: the place from which ``since`` and ``wait_for`` go on."""
        with self._arrived:
            return len(self._lines)

    def since(self, mark: int) -> list[str]:
        """List the lines that have come since, whether they reached the file or not."""
        with self._arrived:
            return self._lines[mark:]

    def wait_for(self, pattern: str, mark: int = 0, timeout: float = 20) -> re.Match[str]:
        """Wait for a line in which the pattern is found, and return the match.

        Raises:
            AssertionError: no such line came within the timeout; carries the lines that did come.
        """
        found: list[re.Match[str]] = []

        def search() -> bool:
            found[:] = [match for line in self._lines[mark:] if (match := re.search(pattern, line))]
            return bool(found)

        with self._arrived:
            if not self._arrived.wait_for(search, stretched(timeout)):
                raise AssertionError("\n".join([f"no line matches {pattern!r} among", *self._lines[mark:]]))
        return found[0]

    def rotate(self) -> None:
        """Rename the file and begin a new one, as logrotate does by default."""
        with self._arrived:
            self.path.rename(self.path.with_suffix(".log.1"))
            self._file.close()
            self._file = self.path.open("ab", buffering=0)

    def copytruncate(self) -> None:
        """Copy the file and empty it in place, as logrotate's ``copytruncate`` does."""
        with self._arrived:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            self._file.truncate(0)

    def cut(self) -> None:
        """Cut the pipeline: mail flows on, no line reaches the file any more."""
        self._cut = True

    def fill_disk(self) -> None:
        """Leave no room for another block on the log's file system."""
        with self.path.with_name("filler").open("ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(1 << 16))
            except OSError:  # ENOSPC: that is the aim
                return

    def heal(self) -> None:
        """Take back every fault; what was lost stays lost."""
        self._cut = False
        self.path.with_name("filler").unlink(missing_ok=True)

    def _receive(self) -> None:
        while packet := self._socket.recv(65536):
            match = PACKET.fullmatch(packet.rstrip(b"\0\n"))
            if match is None:
                continue
            text = match[1].decode(errors="replace")
            line = f"{utc_now().isoformat(timespec='microseconds')} {HOSTNAME} {text}"
            with self._arrived:
                self._lines.append(line)
                if not self._cut:
                    self._write(f"{line}\n".encode())
                self._arrived.notify_all()

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
        except OSError:  # a full disk: rsyslog, too, drops the line
            return
