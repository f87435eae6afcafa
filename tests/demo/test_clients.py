"""The invented outside world."""

from ipaddress import ip_address, ip_network

from monitor.demo.clients import VISITS
from monitor.demo.layout import Layout

DOCUMENTATION = (ip_network("198.51.100.0/24"), ip_network("203.0.113.0/24"))


def test_clients_are_nobodys_addresses_and_never_the_daemons() -> None:
    """They come from the two documentation networks of RFC 5737 from which the daemon claims none, to every service."""
    assert all(any(ip_address(address) in network for network in DOCUMENTATION) for _, address in VISITS)
    assert {name for name, _ in VISITS} == {service.name for service in Layout().services}
