"""The rules about an edge: its host, its HAProxy, NAT, its frontends, its pools."""

from monitor.core.haproxy import ServerState
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop, Verdict
from tests.verdict.build import (
    NODES,
    SERVICES,
    SMTP,
    SUBMISSION,
    check,
    door,
    haproxy,
    haproxy_failed,
    refused,
    seen,
    server,
    silent,
    status_of,
    well,
)


def test_haproxy_dead_explains_its_front_doors() -> None:
    """Socket dead and frontends refused: one cause, HAProxy; the front doors are its effects."""
    book = well()
    book.record(haproxy_failed(Phase.COMMAND, Reason.SOCKET_MISSING))
    for _ in range(2):
        for service in SERVICES:
            book.record(refused(door(service)))
    status = status_of(book)
    assert status.diagnosis.hop is Hop.HAPROXY
    assert status.diagnosis.others == ()
    assert status.health.status == "fail"


def test_a_dead_edge_is_the_edge() -> None:
    """SSH and every frontend silent while the nodes answer: the edge host."""
    book = well()
    book.record(haproxy_failed(Phase.SSH, Reason.TIMEOUT))
    for _ in range(2):
        for service in SERVICES:
            book.record(silent(door(service)))
    assert status_of(book).diagnosis.hop is Hop.EDGE


def test_good_nodes_behind_a_bad_front_door_is_the_backend() -> None:
    """Every node fine and the front door not: what lies between, HAProxy's backend."""
    book = well()
    for _ in range(2):
        book.record(seen(door(SUBMISSION), Verdict.HEADER_REJECTED))
    status = status_of(book)
    assert status.diagnosis.hop is Hop.BACKEND
    assert status.health.status == "fail"


def test_one_closed_frontend_is_that_frontend() -> None:
    """The edge lives, and its other frontends serve."""
    book = well()
    for _ in range(2):
        book.record(refused(door(SUBMISSION)))
    diagnosis = status_of(book).diagnosis
    assert diagnosis.hop is Hop.FRONTEND
    assert "587" in diagnosis.summary
    assert diagnosis.others == ()


def test_servers_that_work_and_are_taken_out_are_the_backends_fault() -> None:
    """The checks on HAProxy's side are wrong, not the nodes."""
    book = well()
    book.record(haproxy(*(server(each, node, ServerState.STOPPED) for each in SERVICES for node in NODES)))
    diagnosis = status_of(book).diagnosis
    assert diagnosis.hop is Hop.BACKEND
    assert sum(line.startswith("lb_down_path_up") for line in diagnosis.evidence) == len(SERVICES) * len(NODES)


def test_closed_healthcheck_ports_beside_open_data_ports_are_the_backends_fault() -> None:
    """HAProxy is about to take out every server of that service."""
    book = well()
    for node in NODES:
        for now in (1.0, 2.0):
            book.record(refused(check(SMTP, node.name), now=now))
    status_of(book)
    for each in book.plan.targets:
        if each.target.service == "smtp" and each.target.probe == "handshake":
            book.record(seen(each.target, now=3.0))
    assert book.status(4.0, 1_000_004.0).diagnosis.hop is Hop.BACKEND
