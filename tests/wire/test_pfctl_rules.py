"""``pfctl -sr``: whether what NAT has redirected comes in."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.wire.pf_rule import parse_rule
from monitor.wire.pfctl_nat import deciding, parse_nat
from monitor.wire.pfctl_rules import parse_rules, passes

DATA = Path(__file__).parent / "data" / "edge"
EDGE = "10.0.20.1"
RDR = parse_rule("rdr on vtnet0 inet proto tcp from any to 192.168.1.2 port = smtp -> 10.0.20.1")
DENY = "block drop in log inet all\n"
PASS = "pass in quick on vtnet0 inet proto tcp from any to 10.0.20.1 port = smtp flags S/SA keep state\n"  # noqa: S105 - pf's word


def test_pfsense() -> None:
    """Each redirect's own rule passes it; imaps has none, and the default drops it."""
    nat = parse_nat((DATA / "pfctl-sn.pfsense.txt").read_bytes())
    rules = parse_rules((DATA / "pfctl-sr.pfsense.txt").read_bytes())
    passed = {
        port: [passes(rules, rule, EDGE, port) for rule in deciding(nat, port, EDGE)] for port in (25, 465, 587, 993)
    }
    assert passed == {25: [True], 465: [True], 587: [True], 993: [False]}


@pytest.mark.parametrize(
    ("rules", "passed"),
    [
        ("", True),
        (DENY, False),
        (DENY + PASS, True),
        (PASS.replace("quick ", "") + DENY, False),
        (PASS + DENY, True),
        (DENY + PASS.replace("quick ", ""), True),
        ("block in quick proto tcp from any to any port = smtp\n" + PASS, False),
        (DENY + PASS.replace("vtnet0", "vtnet1"), False),
        (DENY + PASS.replace("on vtnet0", "on ! vtnet1"), True),
        (DENY + PASS.replace("on vtnet0", "on ! vtnet0"), False),
        (DENY + PASS.replace("on vtnet0", "on WANs"), None),
        (DENY + PASS.replace("inet", "inet6"), False),
        (DENY + PASS.replace("in quick", "out quick"), False),
        (DENY + PASS.replace("tcp", "udp"), False),
        (DENY + PASS.replace("smtp", "imaps"), False),
        (DENY + PASS.replace("10.0.20.1", "10.0.20.0/24"), True),
        (DENY + PASS.replace("10.0.20.1", "192.168.1.2"), False),
        (DENY + PASS.replace("10.0.20.1", "! 10.0.20.1"), False),
        (DENY + PASS.replace("10.0.20.1", "<mail>"), None),
        (DENY + PASS.replace("10.0.20.1", "(self)"), None),
        (DENY + PASS.replace("from any", "from 192.0.2.0/24"), False),
        (DENY + PASS.replace("from any", "from ! <blocked>"), True),
        (DENY + PASS.replace("from any", "from any port 1024:65535"), True),
        (DENY + PASS.replace("from any", "from any port 40000:65535"), None),
        (DENY + PASS.replace("flags", "tagged MAIL flags"), None),
        ("block drop in quick from <snort2c> to any\n" + DENY + PASS, True),
        ("block drop in quick from any to <closed>\n" + PASS, None),
    ],
)
def test_last_match_and_quick(rules: str, passed: bool | None) -> None:  # noqa: FBT001 - a table's column
    """The last rule that fits decides, a quick one at once; what cannot be known is left open."""
    assert passes(parse_rules(rules), RDR, EDGE, 25) is passed


def test_rdr_pass() -> None:
    """A redirect that passes needs no rule; one without an interface leaves open which rules are for it."""
    nat = parse_rule("rdr pass on vtnet0 inet proto tcp from any to any port = smtp -> 10.0.20.1")
    assert passes(parse_rules(DENY), nat, EDGE, 25) is True
    everywhere = parse_rule("rdr inet proto tcp from any to any port = smtp -> 10.0.20.1")
    assert passes(parse_rules(DENY + PASS), everywhere, EDGE, 25) is None


def test_truncated() -> None:
    """A filter that is cut off is no filter."""
    with pytest.raises(WireError, match="cut off"):
        parse_rules(DENY + PASS[:-1])
    with pytest.raises(WireError, match="no rule"):
        parse_rules("pfctl: kein Zugriff\n")


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(garbage: bytes) -> None:
    """Any bytes give rules or a WireError."""
    with suppress(WireError):
        assert passes(parse_rules(PASS.encode() + garbage + b"\n"), RDR, EDGE, 25) is True
