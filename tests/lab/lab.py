"""The whole mail path of the runbook: real servers on the runbook's own addresses, with a switch for every fault."""

import asyncio
import http.client
import os
import shutil
import socket
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, closing
from datetime import timedelta
from email.message import Message
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import yaml

from tests.lab import haproxy, network
from tests.lab.certificates import CHAIN_FILE, SERVER_NAME, Authority
from tests.lab.dovecot import Dovecot
from tests.lab.host import ENVIRONMENT, SERVERS, Host, LabError
from tests.lab.maillog import Maillog
from tests.lab.nodeports import Listener, Node, NodePort, NodePorts
from tests.lab.pf import Pf
from tests.lab.postfix import Postfix
from tests.lab.sshd import Sshd
from tests.patience import stretched

T = TypeVar("T")

WEB_PORT = 9641
TOOLS = {
    "ip": "iproute2",
    "nsenter": "util-linux",
    "prlimit": "util-linux",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
"""Programs of this machine that make the laboratory, by the packages that hold them."""
PROGRAMS = {
    "doveadm": "dovecot-imapd",
    "dovecot": "dovecot-imapd",
    "haproxy": "haproxy",
    "nft": "nftables",
    "postconf": "postfix",
    "socat": "socat",
    "sshd": "openssh-server",
}
"""What runs in the laboratory, and may be of another release."""


class HttpAnswer(NamedTuple):
    """What the daemon answered."""

    status: int
    headers: Message
    body: str


class Lab:
    """One mail path, alone in its own namespaces; several may run at once."""

    def __init__(self, *, postscreen_cache: bool = True, settings: haproxy.Settings | None = None) -> None:
        """Put the parts together; nothing runs before ``start``."""
        self.network = network.Network()
        self.edge = self.network.edge
        self.cluster = self.network.cluster
        self.pod = self.network.pod
        self.client = self.network.client
        self._running = ExitStack()
        self.directory = Path(self._running.enter_context(TemporaryDirectory(prefix="mailpath-lab-")))
        self.ca_file = self.directory / "ca.pem"
        self.authority = Authority()
        self.maillog = Maillog(self.pod)
        self.postfix = Postfix(self.pod, self.maillog, cache=postscreen_cache)
        self.dovecot = Dovecot(self.pod)
        self.haproxy = haproxy.Haproxy(self.edge, settings or haproxy.Settings())
        self.sshd = Sshd(self.edge, self.directory, network.EDGE)
        self.pf = Pf(self.edge)
        self._servers = (self.postfix, self.dovecot, self.sshd, self.haproxy)
        self.nodeports = NodePorts(self.cluster)
        self.nodes = {name: Node(self.nodeports, name) for name in network.NODES}
        self._usual_certificate = self.authority.issue()
        self._certificate_changed = False
        self._edge_unplugged = False
        self._mail_volume_full = False

    def start(self) -> None:
        """Start everything, and return when every server listens.

        Raises:
            LabError: something is missing; the message says what to do.
        """
        with ExitStack() as starting:
            starting.push(self._running.pop_all())
            require_programs_and_privileges()
            starting.callback(self.network.stop)
            self.network.start()
            starting.callback(self.nodeports.stop)
            self.nodeports.apply()
            self.maillog.start()
            starting.callback(self.maillog.stop)
            self.authority.write(self.ca_file)
            self.pod.write(CHAIN_FILE, self._usual_certificate)
            for server in self._servers:
                server.prepare()
                server.start()
            self.pf.prepare()
            self._running = starting.pop_all()

    def stop(self) -> None:
        """End every process, and leave nothing behind."""
        self._running.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def heal(self) -> None:
        """Take back every fault; seconds where a server must be restarted, nothing where nothing was changed."""
        if self._mail_volume_full:
            self._resize_mail_volume("50%")
            self._mail_volume_full = False
        if self._edge_unplugged:
            self.network.unplug_edge(plugged=True)
            self._edge_unplugged = False
        self.nodeports.heal()
        self.maillog.heal()
        self.pf.heal()
        for server in self._servers:
            server.heal()
        if self._certificate_changed:  # last, for only a running server can reload
            self.present_certificate(self._usual_certificate)
            self._certificate_changed = False

    def nodeport(self, node: str, port: int) -> NodePort:
        """One port of one node, to break it."""
        return NodePort(self.nodeports, node, port)

    def listener(self, port: int) -> Listener:
        """One port of the pod, to break it on all nodes at once while its neighbours live."""
        return Listener(self.nodeports, port)

    def unplug_edge(self) -> None:
        """Silence the edge altogether: HAProxy, sshd, the kernel's own answers."""
        self._edge_unplugged = True
        self.network.unplug_edge()

    def fill_mail_volume(self) -> None:
        """Leave the queue less room than one message may take (``message_size_limit``)."""
        self._mail_volume_full = True
        used = self.pod.run("df", "--output=used", "-B1M", "/var/spool").split()[-1]
        self._resize_mail_volume(f"{int(used) + 2}m")

    def expire_certificate(self) -> None:
        """Present a certificate that ended yesterday."""
        day = timedelta(days=1)
        self.present_certificate(self.authority.issue(begins_in=-2 * day, ends_in=-day))

    def misname_certificate(self) -> None:
        """Present a certificate for another name."""
        self.present_certificate(self.authority.issue("other.example.org"))

    def distrust_certificate(self) -> None:
        """Present a certificate of an authority that nobody knows."""
        self.present_certificate(Authority("somebody else").issue())

    def present_certificate(self, chain: bytes) -> None:
        """Let Postfix and Dovecot present this key and certificate (PEM) to every new connection."""
        self._certificate_changed = True
        self.pod.write(CHAIN_FILE, chain)
        self.postfix.reload()
        self.dovecot.reload()

    def _resize_mail_volume(self, size: str) -> None:
        self.pod.run("mount", "-o", f"remount,size={size}", "/run")  # /var is bound from there

    def command_prefix(self, host: str = "client") -> list[str]:
        """What to put before a command that shall run on a host's network, with our own files and pids."""
        where: dict[str, Host] = {
            "client": self.client,
            "cluster": self.cluster,
            "edge": self.edge,
            "pod": self.pod,
        }
        return where[host].network_prefix

    def connect(self, address: str, port: int, timeout: float = 5, source: str = "") -> socket.socket:
        """Open a TCP connection from the client's host; ``network.OUTSIDE`` as source comes from outside the house."""
        return self.client.connect(address, port, timeout, source)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, in an event loop on the client's host."""
        future: Future[T] = self.client.submit(asyncio.run, coroutine)
        return future.result()

    def http_get(self, path: str, port: int = WEB_PORT, timeout: float = 10) -> HttpAnswer:
        """Ask the daemon on the client's host. Raises OSError while it does not listen."""
        return self.http("GET", path, port=port, timeout=timeout)

    def http(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        port: int = WEB_PORT,
        timeout: float = 10,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> HttpAnswer:
        """Send any request to the daemon on the client's host. Raises OSError while it does not listen."""
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            connection.sock = self.connect("127.0.0.1", port, stretched(timeout))
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return HttpAnswer(answer.status, answer.headers, answer.read().decode())

    def configuration(self, **path: object) -> str:
        """Write mailpath.yml for this laboratory, as its owner would: what is not a default, and what is given here."""
        ssh = {"key_file": str(self.sshd.key_file), "known_hosts_file": str(self.sshd.known_hosts_file)}
        lab: dict[str, object] = {
            "name": "home",
            "nodes": {"static": [{"name": name, "address": address} for name, address in network.NODES.items()]},
            "tls": {"server_name": SERVER_NAME, "ca_file": str(self.ca_file)},
            "edges": [{"name": "pfsense", "address": network.EDGE, "ssh": ssh}],
            "maillog": {"file": {"path": str(self.maillog.path)}},
        }
        return yaml.safe_dump({"paths": [lab | path]}, sort_keys=False)


def require_programs_and_privileges() -> None:
    """Make sure that real servers can be run here.

    Raises:
        LabError: names the packages to install, or the privilege that is missing.
    """
    if os.geteuid() != 0:
        raise LabError("the laboratory makes network namespaces, and that takes root: run the tests with sudo")
    if SERVERS and not Path(SERVERS, "usr").is_dir():
        raise LabError(f"MAILPATH_SERVERS={SERVERS}: no root of servers; tools/servers-root.sh makes one")
    path, wanted = ENVIRONMENT["PATH"], TOOLS if SERVERS else TOOLS | PROGRAMS
    missing = sorted({package for program, package in wanted.items() if not shutil.which(program, path=path)})
    if missing:
        packages = " ".join(missing)
        raise LabError(
            "the laboratory runs real servers, and these packages are missing; "
            f"run: apt-get install --no-install-recommends {packages}"
        )
