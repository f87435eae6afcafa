"""The Pods' own truth in the diagnosis: as the cause, or as evidence for another."""

from dataclasses import replace

import pytest

from monitor.core.kube import Cluster
from monitor.core.model import Node
from monitor.core.verdicts import Hop
from monitor.verdict.path_book import PathBook
from tests.verdict.build import NODES, SERVICES, check, door, handshake, mute, refused, silent
from tests.verdict.kube_build import RUNNING, SOUND, book, with_container, with_pod

NOW = 1_000_000.0
CRASHING = with_container(state="waiting", reason="CrashLoopBackOff", restarts=7, last_exit=1)


def nothing_listens(made: PathBook, nodes: tuple[Node, ...] = NODES) -> PathBook:
    """Record that every port of these nodes is refused, and that HAProxy has nobody to send clients to; for certain."""
    for _ in range(2):
        for node in nodes:
            for service in SERVICES:
                made.record(refused(handshake(service, node.name)))
                if service.check_node_port is not None:
                    made.record(refused(check(service, node.name)))
        for service in SERVICES:
            made.record(mute(door(service)))
    return made


@pytest.mark.parametrize("cluster", [CRASHING, replace(SOUND, pods=())])
def test_a_pod_that_does_not_serve_explains_everything(cluster: Cluster) -> None:
    """Handshakes, checks and front doors that fail are effects of the one cause."""
    diagnosis = nothing_listens(book(cluster)).status(1.0, NOW).diagnosis
    assert diagnosis.hop is Hop.CLUSTER
    assert diagnosis.others == ()
    assert len(diagnosis.effects) == 8 + 6 + 4


def test_the_pod_is_the_cause_before_anything_fails() -> None:
    """The API knows first."""
    diagnosis = book(CRASHING).status(1.0, NOW).diagnosis
    assert diagnosis.hop is Hop.CLUSTER
    assert "crash-loops (7 restarts" in diagnosis.summary
    assert diagnosis.evidence == (
        "pod mailserver-1 on k8s-node1: Running, not ready, 7 restarts, docker-mailserver waiting (CrashLoopBackOff)",
    )


def test_a_node_that_is_silent_is_a_cause_of_its_own() -> None:
    """A dead Pod does not silence a node."""
    made = nothing_listens(book(CRASHING), NODES[:1])
    for _ in range(2):
        for service in SERVICES:
            made.record(silent(handshake(service, "k8s-node2")))
            if service.check_node_port is not None:
                made.record(silent(check(service, "k8s-node2")))
    diagnosis = made.status(1.0, NOW).diagnosis
    assert diagnosis.hop is Hop.CLUSTER
    assert any(other.startswith("node: ") for other in diagnosis.others)


def test_a_pod_that_was_restarted_just_now_explains_what_fails() -> None:
    """Ready again, and not all of it is up yet; long ago it explains nothing."""
    for ago, hop in ((30.0, Hop.CLUSTER), (600.0, Hop.MAIL_SERVER)):
        container = replace(RUNNING, restarts=1, last_reason="OOMKilled", last_finished=NOW - ago)
        made = nothing_listens(book(with_pod(containers=(container,))))
        assert made.status(1.0, NOW).diagnosis.hop is hop


def test_the_pods_truth_is_evidence_for_the_mail_servers_faults() -> None:
    """Where another rule names the cause, the API's view of the Pod stands beside it."""
    diagnosis = nothing_listens(book()).status(1.0, NOW).diagnosis
    assert diagnosis.hop is Hop.MAIL_SERVER
    assert diagnosis.evidence[-1] == "pod mailserver-1 on k8s-node1: Running, ready"


def test_old_knowledge_names_no_cause() -> None:
    """What the API said before it fell silent may be wrong by now."""
    made = book(CRASHING)
    assert made.status(100.0, NOW + 100).diagnosis.hop is not Hop.CLUSTER
