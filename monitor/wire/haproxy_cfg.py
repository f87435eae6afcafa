"""haproxy.cfg as pfSense generates it: sections, servers, binds, timeouts, the stats socket.

Read so that a comparison with what is declared is possible, not to judge the file: HAProxy has done that. Keywords that
are not known here are passed over (those of a server are kept), conditional blocks (``.if``) are read as if they
applied. What may be secret (``userlist``, ``stats auth``) is never kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise

from monitor.core.edge import Bind, ConfiguredProxy, HaproxyConfiguration, StatsSocket
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_check import HTTP, TCP, CheckRules
from monitor.wire.haproxy_server import configured_servers
from monitor.wire.haproxy_words import (
    PROXIES,
    PROXY_KEYWORDS,
    SECTIONS,
    ConfigLine,
    argument,
    config_lines,
    malformed,
    milliseconds,
    number,
    port_number,
)

COMMAND = "cat /var/etc/haproxy/haproxy.cfg"

# Reading this much takes a second; pfSense writes some 10 KiB.
MAX_ANSWER = 1024 * 1024

# Keywords of a proxy with "check" in them: where a check connects to is read of two, the third says nothing of it.
_KNOWN_CHECKS = frozenset({TCP, HTTP, "external-check"})
_MAX_KEYWORD = 40
_MAX_PORTS_OF_A_BIND = 64
# All of them are read again for each server.
_MAX_DEFAULT_WORDS = 128
_ANY = "*"
_WILDCARDS = {"", _ANY, "0.0.0.0", "::"}  # noqa: S104 - read, not bound
# Those that decide over a client's connection.
_TIMEOUTS = {"client", "server", "connect", "tunnel"}
_OLD_TIMEOUTS = {"clitimeout": "client", "srvtimeout": "server", "contimeout": "connect"}  # deprecated names


@dataclass(slots=True)
class _Settings:
    """What ``defaults`` hands on to the proxies behind it."""

    mode: str = "tcp"
    timeouts: dict[str, int] = field(default_factory=dict)
    default_server: tuple[str, ...] = ()
    default_backend: str = ""
    maxconn: int | None = None
    checks: CheckRules = field(default_factory=CheckRules)


@dataclass(slots=True)
class _Section:
    """A section while it is read."""

    kind: str
    name: str = ""
    settings: _Settings = field(default_factory=_Settings)
    binds: list[Bind] = field(default_factory=list)
    servers: list[ConfigLine] = field(default_factory=list)
    use_backend: bool = False
    unknown: dict[str, None] = field(default_factory=dict)


def parse_configuration(text: bytes | str) -> HaproxyConfiguration:
    """Read a configuration.

    Raises:
        WireError: ``CLOSED`` for an empty file, ``TOO_LARGE`` over ``MAX_ANSWER`` bytes, ``MALFORMED`` with the line's
            number for what is no configuration of HAProxy's. None keeps the file's bytes.

    """
    if len(text) > MAX_ANSWER:
        raise WireError(Reason.TOO_LARGE, f"haproxy.cfg: {len(text)} bytes, at most {MAX_ANSWER} expected")
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if not text.strip():
        raise WireError(Reason.CLOSED, "haproxy.cfg is empty")
    reader = _Reader()
    for line in config_lines(text):
        reader.read(line)
    return reader.configuration()


class _Reader:
    """Takes one line after the other; knows the section, and the ``defaults`` that hold for it."""

    def __init__(self) -> None:
        self._section: _Section | None = None
        self._proxies: list[_Section] = []
        self._defaults = _Settings()
        self._named: dict[str, _Settings] = {}
        self._maxconn: int | None = None
        self._stats_sockets: list[StatsSocket] = []
        self._healthchecks: dict[str, CheckRules] = {}
        self._never_local = False
        # A file that indents what stands in its sections shows by its margin where one begins.
        self._indented = False
        self._unknown: dict[str, None] = {}

    def read(self, line: ConfigLine) -> None:
        keyword = line.words[0]
        self._indented = self._indented or line.column > 0
        if keyword in SECTIONS:
            self._begin(line)
        elif self._section is not None and self._foreign(self._section, line):
            # a section of a later HAProxy: nothing in it is its neighbours'
            self._unknown[keyword[:_MAX_KEYWORD]] = None
            self._section = _Section("")
        elif self._section is None:
            raise malformed(line.number, "no section begins here; is this haproxy.cfg?")
        elif self._section.kind == "global":
            self._global(line)
        elif self._section.kind == "healthcheck":
            _set_healthcheck(self._section.settings.checks, line)
        elif self._section.kind in {*PROXIES, "defaults"}:
            _read(self._section, line)

    def configuration(self) -> HaproxyConfiguration:
        if self._section is None:
            raise WireError(Reason.CLOSED, "haproxy.cfg: nothing but comments")
        return HaproxyConfiguration(
            tuple(_proxy(section, self._healthchecks) for section in self._proxies),
            tuple(self._stats_sockets),
            self._maxconn,
            self._never_local,
            tuple(self._unknown),
        )

    def _begin(self, line: ConfigLine) -> None:
        kind, *words = line.words
        name = words[0] if words and words[0] != "from" else ""
        # ``from`` names the defaults; otherwise the last ones hold (configuration manual, section 4)
        source = words[words.index("from") + 1 :][:1] if "from" in words else []
        section = _Section(kind, name)
        if kind == "defaults":
            section.settings = _copy(self._named.get(source[0], _Settings())) if source else _Settings()
            self._defaults = section.settings
            self._named[name] = section.settings
        elif kind in PROXIES:
            if not name:
                raise malformed(line.number, f"a {kind} without a name")
            section.settings = _copy(self._named.get(source[0], _Settings()) if source else self._defaults)
            self._proxies.append(section)
        elif kind == "healthcheck":
            self._healthchecks[name] = section.settings.checks
        self._section = section

    def _global(self, line: ConfigLine) -> None:
        match line.words:
            case ("pp2-never-send-local",):
                self._never_local = True
            case ("maxconn", value, *_):
                self._maxconn = number(value, line)
            case ("stats", "socket", path, *words):
                self._stats_sockets.append(_stats_socket(path, words, line))

    def _foreign(self, section: _Section, line: ConfigLine) -> bool:
        """Whether a line begins a section that is not known: at the margin, in a file that indents the rest."""
        keyword = line.words[0]
        at_the_margin = self._indented and line.column == 0 and not keyword.startswith(".")
        return at_the_margin and section.kind in {*PROXIES, "defaults"} and keyword not in PROXY_KEYWORDS


def _read(section: _Section, line: ConfigLine) -> None:
    """Read a line of a proxy or of ``defaults``."""
    keyword = line.words[0]
    match keyword:
        case "bind":
            for place in argument(line, 1).split(","):
                section.binds += _binds(place, line)
        case "server" | "server-template":
            argument(line, 2 if keyword == "server" else 3)
            section.servers.append(line)
        case "use_backend":
            argument(line, 1)
            section.use_backend = True
        case _ if "check" in keyword and keyword not in _KNOWN_CHECKS:
            section.unknown[keyword[:_MAX_KEYWORD]] = None
        case _:
            _set(section.settings, line)


def _set(settings: _Settings, line: ConfigLine) -> None:
    """Read a line that ``defaults`` may have too."""
    match line.words:
        case ("mode", *_):
            settings.mode = argument(line, 1)
        case ("timeout" | "clitimeout" | "srvtimeout" | "contimeout", *_):
            _set_timeout(settings, line)
        case ("default-server", *words):
            settings.default_server += tuple(words)
            if len(settings.default_server) > _MAX_DEFAULT_WORDS:
                raise malformed(line.number, f"more than {_MAX_DEFAULT_WORDS} words of default-server")
        case ("default_backend", *_):
            settings.default_backend = argument(line, 1)
        case ("maxconn", *_):
            settings.maxconn = number(argument(line, 1), line)
        case ("option", *_):
            settings.checks.choose(argument(line, 1))
        case ("no", "option", *_):
            settings.checks.choose(argument(line, 2), on=False)
        case ("tcp-check" | "http-check", *_):
            settings.checks.add(line)


def _set_healthcheck(checks: CheckRules, line: ConfigLine) -> None:
    """Read a line of a ``healthcheck`` section."""
    if line.words[0] == "type":
        checks.choose(argument(line, 1))
    elif line.words[0] in {TCP, HTTP}:
        checks.add(line)


def _set_timeout(settings: _Settings, line: ConfigLine) -> None:
    name = _OLD_TIMEOUTS.get(line.words[0])
    value = argument(line, 1 if name else 2)
    name = name or line.words[1]
    if name in _TIMEOUTS:
        settings.timeouts[name] = milliseconds(value, line)


def _proxy(section: _Section, healthchecks: Mapping[str, CheckRules]) -> ConfiguredProxy:
    settings = section.settings
    servers = (
        configured_servers(line, settings.default_server, settings.checks, healthchecks) for line in section.servers
    )
    return ConfiguredProxy(
        kind=section.kind,
        name=section.name,
        mode=settings.mode,
        binds=tuple(section.binds),
        servers=tuple(chain.from_iterable(servers)),
        default_backend="" if section.kind == "backend" else settings.default_backend,
        use_backend=section.use_backend,
        timeouts=dict(settings.timeouts),
        maxconn=settings.maxconn,
        unknown=tuple(section.unknown),
    )


def _stats_socket(path: str, words: Sequence[str], line: ConfigLine) -> StatsSocket:
    socket = StatsSocket(path.removeprefix("unix@"))
    for keyword, value in pairwise(words):
        if keyword == "mode":
            if not value or len(value) > len("0777") or set(value) - set("01234567"):
                raise malformed(line.number, f"{value[:40]!r} is no mode")
            socket = replace(socket, mode=int(value, 8))
        elif keyword == "level":
            socket = replace(socket, level=value)
    return socket


def _binds(place: str, line: ConfigLine) -> list[Bind]:
    place = place.removeprefix("ipv4@").removeprefix("ipv6@")
    if "/" in place or "@" in place:
        return []  # a UNIX socket, or an inherited descriptor
    address, _, ports = place.rpartition(":")
    low, dash, high = ports.partition("-")
    first = port_number(low, line)
    last = port_number(high, line) if dash else first
    if last - first >= _MAX_PORTS_OF_A_BIND:
        return []  # no frontend for mail
    address = address.removeprefix("[").removesuffix("]")
    return [Bind(_ANY if address in _WILDCARDS else address, port) for port in range(first, last + 1)]


def _copy(settings: _Settings) -> _Settings:
    return replace(settings, timeouts=dict(settings.timeouts), checks=settings.checks.copy())
