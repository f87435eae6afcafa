"""One rule of pf, as pfctl prints it (sbin/pfctl/pfctl_parser.c, ``print_rule``) or a person writes it (pf.conf(5)).

pfctl expands macros and lists, and prints a port by its service name where it is one port and ``-P`` is not given.
Lists in braces are read as well: the same grammar, and other versions fold them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason

_TOKEN = re.compile(r'"[^"]*"|!=|[{}(),!]|[^\s{}(),!"]+|"')
# Some hundred times the longest that pfctl prints.
_MAX_LINE = 16 * 1024

ANY = "any"
_MAX_PORT = 65535
_NOWHERE = (-1, -1)
# What /etc/services of FreeBSD calls the ports of mail; whoever bears another name is none of them.
_SERVICES = {
    "smtp": 25,
    "pop3": 110,
    "imap": 143,
    "smtps": 465,
    "submissions": 465,
    "urd": 465,
    "submission": 587,
    "imaps": 993,
    "pop3s": 995,
}
_TRANSLATIONS = {"nat", "rdr", "binat"}
_FILTERS = {"pass", "block", "match"}

PortRange = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PfHost:
    """One side of a rule: addresses, networks, ``<tables>`` or interfaces, and ranges of ports (none: every port)."""

    addresses: tuple[str, ...] = (ANY,)
    negated: bool = False
    ports: tuple[PortRange, ...] = ()

    @property
    def anybody(self) -> bool:
        """Whether every address fits."""
        return ANY in self.addresses and not self.negated

    def has_port(self, port: int) -> bool:
        """Whether that port fits."""
        return not self.ports or any(low <= port <= high for low, high in self.ports)


@dataclass(frozen=True, slots=True)
class PfRule:
    """A rule; what is empty does not restrict it.

    ``action`` is ``rdr``, ``nat``, ``binat``, ``pass``, ``block`` or ``match``; ``negated`` is the ``no`` before a
    translation, ``passes`` the ``pass`` behind it. ``targets`` and ``target_ports`` stand behind ``->``. ``chancy``
    says that more than what is read here decides whether the rule applies (tags, probability, operating system, user).
    """

    text: str
    action: str
    negated: bool = False
    passes: bool = False
    direction: str = ""
    quick: bool = False
    interfaces: tuple[str, ...] = ()
    interface_negated: bool = False
    family: str = ""
    protocols: tuple[str, ...] = ()
    source: PfHost = PfHost()
    destination: PfHost = PfHost()
    targets: tuple[str, ...] = ()
    target_ports: PortRange | None = None
    tag: str = ""
    chancy: bool = False

    def is_tcp(self) -> bool:
        """Whether the rule is about TCP too."""
        return not self.protocols or "tcp" in self.protocols or "6" in self.protocols

    def is_family(self, family: str) -> bool:
        """Whether the rule is about ``inet`` or ``inet6`` too."""
        return self.family in {"", family}


def parse_rule(line: str) -> PfRule:
    """Read one rule of NAT or filter.

    Raises:
        WireError: ``MALFORMED`` for anything else, a rule that is cut off included.

    """
    if len(line) > _MAX_LINE:
        raise WireError(Reason.MALFORMED, f"pf: a rule of more than {_MAX_LINE} characters", line.encode())
    try:
        return _Reader(line).rule()
    except (IndexError, ValueError) as error:
        detail = str(error) if isinstance(error, ValueError) else "cut off"
        raise WireError(Reason.MALFORMED, f"pf: {detail}: {line.strip()[:120]!r}", line.encode()) from error


class _Reader:
    """Walks a rule's tokens from the left; ``IndexError`` where they end too early."""

    def __init__(self, line: str) -> None:
        self._text = line.strip()
        self._tokens: Sequence[str] = _TOKEN.findall(line)
        self._at = 0

    def rule(self) -> PfRule:
        action, negated, passes = self._action()
        found: dict[str, Any] = {}  # fields of the rule
        while self._at < len(self._tokens):
            word = self.take()
            if word in _CLAUSES:
                found |= _CLAUSES[word](self, word)
        if action in _TRANSLATIONS and not negated and not found.get("targets"):
            raise ValueError("no target")
        return PfRule(self._text, action, negated, passes, **found)

    def targets(self) -> dict[str, Any]:
        found: dict[str, Any] = {"targets": self.names()}
        if self.skip("port"):
            low, _colon, high = self.take().partition(":")
            first = _port(low)
            # ``port 2525:*`` and ``port 2525:2530``: the ports follow one another
            found["target_ports"] = first, (first if not high else _MAX_PORT if high == "*" else _port(high))
        return found

    def pass_over(self, end: str = "") -> None:
        """Leave out one word, or all up to the one that ends them."""
        while self.take() != end and end:
            pass

    def _action(self) -> tuple[str, bool, bool]:
        if self._tokens[0].startswith("@"):  # pfctl -v numbers the rules: @12, or @12(0)
            self._at = 1
            if self.skip("("):
                self.pass_over(")")
        negated = self.skip("no")
        action = self.take()
        if action not in _TRANSLATIONS and (negated or action not in _FILTERS):
            raise ValueError("no rule")
        return action, negated, action in _TRANSLATIONS and self.skip("pass")

    def take(self) -> str:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def skip(self, token: str) -> bool:
        found = self._peek() == token
        self._at += found
        return found

    def names(self) -> tuple[str, ...]:
        """Read a word, or several in braces; an interface in parentheses is one word: ``(em0)``."""
        if not self.skip("{"):
            return (self._word(),)
        words = []
        while not self.skip("}"):
            if not self.skip(","):
                words.append(self._word())
        return tuple(words)

    def _word(self) -> str:
        if self.skip("("):
            inside = self.take()
            self.pass_over(")")
            return f"({inside})"
        word = ("! " if self.skip("!") else "") + self.take()
        if word in {"{", "}", ")", ",", "->"}:
            raise ValueError(f"{word!r} where a word was due")
        return word

    def host(self) -> PfHost:
        negated = self.skip("!")
        addresses: tuple[str, ...] = (ANY,)
        if self._peek() != "port":
            addresses = self.names()
        ports = self._ports() if self.skip("port") else ()
        return PfHost(addresses, negated, ports)

    def _ports(self) -> tuple[PortRange, ...]:
        if not self.skip("{"):
            return self._operation()
        ranges: list[PortRange] = []
        while not self.skip("}"):
            if not self.skip(","):
                ranges += self._operation()
        return tuple(ranges)

    def _operation(self) -> tuple[PortRange, ...]:
        word = self.take()
        if word in _OPERATORS:
            return _OPERATORS[word](_port(self.take()))
        low, colon, high = word.partition(":")
        first = _port(low)
        if colon:
            return ((first, _port(high)),)
        if self.skip("><"):
            return ((first + 1, _port(self.take()) - 1),)
        if self.skip("<>"):
            return ((0, first - 1), (_port(self.take()) + 1, _MAX_PORT))
        return ((first, first),)


_Clause = Callable[[_Reader, str], dict[str, Any]]


def _unknown(reader: _Reader, _: str) -> dict[str, Any]:
    reader.pass_over()
    return {"chancy": True}


def _nothing(reader: _Reader, word: str) -> dict[str, Any]:
    reader.pass_over(")" if word == "(" else "")
    return {}


# What stands in a rule beside these (log, flags S/SA, keep state, all, drop) says nothing of where it applies.
_CLAUSES: Mapping[str, _Clause] = {
    **dict.fromkeys(("in", "out"), lambda _, word: {"direction": word}),
    "quick": lambda *_: {"quick": True},
    "on": lambda reader, _: {"interface_negated": reader.skip("!"), "interfaces": reader.names()},
    **dict.fromkeys(("inet", "inet6"), lambda _, word: {"family": word}),
    "proto": lambda reader, _: {"protocols": reader.names()},
    "from": lambda reader, _: {"source": reader.host()},
    "to": lambda reader, _: {"destination": reader.host()},
    "->": lambda reader, _: reader.targets(),
    "tag": lambda reader, _: {"tag": reader.take()},
    **dict.fromkeys(("tagged", "probability", "os", "user", "group", "received-on"), _unknown),
    **dict.fromkeys(("label", "("), _nothing),
}
_OPERATORS: Mapping[str, Callable[[int], tuple[PortRange, ...]]] = {
    "=": lambda port: ((port, port),),
    "!=": lambda port: ((0, port - 1), (port + 1, _MAX_PORT)),
    "<": lambda port: ((0, port - 1),),
    "<=": lambda port: ((0, port),),
    ">": lambda port: ((port + 1, _MAX_PORT),),
    ">=": lambda port: ((port, _MAX_PORT),),
}


def holds(name: str, address: str) -> bool | None:
    """Whether an address or network of a rule has that address in it; ``None`` for a table, an interface, a range."""
    try:
        return ip_address(address) in ip_network(name, strict=False)
    except ValueError:
        return None


def _port(word: str) -> int:
    if word in _SERVICES:
        return _SERVICES[word]
    if word.isascii() and word.isdigit():
        if len(word) > len(str(_MAX_PORT)) or int(word) > _MAX_PORT:
            raise ValueError(f"{word[:40]} is no port")
        return int(word)
    if word[:1].isalpha():
        return _NOWHERE[0]
    raise ValueError(f"{word[:40]!r} is no port")
