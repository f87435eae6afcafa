"""Small machines: network, mounts, processes and hostname of their own, gone with the test run however it ends.

A host is a set of Linux namespaces kept alive by one idle first process. The kernel ends every process of a PID
namespace together with its first one (pid_namespaces(7)), and that one together with us (PR_SET_PDEATHSIG): there is
nothing to name, nothing to sweep, and two laboratories never meet.
"""

import ctypes
import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple, TypeVar

from tests.patience import stretched

T = TypeVar("T")

CLONE_NEWNET = 0x40000000  # setns(2); Python has os.setns only since 3.12

NAMESPACES = ["--net", "--mount", "--uts", "--pid"]
KEEP = ["--mount-proc", "--fork", "--kill-child"]

# The servers find their programs, and nothing else of ours.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}

SERVERS = os.environ.get("MAILPATH_SERVERS", "")
"""The root of the servers, by ``tools/servers-root.sh``; empty: the machine's own."""

# The servers run with the distribution's own paths and never see the system's: /etc is a copy, /run, /var, /tmp and
# /dev begin empty. Names are looked up in files alone, so that no resolver can slow a greeting down. Where servers of
# another release are wanted, their /usr lies over the machine's, and /etc is a copy of theirs.
FIRST_PROCESS = """
set -e
umask 022
hostname {name}
servers={servers}
[ -z "$servers" ] || mount --bind "$servers/usr" /usr
mount -t tmpfs -o mode=0755 lab /run
mkdir -p /run/lab/etc /run/lab/var /run/lab/dev
cp -a "$servers/etc/." /run/lab/etc
cp -a /dev/null /dev/zero /dev/random /dev/urandom /dev/tty /run/lab/dev
ln -s /proc/self/fd /run/lab/dev/fd
for directory in etc var dev; do mount --bind /run/lab/$directory /$directory; done
mount -t tmpfs -o mode=1777 lab /tmp
ln -s ../run /var/run
rm -f /etc/resolv.conf /etc/hosts
echo '127.0.0.1 localhost {name}' >/etc/hosts
sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
ip link set lo up
echo ready
exec env --ignore-signal=CHLD sleep infinity # ignored, so that the kernel reaps orphans
"""


class LabError(Exception):
    """The laboratory cannot be built or does not obey; the message says what to do."""


class Process(NamedTuple):
    """One line of /proc, in our own numbering; ``name`` is the kernel's short name of the program."""

    pid: int
    parent: int
    session: int
    name: str


def processes() -> Iterator[Process]:
    """Yield every living process that we can see, zombies excepted."""
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            stat = (directory / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid, _, rest = stat.partition(" (")
        name, _, fields = rest.rpartition(") ")
        state, parent, _, session = fields.split()[:4]
        if state != "Z":
            yield Process(int(pid), int(parent), int(session), name)


class Host:
    """One machine of the laboratory."""

    def __init__(self, name: str) -> None:
        """Name it; nothing runs before ``start``."""
        self.name = name
        self._keeper: subprocess.Popen[str] | None = None
        self._first = 0
        self._threads: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Create the namespaces; they end with the calling thread.

        Raises:
            LabError: the kernel does not let us.
        """
        script = FIRST_PROCESS.format(name=shlex.quote(self.name), servers=shlex.quote(SERVERS))
        self._keeper = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, *KEEP, "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        if self._keeper.stdout is None or self._keeper.stdout.readline() != "ready\n":
            said = self._keeper.communicate(timeout=stretched(5))[1].strip()
            self._keeper = None
            raise LabError(f"cannot make namespaces for {self.name}: {said}; in a container, run it with --privileged")
        self._first = next(process.pid for process in processes() if process.parent == self._keeper.pid)
        # A thread that has entered another network stays there; so do the threads and processes that it starts.
        self._threads = ThreadPoolExecutor(64, thread_name_prefix=self.name, initializer=self._enter)

    def stop(self) -> None:
        """End every process of this host and give its namespaces back."""
        if self._keeper is None:
            return
        if self._first:
            os.kill(self._first, signal.SIGKILL)
        self._keeper.communicate(timeout=stretched(10))
        self._keeper = None
        if self._threads is not None:
            self._threads.shutdown()

    @property
    def pid(self) -> int:
        """The first process, by which nsenter(1) finds this host."""
        return self._first

    @property
    def network_prefix(self) -> list[str]:
        """What to put before a command that shall use this host's network, and everything else of ours."""
        return ["nsenter", f"--net=/proc/{self._first}/ns/net", "--"]

    @property
    def prefix(self) -> list[str]:
        """What to put before a command that shall run on this host altogether: its network, files and processes."""
        # Postfix closes every descriptor up to the limit before it begins, and a container's limit may be a milliard.
        return ["prlimit", "--nofile=8192", "nsenter", f"--target={self._first}", *NAMESPACES, "--"]

    def run(self, *command: str, stdin: str = "") -> str:
        """Run a command on this host and return what it printed.

        Raises:
            LabError: it did not exit with 0.
        """
        # Files, not pipes: a daemon may keep them open as long as it lives.
        with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            done = subprocess.run(
                [*self.prefix, *command],
                input=stdin,
                stdout=out,
                stderr=err,
                env=ENVIRONMENT,
                umask=0o022,
                text=True,
                check=False,
                timeout=stretched(60),
            )
            out.seek(0)
            err.seek(0)
            if done.returncode != 0:
                said = err.read().strip()
                raise LabError(f"{self.name}: {shlex.join(command)} exited with {done.returncode}: {said}")
            return out.read()

    def path(self, inside: str) -> Path:
        """Where a file of this host is to be found from outside."""
        return Path(f"/proc/{self._first}/root{inside}")

    def write(self, inside: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file of this host, with its directories."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)

    def tree(self, name: str) -> list[int]:
        """List the daemons of this name on this host, first, and everything they have started, by our own pids."""
        everything = list(processes())
        family = [process.pid for process in everything if process.parent == self._first and process.name == name]
        for parent in family:  # grows while it is walked
            family += [process.pid for process in everything if process.parent == parent]
        return family

    def sessions(self, family: list[int]) -> set[int]:
        """Give the sessions that these processes live in (setsid(2)); a daemon has one of its own."""
        return {each.session for each in processes() if each.pid in family} - {os.getsid(0)}

    def members(self, sessions: set[int]) -> list[int]:
        """List whoever lives in these sessions, orphans included."""
        return [each.pid for each in processes() if each.session in sessions]

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Call a function in a thread on this host's network."""
        if self._threads is None:
            raise LabError(f"{self.name} is not started")
        return self._threads.submit(function, *arguments)

    def connect(self, address: str, port: int, timeout: float = 5, source: str = "") -> socket.socket:
        """Open a TCP connection from this host; the socket may then be used anywhere. Raises OSError."""
        connect = partial(socket.create_connection, (address, port), timeout, (source, 0) if source else None)
        return self.submit(connect).result()

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/proc/{self._first}/ns/net").open("rb") as network:
            if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
