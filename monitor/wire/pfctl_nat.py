"""``pfctl -sn``: where NAT leads a port.

The first translation rule that fits decides (pf.conf(5), "TRANSLATION"), of those for the same way in: an interface, a
source and a destination. Anchors are not followed: ``pfctl -sn`` prints their names, not their rules.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address
from itertools import product
from typing import NamedTuple

from monitor.core.edge import Redirect, RedirectState
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.pf_rule import ANY, PfHost, PfRule, holds, parse_rule

COMMAND = "pfctl -sn"

# Some ten thousand rules; production has 154. Reading this much takes half a second.
MAX_ANSWER = 1024 * 1024

_TEXT_KEPT = 200
_RULES_KEPT = 8
# pfctl expands lists; a rule with more than this is not compared with the others.
_MAX_WAYS = 64
_ANCHORS = ("rdr-anchor", "nat-anchor", "binat-anchor", "anchor", "load-anchor")
# Comments, pfctl -v's counters, the end of an anchor printed inline, and what pfctl says of a kernel without ALTQ.
_REMARKS = ("#", "[", "}", "No ALTQ", "ALTQ related")
# pfSense's NAT reflection, in its mode with a proxy: connections from inside, by way of its own inetd.
_REFLECTION = "PFREFLECT"


class _Way(NamedTuple):
    """Which connections a rule is for; an empty interface or family is every one."""

    interface: str
    family: str
    source: str
    destination: str


def rule_lines(text: bytes | str, command: str, limit: int = MAX_ANSWER) -> Iterator[str]:
    """Cut pfctl's output into the lines that are rules; anchors and remarks are left out.

    Raises:
        WireError: ``TOO_LARGE`` over ``limit`` bytes, ``MALFORMED`` where the last line is cut off.

    """
    if len(text) > limit:
        raise WireError(Reason.TOO_LARGE, f"{command}: {len(text)} bytes, at most {limit} expected")
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if text.strip() and not text.endswith("\n"):
        raise WireError(Reason.MALFORMED, f"{command}: cut off", text[-200:].encode())
    for line in text.split("\n"):
        rule = line.strip()
        if rule and not rule.startswith(_REMARKS) and rule.split(None, 1)[0] not in _ANCHORS:
            yield rule


def parse_nat(text: bytes | str) -> tuple[PfRule, ...]:
    """Read the translation rules, in their order; no rules at all are possible.

    Raises:
        WireError: as ``rule_lines`` does, and ``MALFORMED`` for a line that is none of NAT's.

    """
    rules = []
    for line in rule_lines(text, COMMAND):
        rule = parse_rule(line)
        if rule.action not in {"rdr", "nat", "binat"}:
            raise WireError(Reason.MALFORMED, f"{COMMAND}: a rule of the filter: {line[:80]!r}", line.encode())
        rules.append(rule)
    return tuple(rules)


def deciding(rules: Iterable[PfRule], port: int, edge_address: str) -> tuple[PfRule, ...]:
    """Return the redirects that decide over TCP connections to that port.

    A ``binat`` of the edge's address (1:1 NAT) is one too, of every port, and comes last: pf asks for ``rdr`` first
    (sys/netpfil/pf/pf_lb.c, ``pf_get_translation``). Of other hosts' addresses it says nothing about mail.

    Those that an earlier rule (``no rdr`` too) keeps from ever being used are left out, and so are pfSense's reflected
    ones. Where rules are for everybody, those for some sources only do not count: blocklists are led elsewhere so.
    """
    seen: set[_Way] = set()
    found: list[PfRule] = []
    family = family_of(edge_address)
    for rule in _inbound(tuple(rules), edge_address):
        if not (rule.is_tcp() and rule.is_family(family) and rule.destination.has_port(port)):
            continue
        ways = _ways(rule)
        live = not ways or not all(_hidden(way, seen) for way in ways)
        if not rule.chancy and not rule.interface_negated:
            seen.update(ways)
        if live and not rule.negated and rule.tag != _REFLECTION:
            found.append(rule)
    return tuple(rule for rule in found if rule.source.anybody) or tuple(found)


def redirect(rules: Iterable[PfRule], port: int, edge_address: str) -> Redirect:
    """Judge where connections to that port come out; they shall at the edge's address and the same port."""
    decisive = deciding(rules, port, edge_address)
    wrong = {rule: wrong_targets(rule, port, edge_address) for rule in decisive}
    names = tuple(dict.fromkeys(name for targets in wrong.values() for name in targets))
    if not decisive:
        state = RedirectState.MISSING
    elif not names:
        state = RedirectState.OK
    elif any(reaches(rule, port, edge_address) for rule in decisive):
        state = RedirectState.PARTLY
    elif all(name.startswith(("<", "(")) for name in names):
        state = RedirectState.ALIAS
    else:
        state = RedirectState.ELSEWHERE
    evidence = [rule.text[:_TEXT_KEPT] for rule in decisive if wrong[rule]] or [r.text[:_TEXT_KEPT] for r in decisive]
    return Redirect(port, state, names[:_RULES_KEPT], tuple(evidence[:_RULES_KEPT]))


def wrong_targets(rule: PfRule, port: int, edge_address: str) -> tuple[str, ...]:
    """Return the rule's targets that are not the edge's address and the same port, as a person writes them."""
    arrives = _target_port(rule, port)
    names = (target if arrives == port else f"{target} port {arrives}" for target in rule.targets)
    return tuple(
        name
        for name, target in zip(names, rule.targets, strict=True)
        if arrives != port or not _is_address(target, edge_address)
    )


def reaches(rule: PfRule, port: int, edge_address: str) -> bool:
    """Whether some of a redirect's connections come out at the edge's address and the same port.

    Its targets may be a pool, of several addresses or a network: pf gives each connection one of them.
    """
    return _target_port(rule, port) == port and any(holds(target, edge_address) for target in rule.targets)


def family_of(address: str) -> str:
    """Return pf's word for an address's family."""
    return "inet" if ip_address(address).version == 4 else "inet6"  # noqa: PLR2004 - IP's own number


def _inbound(rules: Sequence[PfRule], edge_address: str) -> Iterator[PfRule]:
    """The rules for connections that come in: redirects, and what they leave to the edge's own ``binat``."""
    yield from (rule for rule in rules if rule.action == "rdr")
    for rule in rules:
        if rule.action == "binat" and any(holds(source, edge_address) for source in rule.source.addresses):
            external = PfHost(rule.targets) if rule.targets else PfHost()
            yield replace(rule, source=rule.destination, destination=external, targets=(edge_address,))


def _ways(rule: PfRule) -> list[_Way]:
    source, destination = (
        [f"! {' '.join(host.addresses)}"] if host.negated else host.addresses
        for host in (rule.source, rule.destination)
    )
    interfaces: Sequence[str] = rule.interfaces or ("",)
    if len(interfaces) * len(source) * len(destination) > _MAX_WAYS:
        return []
    return [_Way(*way) for way in product(interfaces, (rule.family,), source, destination)]


def _hidden(way: _Way, seen: set[_Way]) -> bool:
    wider = product({way.interface, ""}, {way.family, ""}, {way.source, ANY}, {way.destination, ANY})
    return any(_Way(*each) in seen for each in wider)


def _target_port(rule: PfRule, port: int) -> int:
    if rule.target_ports is None:
        return port
    first, last = rule.target_ports
    if first == last:
        return first
    low = next((low for low, high in rule.destination.ports if low <= port <= high), port)
    return first + port - low


def _is_address(target: str, address: str) -> bool:
    try:
        return ip_address(target.removesuffix("/32").removesuffix("/128")) == ip_address(address)
    except ValueError:
        return False
