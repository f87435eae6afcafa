"""The daemon and a real API server: nodes come and go as targets, drift is told, old knowledge is called old."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from monitor.config.load import parsing
from monitor.config.options import RunOptions
from monitor.core.status import Drift, PathStatus
from monitor.core.verdicts import Hop
from monitor.daemon import kube_watch
from monitor.daemon.service import Daemon
from monitor.probes import kubernetes_objects
from monitor.probes.kubernetes import PROC
from tests.kinds import CHECK, HANDSHAKE, ProbeKind
from tests.kube.cluster import Cluster, free_ports
from tests.kube.kubelet import Answer, Kubelet, Line
from tests.kube.mail_server import install
from tests.kube.objects import PROXY_PORTS, container_status, failed_job, job, node, pod, proxy_service
from tests.kube.watched import Watched

POD = "mailserver-5d8f7c9b6-x2v4q"
POD_ADDRESS = "127.0.0.7"
NODE, OTHER = node("k8s-node1", "127.0.1.1"), node("k8s-node2", "127.0.1.2")

CONFIG = """
paths:
  - name: home
    nodes: {nodes}
    services: {services}
    tls: {{server_name: mail.example.org}}
    kubernetes: {{kubeconfig: {kubeconfig}{more}}}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and wait for nothing long."""
    monkeypatch.setattr(kubernetes_objects, "INTERVAL", 0.5)
    monkeypatch.setattr(kubernetes_objects, "TIMEOUT", 1.0)
    monkeypatch.setattr(kube_watch, "SETTLE", 0.05)


@asynccontextmanager
async def watching(
    cluster: Cluster, nodes: str = "{kubernetes: {}}", services: str = "{}", more: str = ""
) -> AsyncIterator[Watched]:
    """Run a daemon on one path."""
    text = CONFIG.format(nodes=nodes, services=services, kubeconfig=cluster.kubeconfig, more=more)
    daemon = Daemon(lambda: parsing(text.encode(), ""), RunOptions())
    await daemon.start()
    try:
        yield Watched(daemon)
    finally:
        await daemon.stop()


def names(status: PathStatus, probe: ProbeKind = HANDSHAKE) -> set[str]:
    """Give the nodes that are probed."""
    statuses = status.handshakes if probe is HANDSHAKE else status.checks
    return {each.target.node for each in statuses}


def drifts(status: PathStatus) -> dict[tuple[str, str], tuple[str, str]]:
    """Give every drift, by subject and kind, with both values."""
    found = [each for each in status.findings if isinstance(each, Drift)]
    return {(each.subject, each.kind): (each.declared, each.observed) for each in found}


def kinds(status: PathStatus) -> set[str]:
    """Give the kinds of all findings."""
    return {finding.kind for finding in status.findings}


def listeners(status: PathStatus) -> Mapping[int, bool]:
    """Give what is known of the pod's ports."""
    cluster = status.cluster.current if status.cluster is not None else None
    return cluster.listeners if cluster is not None else {}


def known(status: PathStatus) -> bool:
    """Tell whether a whole round has brought knowledge."""
    return status.cluster is not None and bool(status.cluster.up) and not status.cluster.stale


async def test_nodes_become_targets_and_go_with_their_objects(cluster: Cluster) -> None:
    """Every node that matches is probed, NotReady and cordoned ones too, until its object is deleted."""
    admin = cluster.admin
    control = node("control", "127.0.1.9", labels={"node-role.kubernetes.io/control-plane": ""})
    admin.create(control)
    admin.create(NODE)
    admin.create(node("k8s-node2", "127.0.1.2", ready=False, cordoned=True))
    async with watching(cluster) as watched:
        status = await watched.until(lambda seen: names(seen) == {"k8s-node1", "k8s-node2"})
        assert not watched.daemon.ready()
        status = await watched.until(lambda _: watched.daemon.ready())
        assert all(check.last is not None for check in status.checks)
        assert names(status, CHECK) == {"k8s-node1", "k8s-node2"}
        status = await watched.until(lambda seen: {"node_not_ready", "node_cordoned"} <= kinds(seen))
        assert {each.address for each in status.handshakes} == {"127.0.1.1", "127.0.1.2"}
        admin.create(node("k8s-node3", "127.0.1.3"))
        await watched.until(lambda seen: "k8s-node3" in names(seen))
        assert 'mailpath_probes_total{node="k8s-node3",path="home"' in watched.metrics
        admin.delete("Node", "k8s-node1")
        await watched.until(lambda seen: names(seen) == {"k8s-node2", "k8s-node3"})


async def test_fixed_and_found_nodes_differ(cluster: Cluster) -> None:
    """With both, the fixed nodes stay as declared, the found ones join them, and the difference is told."""
    cluster.admin.create(NODE)
    cluster.admin.create(OTHER)
    fixed = "{static: [{name: k8s-node1, address: 127.0.1.5}, {name: gone, address: 127.0.1.6}], kubernetes: {}}"
    async with watching(cluster, fixed, more=", ignore_drift: [node/gone]") as watched:
        status = await watched.until(lambda seen: "k8s-node2" in names(seen) and len(drifts(seen)) > 2)
        assert names(status) == {"k8s-node1", "k8s-node2", "gone"}
        found = {key: value for key, value in drifts(status).items() if key[0].startswith("node/")}
        assert found == {
            ("node/k8s-node1", "address"): ("127.0.1.5", "127.0.1.1"),
            ("node/k8s-node2", "discovered_only"): ("not among nodes.static", "127.0.1.2"),
            ("node/gone", "static_only"): ("127.0.1.6", "no such Node"),
        }
        acknowledged = [each for each in status.findings if isinstance(each, Drift) and each.acknowledged]
        assert [(each.subject, each.severity) for each in acknowledged] == [("node/gone", "info")]


async def test_the_runbooks_cluster_has_no_drift(cluster: Cluster) -> None:
    """What the runbook declares is what there is: nothing is told but that the pod's address is out of reach."""
    cluster.admin.create(NODE)
    install(cluster.admin)
    async with watching(cluster) as watched:
        status = await watched.until(known)
        assert drifts(status) == {}
        assert {each.kind for each in status.findings if each.subject != "smtp"} <= {"relay_canary"}


DRIFTS = {
    "wrong target": ({"mailserver-proxy/smtp": "target_port"}, [("smtp", 25, 25, 30125), *PROXY_PORTS[1:]]),
    "check on the PROXY port": (
        {"mailserver-proxy/smtp-check": "target_port"},
        [*PROXY_PORTS[:4], ("smtp-check", 2500, 2525, 30145), *PROXY_PORTS[5:]],
    ),
    "NodePort gone": ({"mailserver-proxy/imaps": "node_port"}, [*PROXY_PORTS[:3], *PROXY_PORTS[4:]]),
    "NodePort moved": (
        {"mailserver-proxy/submission": "node_port"},
        [*PROXY_PORTS[:2], ("submission", 587, 5587, 30227), *PROXY_PORTS[3:]],
    ),
}


@pytest.mark.parametrize("case", DRIFTS)
async def test_a_wrong_triple_is_drift(cluster: Cluster, case: str) -> None:
    """Each of port, target port and NodePort is compared."""
    expected, ports = DRIFTS[case]
    cluster.admin.create(NODE)
    install(cluster.admin)
    cluster.admin.delete("Service", "mailserver-proxy")
    cluster.admin.create(proxy_service(ports))
    async with watching(cluster) as watched:
        status = await watched.until(lambda seen: bool(drifts(seen)))
        assert dict(drifts(status)) == {key: drifts(status)[key] for key in expected.items()}


async def test_changes_are_seen_at_once(cluster: Cluster) -> None:
    """Service, EndpointSlice, ConfigMap and the inner Service: each drift comes and goes while the daemon runs."""
    admin = cluster.admin
    admin.create(NODE)
    install(admin)
    async with watching(cluster) as watched:
        await watched.until(known)
        admin.patch("Service", "mailserver-proxy", {"spec": {"externalTrafficPolicy": "Local"}})
        admin.patch("EndpointSlice", "mailserver-proxy-1", {"endpoints": [], "ports": None})
        admin.patch("ConfigMap", "mailserver-user-patches", {"data": {"user-patches.sh": "#!/bin/bash\n"}})
        admin.patch("Service", "mailserver", {"spec": {"type": "LoadBalancer"}})
        await watched.until(
            lambda seen: {"external_traffic_policy", "no_endpoint", "proxy_listener", "type"} <= kinds(seen)
        )
        admin.patch("Service", "mailserver-proxy", {"spec": {"externalTrafficPolicy": "Cluster"}})
        admin.patch("Service", "mailserver", {"spec": {"type": "ClusterIP"}})
        admin.delete("ConfigMap", "mailserver-user-patches")
        status = await watched.until(lambda seen: "config_map_missing" in kinds(seen))
        assert not {"external_traffic_policy", "proxy_listener", "type"} & kinds(status)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_old_knowledge_is_called_old(cluster: Cluster, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the API the nodes stay, the rest is judged no more; with it back, all is as before."""
    monkeypatch.setattr(kubernetes_objects, "TIMEOUT", 0.5)
    cluster.admin.create(NODE)
    install(cluster.admin)
    async with watching(cluster) as watched:
        await watched.until(lambda seen: known(seen) and names(seen) == {"k8s-node1"})
        (cluster.kill if fault == "killed" else cluster.freeze)()
        status = await watched.until(lambda seen: seen.cluster is not None and seen.cluster.up is False)
        assert "kubernetes_down" in kinds(status)
        status = await watched.until(lambda seen: seen.cluster is not None and seen.cluster.stale)
        assert names(status) == {"k8s-node1"}
        assert status.cluster is not None
        assert status.cluster.known is not None
        assert status.cluster.current is None
        await asyncio.to_thread(cluster.heal)
        await asyncio.to_thread(cluster.admin.create, OTHER)
        status = await watched.until(lambda seen: known(seen) and len(names(seen)) == 2)
        assert "kubernetes_down" not in kinds(status)


async def test_the_pods_plight_is_the_diagnosis(cluster: Cluster) -> None:
    """A pod that crash-loops is the cause, in Kubernetes' own words, before anything that follows from it."""
    cluster.admin.create(NODE)
    install(cluster.admin)
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
    killed = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-03-01T10:00:00Z"}}
    container = container_status(ready=False, restarts=7, state=waiting, last=killed)
    cluster.admin.patch_status("Pod", POD, pod(ready=False, status=container)["status"])
    async with watching(cluster) as watched:
        status = await watched.until(lambda seen: seen.diagnosis.hop is Hop.CLUSTER)
        assert "OOMKilled, 7 restarts" in status.diagnosis.summary
        assert any("on k8s-node1" in line for line in status.diagnosis.evidence)


@pytest.fixture
def listening() -> Iterator[list[int]]:
    """Listen on five ports of the pod's address; a sixth refuses."""
    ports = free_ports(6)
    with ExitStack() as open_ports:
        for port in ports[:5]:
            open_ports.enter_context(socket.create_server((POD_ADDRESS, port)))
        yield ports


async def test_listeners_are_tried_at_the_pods_address(cluster: Cluster, listening: list[int]) -> None:
    """Each port of the pod is up or down by a silent connect to it."""
    cluster.admin.create(NODE)
    install(cluster.admin)
    cluster.admin.patch_status("Pod", POD, {"podIP": POD_ADDRESS, "podIPs": [{"ip": POD_ADDRESS}]})
    services = ", ".join(
        f"{name}: {{listener_port: {listening[index]}, check_listener_port: {listening[index + 3]}}}"
        for index, name in enumerate(("smtp", "smtps", "submission"))
    )
    async with watching(cluster, services=f"{{{services}, imaps: null}}") as watched:
        status = await watched.until(lambda seen: bool(listeners(seen)))
        assert listeners(status) == {port: port in listening[:5] for port in sorted(listening)}


@pytest.mark.parametrize("program", ["ss", "the kernel"])
async def test_listeners_are_looked_up_in_the_container(cluster: Cluster, kubelet: Kubelet, program: str) -> None:
    """Where exec is chosen, ss tells, or the kernel's own tables where the image has no ss."""
    install(cluster.admin)
    if program == "ss":
        kubelet.answers["ss", "-ltn"] = Answer(b"LISTEN 0 100 *:2525 *:*\nLISTEN 0 100 127.0.0.1:25 *:*\n")
    else:
        kubelet.answers[PROC] = Answer(b"   0: 00000000:09DD 00000000:0000 0A 0:0\n")
    async with watching(cluster, more=", listeners: exec") as watched:
        status = await watched.until(lambda seen: bool(listeners(seen)))
        assert listeners(status) == {port: port == 2525 for port in (25, 465, 587, 993, 2525, 4465, 5587, 10993)}
        assert "listener_closed" in kinds(status)


async def test_a_volume_that_fills_is_seen_from_inside(cluster: Cluster, kubelet: Kubelet) -> None:
    """Who may look inside sees how full the mail's volumes are."""
    install(cluster.admin)
    heading = b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"
    kubelet.answers["df", "-P"] = Answer(heading + b"10.0.10.15:/mail 10475520 9742336 733184 93% /var/mail\n")
    async with watching(cluster, more=", listeners: exec") as watched:
        status = await watched.until(lambda seen: "volume_full" in kinds(seen))
    (finding,) = [each for each in status.findings if each.kind == "volume_full"]
    assert (finding.severity, finding.subject) == ("warning", "volume/var/mail")


async def test_the_last_words_of_a_failed_roundtrip(cluster: Cluster, kubelet: Kubelet) -> None:
    """A Job that failed is told with the last line of its log."""
    install(cluster.admin)
    owner = cluster.admin.get("CronJob", "email-roundtrip-monitor")
    made = cluster.admin.create(job("run-1", owner, failed_job("BackoffLimitExceeded")))
    worker = pod("run-1-x", address="10.244.1.8", phase="Failed", ready=False, labels={"job-name": "run-1"})
    uid = made["metadata"]["uid"]
    worker["metadata"]["ownerReferences"] = [{"apiVersion": "batch/v1", "kind": "Job", "name": "run-1", "uid": uid}]
    cluster.admin.create(worker)
    await kubelet.start("run-1-x").write(
        Line("2026-03-01T10:00:00.000000001Z", b"sending"),
        Line("2026-03-01T10:00:00.000000002Z", b"ERROR: not found in 180 s"),
    )
    async with watching(cluster) as watched:
        status = await watched.until(lambda seen: "ERROR" in " ".join(each.message for each in seen.findings))
    (finding,) = [each for each in status.findings if each.kind == "cronjob_failed"]
    assert "(run-1: BackoffLimitExceeded, ERROR: not found in 180 s)" in finding.message


async def test_what_is_forbidden_is_named(cluster: Cluster) -> None:
    """A Role that lacks something is told by what it lacks; the API is up."""
    nobody = cluster.pki.client("nobody")
    cluster.write_kubeconfig("nobody", {"client": nobody})
    text = CONFIG.format(
        nodes="{static: [{name: k8s-node1, address: 127.0.1.1}]}",
        services="{}",
        kubeconfig=Path(cluster.home / "nobody.kubeconfig"),
        more="",
    )
    daemon = Daemon(lambda: parsing(text.encode(), ""), RunOptions())
    await daemon.start()
    try:
        status = await Watched(daemon).until(lambda seen: "kubernetes_gap" in kinds(seen))
    finally:
        await daemon.stop()
    gaps = {finding.subject for finding in status.findings if finding.kind == "kubernetes_gap"}
    assert gaps == {
        "services", "slices", "pods", "cronjobs", "jobs", "deployment", "configmap mailserver-user-patches",
    }  # fmt: skip
    assert status.cluster is not None
    assert status.cluster.up
