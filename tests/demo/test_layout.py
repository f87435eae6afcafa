"""Addresses and ports of the simulated path."""

import ipaddress

from monitor.demo.layout import Layout, layouts


def test_the_first_layout_has_the_runbooks_node_ports() -> None:
    """The ports that the documentation shows are those of the runbook, frontends above the privileged ones."""
    layout = Layout()
    assert [service.node_port for service in layout.services] == [30125, 30126, 30127, 30128]
    assert [service.check_node_port for service in layout.services] == [30145, 30146, 30147, None]
    assert [service.frontend_port for service in layout.services] == [20025, 20465, 20587, 20993]


def test_everything_is_on_loopback() -> None:
    """No layout leaves 127/8, and all ports stay below the ephemeral ones."""
    for layout in layouts():
        addresses = [layout.edge_address, layout.monitor_address, *(node.address for node in layout.nodes)]
        assert all(ipaddress.ip_address(address).is_loopback for address in addresses)
        assert len(set(addresses)) == 6
        assert max(service.check_node_port or 0 for service in layout.services) < 32768


def test_layouts_share_no_address_and_no_port() -> None:
    """What is in the way of one layout, at an address or at all of them, is not in the way of the next."""
    first, second, *_ = layouts()
    assert not {node.address for node in first.nodes} & {node.address for node in second.nodes}
    assert not {service.node_port for service in first.services} & {service.node_port for service in second.services}
