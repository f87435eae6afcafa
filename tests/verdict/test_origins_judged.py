"""What a seen address proves: every kind of address, at a handshake and at a front door."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.proof import EvidenceKind, ProofResult, SeenAs, Unproven
from monitor.verdict.origins import Expectation, Network, OriginNetworks, Origins


def networks(*texts: str) -> tuple[Network, ...]:
    """Read networks."""
    return tuple(ipaddress.ip_network(text) for text in texts)


ORIGINS = Origins(
    OriginNetworks(
        probes=frozenset(),
        edge=networks("10.0.20.1"),
        cluster=networks("10.10.0.0/16"),
        internal=networks("10.0.0.0/8", "fc00::/7"),
    ),
    ["10.0.20.101", "10.0.20.102"],
)
CLAIMED = Expectation(frozenset({"192.0.2.77"}))
CLAIMED_V6 = Expectation(frozenset({"2001:db8:25::77"}))
OURS = Expectation(frozenset({"10.0.20.50"}), networks("198.51.100.0/28"), through_nat=True)


@pytest.mark.parametrize(
    ("expected", "seen", "result", "why", "kind"),
    [
        # a handshake: the claimed address, in any spelling, or a loss
        (CLAIMED, "192.0.2.77", "proven", None, None),
        (CLAIMED, "::ffff:192.0.2.77", "proven", None, None),
        (CLAIMED_V6, "2001:db8:25::77", "proven", None, None),
        (CLAIMED_V6, "2001:DB8:25:0::77", "proven", None, None),
        (CLAIMED, "10.0.20.1", "disproven", None, "edge"),
        (CLAIMED, "10.0.20.102", "disproven", None, "cluster"),
        (CLAIMED, "10.10.107.1", "disproven", None, "cluster"),
        (CLAIMED, "127.0.0.1", "disproven", None, "loopback"),
        (CLAIMED, "203.0.113.9", "disproven", None, "other"),
        (CLAIMED, "10.9.9.9", "disproven", None, "other"),
        (CLAIMED, "nonsense", "disproven", None, "other"),
        # a front door: our own address, one within seen_as, one that only source NAT explains, or a loss
        (OURS, "10.0.20.50", "proven", None, None),
        (OURS, "198.51.100.7", "proven", None, None),
        (OURS, "10.0.20.101", "unproven", "snat", None),
        (OURS, "10.9.9.9", "unproven", "snat", None),
        (OURS, "10.0.20.1", "disproven", None, "edge"),
        (OURS, "10.10.107.1", "disproven", None, "cluster"),
        (OURS, "127.0.0.1", "disproven", None, "loopback"),
        (OURS, "203.0.113.9", "disproven", None, "other"),
    ],
)
def test_every_kind_of_address(
    expected: Expectation, seen: str, result: str, why: str | None, kind: str | None
) -> None:
    """An address is proven, disproven with its kind, or explained by source NAT alone."""
    proof = ORIGINS.judge(EvidenceKind.LOG, seen, expected, at=5.0)
    assert proof.result is ProofResult(result)
    assert proof.why is (Unproven(why) if why else None)
    assert proof.seen_as is (SeenAs(kind) if kind else None)
    assert proof.proven_at == (5.0 if result == "proven" else None)


@given(st.ip_addresses() | st.text(max_size=20))
def test_any_address_is_judged(seen: object) -> None:
    """Whatever a log or reply names is judged, and only the expected is proof."""
    proof = ORIGINS.judge(EvidenceKind.REPLY, str(seen), CLAIMED, at=0.0)
    assert (proof.result is ProofResult.PROVEN) == (str(seen) in {"192.0.2.77", "::ffff:c000:24d"})
