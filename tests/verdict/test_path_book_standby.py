"""A replica that stands by: it judges what it sees itself, and claims no more than that."""

from dataclasses import replace

import pytest

from monitor.core.status import PathStatus
from monitor.core.verdicts import Hop
from monitor.verdict.path_book import PathBook
from tests import kinds
from tests.verdict.build import NODES, SERVICES, check, haproxy, log_alive, plan, refused, seen


def standby(*down: str) -> PathStatus:
    """Give what a standby says where the checks of these nodes fail."""
    whole = plan(fall=1)
    targets = tuple(each for each in whole.targets if each.target.probe is kinds.CHECK)
    book = PathBook(replace(whole, targets=targets, elected=False))
    for node in NODES:
        for service in SERVICES:
            if service.check_node_port is not None:
                where = check(service, node.name)
                book.record(refused(where) if node.name in down else seen(where))
    book.record(haproxy())
    book.record(log_alive())
    return book.status(1.0, 1_000_001.0)


def test_it_shows_its_checks_and_says_that_it_stands_by() -> None:
    """What is the leader's is absent; the diagnosis does not claim that every hop is fine."""
    status = standby()
    assert status.elected is False
    assert len(status.checks) == 6
    assert status.handshakes == ()
    assert status.diagnosis.hop is Hop.NONE
    assert status.diagnosis.summary.startswith("This replica stands by")


def test_its_health_is_a_warning_at_best() -> None:
    """Checks say that a port is open, not that mail flows: a standby never passes, and needs not fail either."""
    health = standby().health
    assert health.status == "warn"
    told = {each.name: (each.status, each.output) for each in health.checks}
    assert told["smtp:nodes"] == (
        "warn",
        "healthcheck NodePort up on 2 of 2 nodes; this replica stands by, the handshakes are the leader's",
    )
    assert told["imaps:nodes"][1].startswith("not looked at; ")


@pytest.mark.parametrize(("down", "status"), [(("k8s-node1",), "warn"), (("k8s-node1", "k8s-node2"), "fail")])
def test_too_few_open_ports_are_a_failure(down: tuple[str, ...], status: str) -> None:
    """Where not even the healthcheck ports answer on enough nodes, a standby knows that the path is not healthy."""
    assert standby(*down).health.status == status


def test_without_an_election_nothing_is_said_of_it() -> None:
    """A path that every replica probes is neither led nor stood by."""
    assert PathBook(plan()).status(0.0, 0.0).elected is None
