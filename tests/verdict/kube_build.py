"""Builders: the runbook's cluster, sound, to be changed in one place by each test."""

from dataclasses import replace

from monitor.core.conversation import Failure
from monitor.core.kube import (
    Cluster,
    Container,
    CronJob,
    Deployment,
    EndpointSlice,
    KubeNode,
    KubeService,
    Pod,
    ServicePort,
)
from monitor.core.observations import KubernetesObservation
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import ClusterPlan, PathPlan
from tests.verdict.build import NODES, SERVICES, all_well, plan

NAME = "mailserver-proxy"
PORTS = {service.name: service.listener_port for service in SERVICES} | {
    f"{service.name}-check": service.check_listener_port for service in SERVICES if service.check_node_port
}
RUNNING = Container("docker-mailserver", ready=True, restarts=0, state="running")
POD = Pod(
    "mailserver-1",
    "Running",
    node="k8s-node1",
    address="10.244.1.7",
    ready=True,
    created=1.0,
    labels={"app": "mailserver"},
    containers=(RUNNING,),
)
DEPLOYMENT = Deployment("mailserver", {"app": "mailserver"}, wanted=1, available=1)
PLAN = ClusterPlan(
    place=("", "mailserver", "mailserver"),
    deployment="mailserver",
    proxy_service=NAME,
    internal_service="mailserver",
    cronjob="email-roundtrip-monitor",
    config_maps=(),
    static=(),
    discovers=True,
    ignored=frozenset(),
    interval=10.0,
    timeout=5.0,
)


def proxy_service() -> KubeService:
    """Make the Service of the runbook."""
    ports = [
        ServicePort(service.name, service.frontend_port, service.listener_port, service.node_port)
        for service in SERVICES
    ]
    ports += [
        ServicePort(f"{service.name}-check", service.frontend_port * 10, service.check_listener_port or 0, port)
        for service in SERVICES
        if (port := service.check_node_port)
    ]
    return KubeService(NAME, "NodePort", "Cluster", ports=tuple(ports))


SOUND = Cluster(
    nodes=tuple(KubeNode(node.name, (node.address,), ready=True) for node in NODES),
    services=(proxy_service(), KubeService("mailserver", "ClusterIP")),
    slices=(EndpointSlice("slice-1", NAME, PORTS, ready=1),),
    pods=(POD,),
    cronjobs=(CronJob("email-roundtrip-monitor", "*/20 * * * *"),),
    jobs=(),
    deployment=DEPLOYMENT,
)


def with_pod(**changes: object) -> Cluster:
    """Give the sound cluster with another pod."""
    return replace(SOUND, pods=(replace(POD, **changes),))  # type: ignore[arg-type]


def with_container(**changes: object) -> Cluster:
    """Give the sound cluster with a pod that is not ready, by its container's fault."""
    container = replace(RUNNING, ready=False, **changes)  # type: ignore[arg-type]
    return with_pod(ready=False, containers=(container,))


def path_plan(**changes: object) -> PathPlan:
    """Plan the path ``home`` with its cluster."""
    return replace(plan(), cluster=replace(PLAN, **changes))  # type: ignore[arg-type]


def looked(cluster: Cluster = SOUND, failure: Failure | None = None, *, now: float = 0.0) -> KubernetesObservation:
    """Observe a round."""
    return KubernetesObservation("home", now, now, 1_000_000.0 + now, cluster, failure)


def book(cluster: Cluster = SOUND, **changes: object) -> PathBook:
    """Give a book of a path on which all is well, and whose cluster is as given."""
    made = all_well(PathBook(path_plan(**changes)))
    made.record(looked(cluster))
    return made
