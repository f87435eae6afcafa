"""Who a probe claims to be: a PROXY v2 header with our socket's own port as the client's."""

import pytest

from monitor.core.conversation import Endpoints
from monitor.probes.claim import Claim
from monitor.wire.proxy_v2 import decode_v2


@pytest.mark.parametrize(
    ("client", "destination"), [("192.0.2.7", ("10.0.20.1", 25)), ("2001:db8:25::7", ("2001:db8::1", 993))]
)
def test_the_header_names_the_client_and_the_edges_frontend(client: str, destination: tuple[str, int]) -> None:
    """Section 2.2 of the PROXY protocol: whole, and nothing behind it."""
    header = Claim(client, destination).header(Endpoints("10.0.20.50", 40001, "10.0.20.101", 30125))
    decoded = decode_v2(header)
    assert decoded is not None
    assert decoded[1] == len(header) < 536
    said = decoded[0]
    assert (said.source, said.destination) == ((client, 40001), destination)


def test_a_claim_across_address_families_is_refused() -> None:
    """A header has one family for both ends."""
    with pytest.raises(ValueError, match="Expected 4 octets"):
        Claim("192.0.2.7", ("2001:db8::1", 25))
