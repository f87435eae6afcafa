"""Who a probe claims to be: a PROXY v2 header with our socket's own port as the client's."""

from pathlib import Path

import msgspec
import pytest

from monitor.core.conversation import Endpoints
from monitor.probes.claim import IPV6_DESTINATION, Claim, claimed_destinations, origin_networks
from monitor.verdict.origins import Origins
from monitor.wire.proxy_v2 import decode_v2
from tests.probes.home import settings


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


def test_who_is_who_in_the_log(tmp_path: Path) -> None:
    """Our claimed addresses and our own sockets are probes, an edge's address is the edge, the house is internal."""
    path = settings(tmp_path)
    origins = Origins(origin_networks(path, frozenset({"10.0.20.50"})))
    seen = ["10.0.20.50", "10.0.20.1", "2001:db8:25::1", "10.0.20.101", "198.51.100.7", "127.0.0.1", "unknown", ""]
    assert [origins.of(address) for address in seen] == [
        "probe",
        "edge",
        "edge",
        "internal",
        "external",
        "loopback",
        "unknown",
        "unknown",
    ]


def test_what_a_header_names_is_no_stock_listeners_address(tmp_path: Path) -> None:
    """The edges' addresses; the nodes' where there is no edge; and that of our IPv6 handshakes."""
    path = settings(tmp_path)
    assert claimed_destinations(path) == {"10.0.20.1", "2001:db8:25::1"}
    nodes = {f"10.0.20.10{number}" for number in (1, 2, 3, 4)}
    assert claimed_destinations(msgspec.structs.replace(path, edges=())) == {*nodes, IPV6_DESTINATION}
