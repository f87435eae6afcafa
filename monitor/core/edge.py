"""What is read on an edge beside HAProxy's own view: its sockets, its redirects, HAProxy's configuration file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple

from monitor.core import kinds
from monitor.core.conversation import Failure
from monitor.core.model import Target
from monitor.core.taxonomy import Phase


class Socket(NamedTuple):
    """One row of ``sockstat -l``.

    ``pid`` is ``None`` for a socket without owner. ``protocol`` is sockstat's (``tcp4``, ``tcp6``, ``tcp46``, ``udp4``,
    ``stream``). ``address`` is ``*`` for every one; a UNIX socket has its path there and port 0.
    """

    user: str
    command: str
    pid: int | None
    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Frontend:
    """Who listens on a frontend port of an edge's address.

    ``pids`` are HAProxy's processes, ``others`` the names of other programs that hold the port (``?``: nobody's).
    """

    port: int
    pids: tuple[int, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def bound(self) -> bool:
        """Whether HAProxy listens there."""
        return bool(self.pids)


class RedirectState(StrEnum):
    """Where NAT leads a port."""

    OK = "ok"  # to the edge's own address and port
    PARTLY = "partly"  # there, and elsewhere as well: by another rule, or as one of a pool
    ELSEWHERE = "elsewhere"  # to another address or port
    ALIAS = "alias"  # to a table or an interface, whose addresses the rule does not show
    MISSING = "missing"  # nowhere


@dataclass(frozen=True, slots=True)
class Redirect:
    """What the rules of NAT and filter do with connections to one port.

    ``wrong`` are the targets that are not the edge's (``10.0.20.202``, ``<mailserver>``, ``10.0.20.1 port 2525``),
    ``rules`` the lines of pfctl that decide. ``passed`` says whether the filter lets the redirected connections in:
    false where some rule's are dropped, ``None`` where the rules do not tell.
    """

    port: int
    state: RedirectState
    wrong: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    passed: bool | None = None

    @property
    def ok(self) -> bool:
        """Whether NAT leads all of them to the edge's frontend; what the filter does with them is another matter."""
        return self.state is RedirectState.OK


class FileMode(NamedTuple):
    """A file as ``ls -l`` shows it: its kind (``s``: socket), permission bits, owner and group."""

    kind: str
    bits: int
    owner: str
    group: str


class Bind(NamedTuple):
    """An address and port that a proxy listens on; ``address`` is ``*`` for every one."""

    address: str
    port: int


class CheckConnection(NamedTuple):
    """A connection that a health check makes.

    ``port`` is ``None`` and ``address`` empty for the server's own. ``header`` says whether it begins with a PROXY
    header. Where not ``readable``, it goes where the file does not tell.
    """

    port: int | None = None
    address: str = ""
    header: bool = False
    readable: bool = True


@dataclass(frozen=True, slots=True)
class ConfiguredServer:
    """A ``server`` line of haproxy.cfg, with what ``default-server`` adds to it; times in milliseconds.

    ``address`` may be a host name, or the name of an SRV record: what runs has the address and port then. One of a
    ``server-template``'s servers is ``templated``: it may stand empty. ``send_proxy`` is the keyword that makes HAProxy
    send a header (``send-proxy-v2``), ``""`` without one; ``checks`` are the connections of its health check;
    ``keywords`` are all the words behind the address, in order, unread, ``unknown`` those that mailpath does not know.
    """

    name: str
    address: str
    port: int | None
    send_proxy: str = ""
    check: bool = False
    check_port: int | None = None
    check_address: str = ""
    check_send_proxy: bool = False
    healthcheck: str = ""
    inter: int | None = None
    fall: int | None = None
    weight: int | None = None
    disabled: bool = False
    backup: bool = False
    keywords: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    checks: tuple[CheckConnection, ...] = ()
    templated: bool = False

    @property
    def literal(self) -> bool:
        """Whether the file has its address: not a name that is looked up while HAProxy runs."""
        try:
            ip_address(self.address)
        except ValueError:
            return "/" in self.address or "@" in self.address  # a UNIX socket
        return True

    @property
    def sends_v2(self) -> bool:
        """Whether clients' connections begin with a PROXY v2 header; ``send-proxy-v2-ssl`` and its like are v2 too."""
        return self.send_proxy.startswith("send-proxy-v2")


@dataclass(frozen=True, slots=True)
class ConfiguredProxy:
    """A ``frontend``, ``backend`` or ``listen`` section, with what it inherits from ``defaults``.

    ``timeouts`` are milliseconds by name (``client``, ``server``, ``connect``, ``tunnel``). ``use_backend`` says
    whether rules may choose another backend than the default one.
    """

    kind: str
    name: str
    mode: str = "tcp"
    binds: tuple[Bind, ...] = ()
    servers: tuple[ConfiguredServer, ...] = ()
    default_backend: str = ""
    use_backend: bool = False
    timeouts: Mapping[str, int] = field(default_factory=dict)
    maxconn: int | None = None
    unknown: tuple[str, ...] = ()

    @property
    def checks_readable(self) -> bool:
        """Whether all is known that decides where its servers are checked."""
        return not self.unknown and all(
            not server.unknown and all(check.readable for check in server.checks) for server in self.servers
        )


@dataclass(frozen=True, slots=True)
class StatsSocket:
    """A ``stats socket`` line: ``mode`` is ``None`` where the umask decides, ``level`` HAProxy's default else."""

    path: str
    mode: int | None = None
    level: str = "operator"


@dataclass(frozen=True, slots=True)
class HaproxyConfiguration:
    """What matters of a haproxy.cfg; nothing that may be a secret is kept.

    ``never_local`` is ``pp2-never-send-local``: checks say PROXY with HAProxy's own address. ``unknown`` are keywords
    of sections that mailpath does not know.
    """

    proxies: tuple[ConfiguredProxy, ...]
    stats_sockets: tuple[StatsSocket, ...] = ()
    maxconn: int | None = None
    never_local: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def frontends(self) -> tuple[ConfiguredProxy, ...]:
        """Those that listen."""
        return tuple(proxy for proxy in self.proxies if proxy.kind != "backend")

    @property
    def backends(self) -> tuple[ConfiguredProxy, ...]:
        """Those that forward."""
        return tuple(proxy for proxy in self.proxies if proxy.kind != "frontend")


@dataclass(frozen=True, slots=True)
class EdgeObservation:
    """One ended round of reading an edge over SSH.

    What could not be read, or is not read of this edge, is ``None``; ``failures`` says why, by command (``sockstat``,
    ``nat``, ``rules``, ``configuration``, ``stats_socket``, ``backup``). ``ssh_ok`` says whether the SSH connection
    worked. ``backup`` is when the newest backup was made (seconds since the epoch). Times as in ``Observation``.
    """

    path: str
    edge: str
    started: float
    finished: float
    at: float
    ssh_ok: bool
    frontends: Mapping[int, Frontend] | None = None
    redirects: Mapping[int, Redirect] | None = None
    configuration: HaproxyConfiguration | None = None
    stats_socket: FileMode | None = None
    backup: float | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)
    durations: Mapping[Phase, float] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """The labels of these rounds: ``node`` is the edge's name, ``service`` empty."""
        return Target(self.path, kinds.EDGE, self.edge, "")

    @property
    def ok(self) -> bool:
        """Whether all that was asked could be read."""
        return not self.failures

    @property
    def failure(self) -> Failure | None:
        """The first of the failures."""
        return next(iter(self.failures.values()), None)
