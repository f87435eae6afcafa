"""One rule of pf: pfctl's own words, pf.conf's, and anything else."""

import string
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.pf_rule import PfHost, PfRule, parse_rule

RDR = "rdr on vtnet0 inet proto tcp from any to 192.168.1.2 port = smtp -> 10.0.20.1"


def test_redirect() -> None:
    """Every part of a redirect is in its place."""
    assert parse_rule(RDR) == PfRule(
        text=RDR,
        action="rdr",
        interfaces=("vtnet0",),
        family="inet",
        protocols=("tcp",),
        destination=PfHost(("192.168.1.2",), ports=((25, 25),)),
        targets=("10.0.20.1",),
    )


def test_filter() -> None:
    """Of a filter rule only what says where it applies is read; labels may hold rules' words."""
    rule = parse_rule(
        "@7(0) block return-rst(ttl 3) in log (all, to pflog0) quick on ! vtnet0 reply-to (vtnet0 192.168.1.1) inet6 "
        "proto tcp from ! <bogons> port 1024:65535 to (self) port = imaps flags S/SA keep state (max 5, overload <x>) "
        'label "USER_RULE: pass out on em0 from any to any -> x"'
    )
    assert (rule.action, rule.direction, rule.quick, rule.family) == ("block", "in", True, "inet6")
    assert (rule.interfaces, rule.interface_negated) == (("vtnet0",), True)
    assert rule.source == PfHost(("<bogons>",), negated=True, ports=((1024, 65535),))
    assert rule.destination == PfHost(("(self)",), ports=((993, 993),))
    assert rule.targets == ()
    assert parse_rule("block drop in log inet all").destination == PfHost()


@pytest.mark.parametrize(
    ("ports", "fits"),
    [
        ("port = 25", {25}),
        ("port = smtp", {25}),
        ("port 25", {25}),
        ("port = smtps", {465}),
        ("port = submissions", {465}),
        ("port = urd", {465}),
        ("port = submission", {587}),
        ("port = imaps", {993}),
        ("port = http", set()),
        ("port 25:587", {25, 465, 587}),
        ("port 25 >< 587", {465}),
        ("port 25 <> 587", {993}),
        ("port != smtp", {465, 587, 993}),
        ("port != http", {25, 465, 587, 993}),
        ("port < 465", {25}),
        ("port <= 465", {25, 465}),
        ("port > 587", {993}),
        ("port >= 587", {587, 993}),
        ("port { 25, = imaps 460:470 }", {25, 465, 993}),
        ("", {25, 465, 587, 993}),
    ],
)
def test_ports(ports: str, fits: set[int]) -> None:
    """Numbers, names, ranges, operators and lists."""
    rule = parse_rule(f"rdr on em0 inet proto tcp from any to any {ports} -> 10.0.20.1")
    assert {port for port in (25, 465, 587, 993) if rule.destination.has_port(port)} == fits


@pytest.mark.parametrize(
    ("behind", "targets", "ports"),
    [
        ("10.0.20.1", ("10.0.20.1",), None),
        ("10.0.20.1 port 25", ("10.0.20.1",), (25, 25)),
        ("10.0.20.1 port smtp", ("10.0.20.1",), (25, 25)),
        ("10.0.20.1 port 2000:*", ("10.0.20.1",), (2000, 65535)),
        ("10.0.20.1 port 2000:2010 round-robin", ("10.0.20.1",), (2000, 2010)),
        ("<DMZ_Servers> round-robin sticky-address", ("<DMZ_Servers>",), None),
        ("{ 10.0.20.1, 10.0.20.2 } port 25 round-robin", ("10.0.20.1", "10.0.20.2"), (25, 25)),
        ("(vtnet1:0)", ("(vtnet1:0)",), None),
        ("10.0.20.0/24 source-hash 0x00112233445566778899aabbccddeeff", ("10.0.20.0/24",), None),
    ],
)
def test_targets(behind: str, targets: tuple[str, ...], ports: tuple[int, int] | None) -> None:
    """An address, a table, an interface, several; with a port, a range, or none."""
    rule = parse_rule(f"rdr pass on em0 inet proto tcp from any to any port = smtp -> {behind}")
    assert (rule.targets, rule.target_ports, rule.passes) == (targets, ports, True)


def test_lists_of_a_configuration() -> None:
    """Lists that pfctl would have expanded are read as well."""
    rule = parse_rule(
        "rdr on { em0 em1 } proto { tcp, udp } from any to { 192.0.2.1, ! 192.0.2.2 } port 25 -> 10.0.20.1"
    )
    assert rule.interfaces == ("em0", "em1")
    assert rule.is_tcp()
    assert rule.destination.addresses == ("192.0.2.1", "! 192.0.2.2")


@pytest.mark.parametrize("part", ["tagged X", "probability 50%", 'from any os "Linux" to any', "user = 80"])
def test_what_else_decides(part: str) -> None:
    """A rule with conditions that nobody can see from here is known for it."""
    assert parse_rule(f"pass in {part} keep state").chancy
    assert not parse_rule("pass in keep state").chancy


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("", "cut off"),
        ("Datei nicht gefunden", "no rule"),
        ("no pass all", "no rule"),
        ("rdr on vtnet0 inet proto tcp from any to any port = smtp", "no target"),
        *((" ".join(RDR.split()[:count]), "") for count in (1, 2, 3, 5, 7, 9, 11, 12, 13)),
        (RDR.replace("= smtp", "= 99999"), "99999 is no port"),
        (RDR.replace("= smtp", "= =25"), "'=25' is no port"),
        (RDR.replace("= smtp", "{ 25"), ""),
        (RDR.replace("10.0.20.1", "{ 10.0.20.1"), "cut off"),
        (RDR.replace("10.0.20.1", "}"), "where a word was due"),
        ("rdr " + "x" * 20_000, "more than"),
    ],
)
def test_wrong(line: str, detail: str) -> None:
    """Anything else is refused with what is wrong with it; a rule that is cut off is no rule."""
    with pytest.raises(WireError, match="pf: ") as caught:
        parse_rule(line)
    assert caught.value.reason is Reason.MALFORMED
    assert detail in caught.value.detail


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*RDR.split(), *"{}()!,<>", '"', "port", "><", "no", "tag"]), max_size=20))
def test_any_words(words: list[str]) -> None:
    """Any order of a rule's words gives a rule or a WireError."""
    with suppress(WireError):
        assert parse_rule("rdr " + " ".join(words)).targets


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet=string.printable, max_size=80))
def test_any_text(garbage: str) -> None:
    """Any text behind a rule's beginning gives a rule or a WireError."""
    with suppress(WireError):
        assert parse_rule("pass in " + garbage).action == "pass"
