"""``pfctl -sr``: whether the filter lets in what NAT has redirected.

A redirect without a pass rule drops mail silently: the filter sees the connection with its new destination (pf.conf(5),
"TRANSLATION"). A ``quick`` rule decides at once, else the last one that fits; without any, pf passes.

What this cannot know, and therefore leaves open: what is in tables and anchors, an interface's addresses, tags,
probabilities. It asks for *some* client of the world: rules for single sources, networks or tables are not about it.
"""

from collections.abc import Iterable

from monitor.wire.pf_rule import ANY, PfHost, PfRule, holds, parse_rule
from monitor.wire.pfctl_nat import family_of, rule_lines

COMMAND = "pfctl -sr"

_OTHER_RULES = ("scrub", "no scrub", "antispoof")
_FIRST_CLIENT_PORT = 1024


def parse_rules(text: bytes | str) -> tuple[PfRule, ...]:
    """Read the filter's rules that pass or block, in their order.

    Raises:
        WireError: as ``rule_lines`` does, and ``MALFORMED`` for a line that is no rule of the filter.

    """
    lines = (line for line in rule_lines(text, COMMAND) if not line.startswith(_OTHER_RULES))
    return tuple(rule for rule in map(parse_rule, lines) if rule.action in {"pass", "block"})


def passes(rules: Iterable[PfRule], redirect: PfRule, address: str, port: int) -> bool | None:
    """Whether a connection that this redirect has led to that address and port comes in.

    ``None``: the rules do not tell. A ``rdr pass`` needs none.
    """
    if redirect.passes:
        return True
    family = family_of(address)
    early: set[bool] = set()  # what quick rules that may fit would have come to
    last = {True}  # what the last fitting rule may have come to
    for rule in rules:
        if rule.direction == "out" or not rule.is_tcp() or not rule.is_family(family):
            continue
        fits = _fits(rule, redirect, address, port)
        allowed = rule.action == "pass"
        if fits is None:
            (early if rule.quick else last).add(allowed)
        elif fits:
            last = {allowed}
            if rule.quick:
                break
    outcomes = early | last
    return outcomes.pop() if len(outcomes) == 1 else None


def _fits(rule: PfRule, redirect: PfRule, address: str, port: int) -> bool | None:
    return _all(
        _on_interface(rule, redirect),
        rule.source.anybody or rule.source.negated,
        _from_a_clients_port(rule.source),
        _at_address(rule.destination, address),
        rule.destination.has_port(port),
        None if rule.chancy else True,
    )


def _on_interface(rule: PfRule, redirect: PfRule) -> bool | None:
    if not rule.interfaces:
        return True
    if not redirect.interfaces or redirect.interface_negated:
        return None
    on = _any(*(_same_interface(name, way) for name in rule.interfaces for way in redirect.interfaces))
    return _not(on) if rule.interface_negated else on


def _same_interface(name: str, way: str) -> bool | None:
    if name == way:
        return True
    # A group's name never ends with a digit, an interface's always does (ifconfig(8), "group").
    return None if not name[-1:].isdigit() or not way[-1:].isdigit() else False


def _from_a_clients_port(source: PfHost) -> bool | None:
    return True if not source.ports or any(low <= _FIRST_CLIENT_PORT for low, _ in source.ports) else None


def _at_address(host: PfHost, address: str) -> bool | None:
    at = _any(*(each == ANY or holds(each, address) for each in host.addresses))
    return _not(at) if host.negated else at


def _not(fits: bool | None) -> bool | None:  # noqa: FBT001 - the operand of a logic with three values
    return None if fits is None else not fits


def _any(*fits: bool | None) -> bool | None:
    return True if True in fits else None if None in fits else False


def _all(*fits: bool | None) -> bool | None:
    return False if False in fits else None if None in fits else True
