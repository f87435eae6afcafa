"""What is read on an edge beside HAProxy's own view: its sockets, its redirects, HAProxy's configuration file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from monitor.core.conversation import Failure
from monitor.core.model import ProbeKind, Target
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
    PARTLY = "partly"  # there, and by another rule elsewhere
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


@dataclass(frozen=True, slots=True)
class ConfiguredServer:
    """A ``server`` line of haproxy.cfg, with what ``default-server`` adds to it; times in milliseconds.

    ``send_proxy`` is the keyword that makes HAProxy send a header (``send-proxy-v2``), ``""`` without one;
    ``keywords`` are all the words behind the address, in order, unread.
    """

    name: str
    address: str
    port: int | None
    send_proxy: str = ""
    check: bool = False
    check_port: int | None = None
    check_address: str = ""
    check_send_proxy: bool = False
    inter: int | None = None
    fall: int | None = None
    weight: int | None = None
    disabled: bool = False
    backup: bool = False
    keywords: tuple[str, ...] = ()

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


@dataclass(frozen=True, slots=True)
class StatsSocket:
    """A ``stats socket`` line: ``mode`` is ``None`` where the umask decides, ``level`` HAProxy's default else."""

    path: str
    mode: int | None = None
    level: str = "operator"


@dataclass(frozen=True, slots=True)
class HaproxyConfiguration:
    """What matters of a haproxy.cfg; nothing that may be a secret is kept."""

    proxies: tuple[ConfiguredProxy, ...]
    stats_sockets: tuple[StatsSocket, ...] = ()
    maxconn: int | None = None

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
        return Target(self.path, ProbeKind.EDGE, self.edge, "")

    @property
    def ok(self) -> bool:
        """Whether all that was asked could be read."""
        return not self.failures

    @property
    def failure(self) -> Failure | None:
        """The first of the failures."""
        return next(iter(self.failures.values()), None)
