"""The rules about nodes and their NodePorts."""

from monitor.core.verdicts import Agreement, Hop, Verdict
from tests.verdict.build import (
    NODES,
    SERVICES,
    SUBMISSION,
    check,
    handshake,
    handshake_of,
    refused,
    seen,
    silent,
    status_of,
    well,
)


def test_a_silent_node_among_others_is_unreachable() -> None:
    """All ports of one node silent, the other node answering: the node, not its ports."""
    book = well()
    for _ in range(2):
        for service in SERVICES:
            book.record(silent(handshake(service, "k8s-node2")))
            if service.check_node_port is not None:
                book.record(silent(check(service, "k8s-node2")))
    status = status_of(book)
    verdicts = {each.verdict for each in status.handshakes if each.target.node == "k8s-node2"}
    assert verdicts == {Verdict.NODE_UNREACHABLE}
    assert status.diagnosis.hop is Hop.NODE
    assert "k8s-node2" in status.diagnosis.summary
    assert status.diagnosis.others == ()


def test_one_port_refused_on_one_node() -> None:
    """One data port of one node: port_closed, HAProxy still sends clients there, hop nodeport."""
    book = well()
    for _ in range(2):
        book.record(refused(handshake(SUBMISSION, "k8s-node2")))
    status = status_of(book)
    shown = handshake_of(status, handshake(SUBMISSION, "k8s-node2"))
    assert (shown.verdict, shown.agreement) == (Verdict.PORT_CLOSED, Agreement.LB_UP_PATH_DOWN)
    assert status.diagnosis.hop is Hop.NODEPORT
    assert status.health.status == "warn"


def test_all_nodes_silent_while_the_edge_is_there_is_one_cause() -> None:
    """Not a fault of each node: all of them, or the network to them; the checks are its effects."""
    book = well()
    for node in NODES:
        for service in SERVICES:
            for _ in range(2):
                book.record(silent(handshake(service, node.name)))
                if service.check_node_port is not None:
                    book.record(silent(check(service, node.name)))
    diagnosis = status_of(book).diagnosis
    assert diagnosis.hop is Hop.MAIL_SERVER
    assert diagnosis.others == ()


def test_a_blocked_healthcheck_port_of_one_node_is_its_nodeport() -> None:
    """HAProxy will take that server out, although mail would flow through it."""
    book = well()
    for _ in range(2):
        book.record(refused(check(SUBMISSION, "k8s-node2"), now=1.0))
    book.record(seen(handshake(SUBMISSION, "k8s-node2"), now=2.0))
    diagnosis = status_of(book).diagnosis
    assert diagnosis.hop is Hop.NODEPORT
    assert "k8s-node2:30147 (submission)" in diagnosis.summary
