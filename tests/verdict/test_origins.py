"""Who is who: which network wins."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.verdicts import Origin
from monitor.verdict.origins import REMEMBERED, OriginNetworks, Origins

NETWORKS = OriginNetworks(
    probes=frozenset({"192.0.2.7", "10.0.20.50", "2001:db8:25::7"}),
    edge=(ipaddress.ip_network("10.0.20.1"), ipaddress.ip_network("127.0.20.1")),
    cluster=(ipaddress.ip_network("10.244.0.0/16"),),
    internal=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fc00::/7")),
)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("77.32.148.26", Origin.EXTERNAL),
        ("2a01:4f8::1", Origin.EXTERNAL),
        ("10.0.20.33", Origin.INTERNAL),
        ("fd00::1", Origin.INTERNAL),
        ("10.244.3.4", Origin.CLUSTER),
        ("10.0.20.1", Origin.EDGE),
        ("127.0.20.1", Origin.EDGE),
        ("127.0.0.1", Origin.LOOPBACK),
        ("::1", Origin.LOOPBACK),
        ("192.0.2.7", Origin.PROBE),
        ("10.0.20.50", Origin.PROBE),
        ("2001:db8:25::7", Origin.PROBE),
        ("::ffff:10.0.20.1", Origin.EDGE),
        ("::ffff:192.0.2.7", Origin.PROBE),
        ("IPv6:fd00::1", Origin.INTERNAL),
        ("unknown", Origin.UNKNOWN),
        ("", Origin.UNKNOWN),
    ],
)
def test_edge_wins_over_internal_and_probe_over_all(address: str, origin: Origin) -> None:
    """Each address has one origin, however it is written; asked twice, it is the same."""
    origins = Origins(NETWORKS)
    assert {origins.of(address), origins.of(address)} == {origin}


@given(st.text(max_size=40))
@settings(deadline=None, max_examples=50)
def test_any_text_has_an_origin(text: str) -> None:
    """What is no address is unknown, and harms nobody."""
    assert isinstance(Origins(NETWORKS).of(text), Origin)


def test_a_scan_from_everywhere_costs_bounded_memory() -> None:
    """More addresses than are remembered: still the right answers."""
    origins = Origins(NETWORKS)
    for number in range(REMEMBERED + 10):
        origins.of(str(ipaddress.ip_address(0x50000000 + number)))
    assert origins.of("10.0.20.1") is Origin.EDGE
    assert len(origins._known) <= REMEMBERED  # noqa: SLF001 - the bound is the point
