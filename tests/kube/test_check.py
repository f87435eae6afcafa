"""``mailpath check`` with a cluster: one look at a sound path and a real API server names each drift first.

The path itself is the embedded one of ``mailpath demo``; the laboratory's tests look at real mail servers.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import yaml

from monitor.config.load import parse
from monitor.core.model import Service
from monitor.daemon.check import check_once
from monitor.demo import clients, haproxy, postscreen
from monitor.demo.configuration import mailpath_yml
from monitor.demo.mail_path import MailPath, open_mail_path
from monitor.publish.check_report import Style, as_text
from tests.kube.client import Admin
from tests.kube.cluster import Cluster
from tests.kube.mail_server import install
from tests.kube.objects import PROXY_PORTS, Port, container_status, endpoint_slice, node, pod, proxy_service

POD = "mailserver-5d8f7c9b6-x2v4q"
CHECKS = {"smtp": "smtp-check", "smtps": "smtps-check", "submission": "sub-check"}
"""What the runbook calls the healthcheck port of each service."""
NOT_READY = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}


def _no_bug(name: str, error: BaseException) -> None:
    pytest.fail(f"{name}: {error!r}")


def _ports(services: tuple[Service, ...]) -> list[Port]:
    """Give the runbook's triples with the NodePorts of this path."""
    found: dict[str, int | None] = {}
    for service in services:
        found |= {service.name: service.node_port, CHECKS.get(service.name, ""): service.check_node_port}
    return [(name, port, target, found[name] or usual) for name, port, target, usual in PROXY_PORTS]


@pytest.fixture
async def path(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailPath]:
    """Give a sound path, and the cluster that belongs to it."""
    monkeypatch.setattr(postscreen, "GREET_WAIT", 0.05)
    monkeypatch.setattr(haproxy, "INTER", 0.1)
    monkeypatch.setattr(clients, "PAUSE", 0.2)
    made = await open_mail_path(tmp_path, _no_bug)
    for each in made.layout.nodes:
        cluster.admin.create(node(each.name, each.address))
    install(cluster.admin)
    cluster.admin.delete("Service", "mailserver-proxy")
    cluster.admin.create(proxy_service(_ports(made.layout.services)))
    yield made
    await made.close()


async def headline(path: MailPath, cluster: Cluster) -> str:
    """Do one look; give the first line, which is all that a plugin's caller may show."""
    document = yaml.safe_load(mailpath_yml(path))
    (watched,) = document["paths"]
    watched["kubernetes"] = {"kubeconfig": str(cluster.kubeconfig)}
    watched["nodes"]["kubernetes"] = {}
    settings = parse(yaml.safe_dump(document).encode(), "mailpath.yml")
    statuses, bugs = await asyncio.to_thread(check_once, settings.paths)
    assert bugs == ()
    return as_text(statuses, Style()).partition("\n")[0]


def _service_port(admin: Admin, name: str, **change: object) -> None:
    ports = admin.get("Service", "mailserver-proxy")["spec"]["ports"]
    changed = [{**port, **change} if port["name"] == name else port for port in ports]
    admin.patch("Service", "mailserver-proxy", {"spec": {"ports": changed}})


def _crash(admin: Admin) -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
    status = container_status(ready=False, restarts=7, state=waiting)
    admin.patch_status("Pod", POD, pod(ready=False, status=status)["status"])


DRIFTS: dict[str, tuple[Callable[[Admin], object], str]] = {
    "a wrong target port": (
        lambda admin: _service_port(admin, "submission", targetPort=587),
        "mailserver-proxy/submission: target_port: ",
    ),
    "a NodePort moved": (
        lambda admin: _service_port(admin, "imaps", nodePort=32700),
        "mailserver-proxy/imaps: node_port: ",
    ),
    "externalTrafficPolicy Local": (
        lambda admin: admin.patch("Service", "mailserver-proxy", {"spec": {"externalTrafficPolicy": "Local"}}),
        "mailserver-proxy: external_traffic_policy: ",
    ),
    "no Service": (
        lambda admin: admin.delete("Service", "mailserver-proxy"),
        "mailserver-proxy: service_missing: ",
    ),
    "no ready endpoint": (
        lambda admin: admin.patch("EndpointSlice", "mailserver-proxy-1", endpoint_slice(ready=False)),
        "mailserver-proxy: no_endpoint: ",
    ),
    "the inner Service is a load balancer": (
        lambda admin: admin.patch("Service", "mailserver", {"spec": {"type": "LoadBalancer"}}),
        "mailserver: type: ",
    ),
    "a ConfigMap without the listeners": (
        lambda admin: admin.patch("ConfigMap", "mailserver-user-patches", {"data": {"user-patches.sh": "#!/bin/sh\n"}}),
        "mailserver-user-patches/smtp: proxy_listener: ",
    ),
    "no ConfigMap": (
        lambda admin: admin.delete("ConfigMap", "mailserver-user-patches"),
        "mailserver-user-patches: config_map_missing: ",
    ),
    "a node that is not Ready": (
        lambda admin: admin.patch_status("Node", "k8s-node2", {"conditions": [NOT_READY]}),
        "node/k8s-node2: node_not_ready: ",
    ),
    "the pod crash-loops": (_crash, "cluster: "),
}


async def test_a_sound_cluster_is_named_sound(path: MailPath, cluster: Cluster) -> None:
    """What the runbook declares is there, on both sides."""
    assert await headline(path, cluster) == "OK: demo: Every hop is healthy."


@pytest.mark.parametrize("drift", DRIFTS)
async def test_each_drift_is_named_first(drift: str, path: MailPath, cluster: Cluster) -> None:
    """The first line has the object and what differs; of something broken, the hop."""
    do, words = DRIFTS[drift]
    do(cluster.admin)
    said = await headline(path, cluster)
    assert re.match(rf"(WARNING|CRITICAL): demo: {re.escape(words)}", said), said
