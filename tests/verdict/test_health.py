"""The health of a path: the worst of its checks."""

from dataclasses import replace

import pytest

from monitor.core.model import Target
from monitor.core.observations import NegativeObservation
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.verdict.health import worst_status
from monitor.verdict.path_book import PathBook
from tests import kinds
from tests.verdict.build import (
    NODES,
    SMTP,
    SMTPS,
    all_well,
    check,
    door,
    handshake,
    haproxy_failed,
    mute,
    negative,
    plan,
    refused,
    seen,
    status_of,
    well,
)


def test_a_service_that_is_not_required_fails_for_itself_alone() -> None:
    """Without smtps on any node its path is worried, and whoever asks after smtps is told that it fails."""
    book = well()
    for node in NODES:
        for _ in range(2):
            book.record(mute(handshake(SMTPS, node.name)))
    health = status_of(book).health
    (nodes,) = (each for each in health.checks if each.name == "smtps:nodes")
    assert (health.status, nodes.status, nodes.alone) == ("warn", "warn", "fail")


def test_a_path_without_nodes_is_not_healthy() -> None:
    """The front doors may be fine: what is required on one node at least is on none."""
    status = status_of(all_well(PathBook(plan(nodes=()))))
    assert {each.verdict for each in status.front_doors} == {Verdict.OK}
    assert status.health.status == "fail"


def test_the_worst_check_is_the_health_and_none_is_a_failure() -> None:
    """Knowing nothing is not being healthy."""
    assert [worst_status(each) for each in (["pass", "warn"], ["warn", "fail", "pass"], ["pass"], [])] == [
        "warn",
        "fail",
        "pass",
        "fail",
    ]


def test_one_bad_node_is_a_warning_and_too_few_are_a_failure() -> None:
    """As many as the rule requires must be healthy."""
    book = well()
    for _ in range(2):
        book.record(mute(handshake(SMTP)))
    assert status_of(book).health.status == "warn"
    book.replan(replace(book.plan, health=replace(book.plan.health, healthy_nodes=2)))
    assert status_of(book).health.status == "fail"


def test_a_client_ip_that_is_lost_makes_a_front_door_unhealthy() -> None:
    """Mail flows, and every limit and filter by address fails."""
    book = well()
    for _ in range(2):
        book.record(seen(door(SMTP), Verdict.CLIENT_IP_LOST))
    checks = {each.name: each.status for each in status_of(book).health.checks}
    assert checks["smtp:front_door"] == "fail"
    assert checks["smtp:nodes"] == "pass"


def test_a_closed_healthcheck_port_or_a_blind_edge_is_a_warning() -> None:
    """Mail flows; HAProxy or our view of it suffers."""
    book = well()
    for _ in range(2):
        book.record(refused(check(SMTP)))
    book.record(haproxy_failed(Phase.SSH, Reason.TIMEOUT))
    checks = {each.name: each.status for each in status_of(book).health.checks}
    assert (checks["smtp:checks"], checks["pfsense:haproxy"]) == ("warn", "warn")
    assert status_of(book).health.status == "warn"


@pytest.mark.parametrize(
    ("probe", "refused_", "status"),
    [
        (kinds.RELAY_CANARY, True, "pass"),
        (kinds.RELAY_CANARY, False, "fail"),
        (kinds.NO_HEADER, False, "warn"),
        (kinds.HEADER_ON_CHECK, False, "warn"),
    ],
)
def test_an_open_relay_fails_and_other_acceptances_warn(probe: kinds.ProbeKind, *, refused_: bool, status: str) -> None:
    """A relay is used by anyone within hours; the others need someone inside."""
    where = Target("home", probe, "", "smtp")
    book = PathBook(replace(plan(), negatives=(negative(where),)))
    all_well(book)
    book.record(NegativeObservation(where, "k8s-node1", 0.0, 0.0, 1_000_000.0, refused_))
    checks = {each.name: each.status for each in status_of(book).health.checks}
    assert checks[f"smtp:{probe}"] == status
