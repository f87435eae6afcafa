"""Strangers' addresses are masked, the house's own are not, and nothing else is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.publish.masking import masked, own_addresses
from tests.publish.statuses import path_status

KNOWN = frozenset({"9.9.9.9", "2a01:4f8::1"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from 8.8.4.4:25.", "from 8.8.4.x:25."),
        ("by 8.8.4.4.", "by 8.8.4.x."),
        ("[8.8.4.4]", "[8.8.4.x]"),
        ("2a00:1450:4001:812::200e said", "2a00:1450::x said"),
        ("[IPv6:2A00:1450::1]", "[IPv6:2a00:1450::x]"),
        ("::ffff:8.8.4.4.", "::ffff:8.8.4.x."),
        ("9.9.9.9 and 2a01:4f8::1", "9.9.9.9 and 2a01:4f8::1"),
        ("192.0.2.7 10.0.20.1 127.0.0.1 2001:db8::1 fd00::1", "192.0.2.7 10.0.20.1 127.0.0.1 2001:db8::1 fd00::1"),
        ("11:42:51 HAProxy 2.8.3 ab:cd:ef", "11:42:51 HAProxy 2.8.3 ab:cd:ef"),
        ("1.2.3.4.5 999.1.1.1", "1.2.3.4.5 999.1.1.1"),
    ],
)
def test_addresses_of_the_internet_are_masked(text: str, shown: str) -> None:
    """To the network that an abuse desk would ask about; times, versions and fingerprints stay."""
    assert masked(text, KNOWN) == shown


@given(st.text(max_size=200))
def test_any_text_is_masked_without_harm(text: str) -> None:
    """Nothing that a peer says breaks it, and doing it twice changes nothing more."""
    assert masked(masked(text)) == masked(text)


def test_the_house_knows_its_own() -> None:
    """Edges, nodes, and whom our own connections claim to be."""
    assert own_addresses(path_status()) == {"10.0.20.1", "10.0.20.101"}
