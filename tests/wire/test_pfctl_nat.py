"""``pfctl -sn``: where each mail port is led, on one WAN or several."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.edge import RedirectState
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.pfctl_nat import MAX_ANSWER, deciding, parse_nat, redirect

DATA = Path(__file__).parent / "data" / "edge"
EDGE = "10.0.20.1"
RDR = "rdr on vtnet0 inet proto tcp from any to 192.168.1.2 port = smtp -> 10.0.20.1\n"
ELSEWHERE = RDR.replace("10.0.20.1", "10.0.20.202")
BINAT = "binat on vtnet0 inet from 10.0.20.1 to any -> 198.51.100.9\n"


def state(rules: str, port: int = 25, address: str = EDGE) -> RedirectState:
    """Judge one port of a few rules."""
    return redirect(parse_nat(rules), port, address).state


def test_pfsense() -> None:
    """The runbook's redirects are all in place; other ports, other protocols and anchors do not disturb."""
    rules = parse_nat((DATA / "pfctl-sn.pfsense.txt").read_bytes())
    assert {port: redirect(rules, port, EDGE).state for port in (25, 465, 587, 993)} == dict.fromkeys(
        (25, 465, 587, 993), RedirectState.OK
    )
    assert redirect(rules, 51820, EDGE).state is RedirectState.MISSING
    assert redirect(rules, 22, EDGE).state is RedirectState.MISSING


def test_several_wans() -> None:
    """Each way in is judged; what is wrong is named with its rule."""
    rules = parse_nat((DATA / "pfctl-sn.multi-wan.txt").read_bytes())
    partly, alias = redirect(rules, 25, EDGE), redirect(rules, 465, EDGE)
    assert (partly.state, partly.wrong) == (RedirectState.PARTLY, ("10.0.20.202",))
    assert len(partly.rules) == 1
    assert "198.51.100.2" in partly.rules[0]
    assert (alias.state, alias.wrong) == (RedirectState.ALIAS, ("<mailserver>",))
    assert redirect(rules, 587, EDGE).state is RedirectState.OK
    assert redirect(rules, 993, "2001:db8:20::1").state is RedirectState.OK


def test_reflection() -> None:
    """Redirects that pfSense reflects are for the inside, and say nothing of the WAN."""
    rules = parse_nat((DATA / "pfctl-sn.multi-wan.txt").read_bytes())
    assert redirect(rules, 993, EDGE).state is RedirectState.MISSING


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (RDR, RedirectState.OK),
        (RDR.replace("proto tcp", "proto { tcp udp }"), RedirectState.OK),
        (RDR.replace("-> 10.0.20.1", "-> 10.0.20.1 port 25"), RedirectState.OK),
        (RDR.replace("-> 10.0.20.1", "-> 10.0.20.1/32"), RedirectState.OK),
        (RDR.replace("= smtp -> 10.0.20.1", "20:30 -> 10.0.20.1 port 20:*"), RedirectState.OK),
        (RDR.replace("= smtp -> 10.0.20.1", "20:30 -> 10.0.20.1 port 2020:*"), RedirectState.ELSEWHERE),
        (RDR.replace("-> 10.0.20.1", "-> 10.0.20.1 port 2525"), RedirectState.ELSEWHERE),
        (RDR.replace("-> 10.0.20.1", "-> 10.0.20.202"), RedirectState.ELSEWHERE),
        (RDR.replace("-> 10.0.20.1", "-> { 10.0.20.1, 10.0.20.2 } round-robin"), RedirectState.PARTLY),
        (RDR.replace("-> 10.0.20.1", "-> { 10.0.20.202, 10.0.20.2 } round-robin"), RedirectState.ELSEWHERE),
        (RDR.replace("-> 10.0.20.1", "-> { <mailserver>, 10.0.20.1 }"), RedirectState.PARTLY),
        (RDR.replace("-> 10.0.20.1", "-> 10.0.20.0/30 bitmask"), RedirectState.PARTLY),
        (RDR.replace("-> 10.0.20.1", "-> { 10.0.20.1, 10.0.20.2 } port 2525"), RedirectState.ELSEWHERE),
        (RDR.replace("-> 10.0.20.1", "-> <mailserver>"), RedirectState.ALIAS),
        (RDR.replace("-> 10.0.20.1", "-> (vtnet1)"), RedirectState.ALIAS),
        (RDR.replace("proto tcp", "proto udp"), RedirectState.MISSING),
        (RDR.replace("inet", "inet6"), RedirectState.MISSING),
        (f"# {RDR}", RedirectState.MISSING),
        ("", RedirectState.MISSING),
        ("No ALTQ support in kernel\nALTQ related functions disabled\n" + RDR, RedirectState.OK),
    ],
)
def test_states(rules: str, expected: RedirectState) -> None:
    """A port is led here, elsewhere, to a name or nowhere."""
    assert state(rules) is expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (BINAT, RedirectState.OK),
        (BINAT.replace("binat on", "binat pass on"), RedirectState.OK),
        (BINAT.replace("10.0.20.1 ", "10.0.20.0/24 ").replace("198.51.100.9", "198.51.100.0/24"), RedirectState.OK),
        (BINAT.replace("10.0.20.1 ", "10.0.20.7 "), RedirectState.MISSING),
        (BINAT.replace("inet", "inet6"), RedirectState.MISSING),
        ("no " + BINAT.partition(" ->")[0] + "\n" + BINAT, RedirectState.MISSING),
        (BINAT + RDR, RedirectState.OK),
        # pf asks for rdr first, wherever it stands
        (
            BINAT + RDR.replace("192.168.1.2", "198.51.100.9").replace("10.0.20.1", "10.0.20.202"),
            RedirectState.ELSEWHERE,
        ),
        (BINAT + ELSEWHERE, RedirectState.PARTLY),
        # another host's 1:1 NAT is nothing of mail's
        (BINAT.replace("10.0.20.1 ", "10.0.20.7 ") + RDR, RedirectState.OK),
    ],
)
def test_one_to_one_nat(rules: str, expected: RedirectState) -> None:
    """``binat`` of the edge's address brings every port of the outer one here, but for those that are redirected."""
    assert state(rules) is expected


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("no rdr on vtnet0 inet proto tcp from any to any port = smtp\n", RedirectState.MISSING),
        ("no rdr on vtnet0 inet proto tcp from any to any\n", RedirectState.MISSING),
        ("no rdr proto carp all\n", RedirectState.OK),
        ("no rdr on vtnet1 inet proto tcp from any to any port = smtp\n", RedirectState.OK),
        ("no rdr on vtnet0 inet proto tcp from 192.0.2.0/24 to any port = smtp\n", RedirectState.OK),
        (RDR.replace("10.0.20.1", "10.0.20.202"), RedirectState.ELSEWHERE),
        (RDR.replace("192.168.1.2", "any").replace("10.0.20.1", "10.0.20.202"), RedirectState.ELSEWHERE),
        (RDR.replace("from any", "from <spammers>").replace("10.0.20.1", "127.0.0.1"), RedirectState.OK),
    ],
)
def test_first_rule_wins(first: str, expected: RedirectState) -> None:
    """An earlier rule for the same connections hides the later one; one for some sources only does not."""
    assert state(first + RDR) is expected


def test_lists_too_long_to_compare() -> None:
    """A rule whose lists make millions of combinations is judged on its own."""
    names = " ".join(f"10.0.0.{number}" for number in range(300))
    rule = (
        RDR.replace("vtnet0", f"{{ {names} }}")
        .replace("any", f"{{ any {names} }}")
        .replace("192.168.1.2", f"{{ {names} }}")
    )
    assert [len(parse_nat(rule)[0].interfaces), state(rule + RDR)] == [300, RedirectState.OK]


def test_deciding() -> None:
    """Where there is no rule for everybody, those for some sources are what is judged."""
    rules = parse_nat(RDR.replace("from any", "from 192.0.2.0/24"))
    assert [rule.source.addresses for rule in deciding(rules, 25, EDGE)] == [("192.0.2.0/24",)]
    assert redirect(rules, 25, EDGE).ok


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        (RDR[:-1], Reason.MALFORMED, "cut off"),
        (RDR + RDR[:40] + "\n", Reason.MALFORMED, "cut off"),
        ("pfctl: /dev/pf: Permission denied\n", Reason.MALFORMED, "no rule"),
        ("pass in all\n", Reason.MALFORMED, "a rule of the filter"),
        ("USER COMMAND PID\n", Reason.MALFORMED, "no rule"),
        (RDR * 130_000, Reason.TOO_LARGE, "at most"),
    ],
)
def test_wrong(text: str, reason: Reason, detail: str) -> None:
    """Truncated, another command's, localised or boundless output is refused with what is wrong with it."""
    with pytest.raises(WireError) as caught:
        parse_nat(text)
    assert caught.value.reason is reason
    assert detail in caught.value.detail


def test_many_rules_in_bounded_time() -> None:
    """As many rules as are read at all, each of which decides, take seconds and not minutes."""
    text = "".join(RDR.replace("192.168.1.2", f"192.168.{n // 250}.{n % 250}") for n in range(12_000))
    assert len(text) < MAX_ANSWER
    began = time.monotonic()
    assert redirect(parse_nat(text), 25, EDGE).ok
    assert time.monotonic() - began < 60


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(garbage: bytes) -> None:
    """Any bytes give rules or a WireError, and never touch the rules before."""
    with suppress(WireError):
        rules = parse_nat(RDR.encode() + garbage + b"\n")
        assert rules[0].targets == (EDGE,)
        assert redirect(rules, 25, EDGE).state in RedirectState
