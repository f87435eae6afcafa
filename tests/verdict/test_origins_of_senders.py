"""Whose address was recorded: the sender's, or an internal one."""

import ipaddress

import pytest

from monitor.verdict.origins import OriginNetworks, Origins, sent_by_ourselves, sent_from_outside

EDGE = (ipaddress.ip_network("10.0.20.1/32"),)
INTERNAL = (ipaddress.ip_network("10.0.0.0/8"),)
ORIGINS = Origins(OriginNetworks(frozenset({"192.0.2.1"}), EDGE, (), INTERNAL), ["203.0.113.101"])


@pytest.mark.parametrize(
    ("recorded", "own"),
    [
        ("77.32.148.20", True),
        ("2001:db8::1", True),
        ("203.0.113.101", False),  # a node with an address of the internet's
        ("10.0.20.1", False),
        ("10.0.20.101", False),
        ("127.0.0.1", False),
        ("192.0.2.1", False),
    ],
)
def test_from_outside(recorded: str, own: bool) -> None:  # noqa: FBT001 - a column of the table
    """Who sends from the internet has an address of the internet, and no address of ours."""
    assert sent_from_outside(ORIGINS)(recorded, "") is own


@pytest.mark.parametrize(
    ("recorded", "own"),
    [("10.0.20.50", True), ("10.9.1.1", True), ("10.0.20.1", False), ("10.0.20.101", None), ("2001:db8::1", None)],
)
def test_by_ourselves(recorded: str, own: bool | None) -> None:  # noqa: FBT001 - a column of the table
    """Our own address is right, the edge's is wrong, and of any other nobody knows."""
    judge = sent_by_ourselves(ORIGINS, [ipaddress.ip_network("10.9.0.0/16")])
    assert judge(recorded, "10.0.20.50") is own
