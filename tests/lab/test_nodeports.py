"""NodePorts as kube-proxy makes them, and every way in which they break."""

import re

import pytest

from tests.lab.dialogue import Dialogue
from tests.lab.helpers import BLINK, FRONTEND_PORTS, GREETING, each_node, open_node_port
from tests.lab.lab import Lab
from tests.lab.network import NODES, POD


def test_the_pod_sees_the_node_and_never_the_client_behind_it(lab: Lab) -> None:
    """The healthcheck NodePorts lead to the stock listeners, under the node's own address."""

    def probe(node: str) -> None:
        mark = lab.maillog.mark()
        with Dialogue(lab.connect(NODES[node], 30147)) as dialogue:
            assert dialogue.reply() == GREETING
            dialogue.say("QUIT")
        lab.maillog.wait_for(
            rf"postfix/submission/smtpd\[\d+\]: connect from unknown\[{re.escape(NODES[node])}\]", mark
        )

    each_node(probe)


def test_a_single_node_port_refuses_goes_dark_and_heals(lab: Lab) -> None:
    """A fault hits one port of one node, the next connection on."""
    port = lab.nodeport("k8s-node3", 30127)
    port.refuse()
    with pytest.raises(ConnectionRefusedError):
        lab.connect(port.address, 30127)
    lab.connect(port.address, 30126).close()
    lab.connect(NODES["k8s-node2"], 30127).close()
    port.heal()
    lab.connect(port.address, 30127).close()
    port.blackhole()
    with pytest.raises(TimeoutError):
        lab.connect(port.address, 30127, timeout=BLINK)
    lab.heal()
    lab.connect(port.address, 30127).close()


def test_a_whole_node_goes_dark_with_the_connections_through_it(lab: Lab) -> None:
    """A dead machine answers nothing, neither to new nor to old connections, while its neighbour lives."""
    node = lab.nodes["k8s-node2"]
    with Dialogue(lab.connect(node.address, 30147), timeout=BLINK) as old:
        assert old.reply() == GREETING
        node.blackhole()
        with pytest.raises(TimeoutError):
            old.say("NOOP")
        for port in (30125, 30147):
            with pytest.raises(TimeoutError):
                lab.connect(node.address, port, timeout=BLINK)
        lab.connect(NODES["k8s-node1"], 30147).close()


def test_a_whole_node_refuses(lab: Lab) -> None:
    """A node without kube-proxy answers every port with a reset."""
    node = lab.nodes["k8s-node4"]
    node.refuse()
    for port in FRONTEND_PORTS:
        with pytest.raises(ConnectionRefusedError):
            lab.connect(node.address, port)
    node.heal()
    lab.connect(node.address, 30126).close()


def test_swapped_node_ports_lead_to_each_others_listener(lab: Lab) -> None:
    """Behind 30125 speaks submission's smtpd, without a teaser, and nobody else is hit."""
    lab.nodeport("k8s-node1", 30125).swap(30127)
    mark = lab.maillog.mark()
    with open_node_port(lab, "k8s-node1", 30125, "192.0.2.200") as dialogue:
        assert dialogue.line() == GREETING
        dialogue.say("QUIT")
    lab.maillog.wait_for(r"smtpd-proxy587/smtpd\[\d+\]: connect from unknown\[192\.0\.2\.200\]", mark)


def test_a_node_port_wired_to_a_stock_listener_does_not_consume_the_header(lab: Lab) -> None:
    """The header comes back as syntax errors; its signature even contains a QUIT."""
    lab.nodeport("k8s-node1", 30127).rewire(587)
    with open_node_port(lab, "k8s-node1", 30127, "192.0.2.201") as dialogue:
        assert dialogue.line() == GREETING
        assert [dialogue.line() for _ in range(4)] == ["500 5.5.2 Error: bad syntax"] * 3 + ["221 2.0.0 Bye"]


def test_a_dead_proxy_listener_is_dead_on_all_nodes_while_the_stock_port_lives(lab: Lab) -> None:
    """5587 refuses, then is silent, through every node; 587 greets."""
    listener = lab.listener(5587)
    listener.refuse()
    for address in NODES.values():
        with pytest.raises(ConnectionRefusedError):
            lab.connect(address, 30127)
        lab.connect(address, 30147).close()
    with pytest.raises(ConnectionRefusedError):
        lab.connect(POD, 5587)
    listener.heal()
    listener.blackhole()
    with pytest.raises(TimeoutError):
        lab.connect(NODES["k8s-node1"], 30127, timeout=BLINK)
