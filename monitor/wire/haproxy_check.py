"""Where HAProxy's health checks connect to: ``tcp-check connect`` and ``http-check connect``, in proxies and sections.

By src/tcpcheck.c (``tcpcheck_eval_connect``) and src/check.c (``init_srv_check``): a rule's own port outweighs its
address's, that of the server's ``port`` and that of its ``addr``; the server's own port comes last. A rule sends a
PROXY header where it says ``send-proxy``; with ``default``, and where rules begin with none, it does what the server's
line says: that has a header in checks with ``check-send-proxy``, or with ``send-proxy-v2`` and neither ``port`` nor
``addr``.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.core.edge import CheckConnection
from monitor.wire.haproxy_words import ConfigLine

TCP, HTTP, OTHER = "tcp-check", "http-check", "other"
# What ``option`` and ``type`` call them; all but the first two connect as the server's line says.
TYPES = {
    "tcp-check": TCP,
    "httpchk": HTTP,
    **dict.fromkeys(
        """
        external-check ldap-check mysql-check pgsql-check redis-check smtpchk spop-check ssl-hello-chk
        """.split(),  # noqa: SIM905 - a table of words, not of quotes
        OTHER,
    ),
}
_NO_STEP = ("comment", "set-var", "unset-var", "disable-on-404", "send-state")
_VALUED = frozenset({"alpn", "comment", "proto", "sni"})
_FLAGS = frozenset({"linger", "ssl", "via-socks4"})
_MAX_RULES = 64
_MAX_PORT = 65535


class _Connect(NamedTuple):
    """One ``connect`` rule; ``readable`` is false where its port is an expression, or a word is not known."""

    default: bool = False
    port: int | None = None
    address: str = ""
    header: bool = False
    readable: bool = True


_DEFAULT = _Connect(default=True)
_UNREADABLE = _Connect(readable=False)


@dataclass(slots=True)
class CheckRules:
    """The rules of one proxy, ``defaults`` or ``healthcheck`` section, and which of them are in force."""

    type: str = ""
    rules: dict[str, list[_Connect]] = field(default_factory=dict)
    inherited: bool = False

    def copy(self) -> "CheckRules":
        """The rules that a section inherits: its own first one of a kind replaces all of them."""
        return CheckRules(self.type, {kind: list(rules) for kind, rules in self.rules.items()}, inherited=True)

    def choose(self, kind: str, *, on: bool = True) -> None:
        """Apply an ``option`` or ``type`` of a check, no other; ``no option`` takes its own kind back."""
        known = TYPES.get(kind)
        if known is not None and on:
            self.type = known
        elif known == self.type:
            self.type = ""

    def add(self, line: ConfigLine) -> None:
        """Add a ``tcp-check`` or ``http-check`` rule."""
        kind, *words = line.words
        if not words or words[0].startswith(_NO_STEP):
            return
        if self.inherited:
            self.rules, self.inherited = {}, False
        rules = self.rules.setdefault(kind, [])
        if words[0] == "connect" and len(rules) < _MAX_RULES:
            rules.append(_connect(words[1:]))
        elif words[0] == "connect":
            rules[-1] = _UNREADABLE
        elif not rules:
            rules.append(_DEFAULT)

    def connections(self, port: int | None, address: str, *, header: bool) -> tuple[CheckConnection, ...]:
        """What a check of a server connects to, by its line's ``port``, ``addr`` and whether it sends a header."""
        rules = self.rules.get(self.type) or [_DEFAULT]
        host, own = _host_and_port(address)
        return tuple(
            CheckConnection(
                port=rule.port or _host_and_port(rule.address)[1] or port or own,
                address=_host_and_port(rule.address)[0] or host,
                header=rule.header or (rule.default and header),
                readable=rule.readable,
            )
            for rule in rules
        )


def _connect(words: list[str]) -> _Connect:
    rule = _Connect()
    following = iter(words)
    for word in following:
        if word == "default":
            rule = rule._replace(default=True)
        elif word == "send-proxy":
            rule = rule._replace(header=True)
        elif word == "addr":
            rule = rule._replace(address=next(following, ""))
        elif word == "port":
            value = next(following, "")
            port = int(value) if value.isascii() and value.isdigit() and len(value) <= len(str(_MAX_PORT)) else 0
            rule = rule._replace(port=port or None, readable=rule.readable and 0 < port <= _MAX_PORT)
        elif word in _VALUED:
            next(following, "")
        elif word not in _FLAGS:
            rule = rule._replace(readable=False)
    return rule


def _host_and_port(place: str) -> tuple[str, int | None]:
    """Cut ``10.0.0.9:2500``, ``[2001:db8::9]:2500`` or ``2001:db8::9:2500``; without a port the latter is ambiguous."""
    place = place.removeprefix("ipv4@").removeprefix("ipv6@")
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]") or not (port.isascii() and port.isdigit()) or int(port[:6]) > _MAX_PORT:
        return place.removeprefix("[").removesuffix("]"), None
    return host.removeprefix("[").removesuffix("]"), int(port)
