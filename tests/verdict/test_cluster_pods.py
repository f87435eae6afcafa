"""Why no Pod serves, in one sentence; and one line for each Pod."""

from dataclasses import replace

import pytest

from monitor.core.kube import Cluster, Container, KubeNode
from monitor.verdict.cluster_pods import told_pods, trouble
from tests.verdict.kube_build import DEPLOYMENT, POD, RUNNING, SOUND, with_container, with_pod

NO_ROOM = "write /var/mail: no space left on device"


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (with_container(state="waiting", reason="ImagePullBackOff", message="not found"), "cannot pull its image"),
        (
            with_container(state="waiting", reason="CrashLoopBackOff", restarts=7, last_reason="Error", last_exit=1),
            "crash-loops (7 restarts, last exit 1: Error)",
        ),
        (
            with_container(state="waiting", reason="CrashLoopBackOff", restarts=3, last_reason="OOMKilled"),
            "is killed for memory (OOMKilled, 3 restarts)",
        ),
        (with_container(state="terminated", reason="OOMKilled"), "is killed for memory"),
        (with_container(state="terminated", reason="Error", message=NO_ROOM), "has a full volume"),
        (with_container(state="waiting", reason="ContainerCreating"), "does not start (ContainerCreating)"),
        (with_container(), "is not ready"),
        (
            with_pod(ready=False, phase="Pending", reason="Unschedulable", message="0/4 nodes"),
            "finds no node: 0/4 nodes",
        ),
        (with_pod(ready=False, phase="Pending", containers=()), "is Pending"),
        (
            with_pod(ready=False, phase="Failed", reason="Evicted", message="low on disk"),
            "has ended (Evicted: low on disk)",
        ),
        (with_pod(leaving=True), "has no Pod: mailserver-1 is going, and no other is there"),
        (replace(SOUND, pods=()), "The mail server has no Pod."),
        (replace(SOUND, deployment=replace(DEPLOYMENT, wanted=0)), "is scaled to zero"),
        (
            replace(SOUND, pods=(), deployment=replace(DEPLOYMENT, reason="FailedCreate", message="exceeded quota")),
            "has no Pod (FailedCreate: exceeded quota)",
        ),
        (replace(with_container(), deployment=replace(DEPLOYMENT, rolling=True)), "while a new version is rolled out"),
    ],
)
def test_why_no_pod_serves(cluster: Cluster, words: str) -> None:
    """Each plight has Kubernetes' own words in it."""
    assert words in (trouble(cluster) or "")


@pytest.mark.parametrize("cluster", [SOUND, Cluster(), replace(SOUND, pods=None), replace(SOUND, deployment=None)])
def test_no_trouble_where_one_serves_or_nothing_is_known(cluster: Cluster) -> None:
    """What may not be read is no fault of the mail server's."""
    assert trouble(cluster) is None


def test_an_old_evicted_pod_does_not_hide_the_new_one() -> None:
    """Of several the newest that lives is told of; one that is ready is enough."""
    evicted = replace(POD, name="old", phase="Failed", ready=False, reason="Evicted", created=9.0)
    assert trouble(replace(SOUND, pods=(POD, evicted))) is None
    unready = replace(POD, ready=False)
    assert "mailserver-1 is not ready" in (trouble(replace(SOUND, pods=(unready, evicted))) or "")


def test_other_pods_of_the_namespace_do_not_count() -> None:
    """Pods of jobs and neighbours have other labels."""
    assert "has no Pod" in (trouble(replace(SOUND, pods=(replace(POD, labels={"app": "roundcube"}),))) or "")


def test_a_node_under_pressure_is_told_with_its_pod() -> None:
    """A full disk of the node explains the Pod."""
    node = KubeNode("k8s-node1", ("10.0.20.101",), ready=True, pressures=("DiskPressure",))
    assert "its node k8s-node1 has DiskPressure" in (trouble(replace(with_container(), nodes=(node,))) or "")


def test_pods_are_told_in_one_line() -> None:
    """Node, phase, restarts and how the container ended before."""
    crashed = Container("docker-mailserver", ready=True, restarts=2, state="running", last_reason="OOMKilled")
    sidecar = replace(RUNNING, name="sidecar", state="waiting", reason="ContainerCreating", ready=False)
    (line,) = told_pods(with_pod(containers=(crashed, sidecar)))
    assert line == (
        "pod mailserver-1 on k8s-node1: Running, ready, 2 restarts, docker-mailserver last ended by OOMKilled, "
        "sidecar waiting (ContainerCreating)"
    )
