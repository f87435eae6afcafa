"""Which of the cluster's objects are read: some by name, whole collections by list and watch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.config import sources
from monitor.config.settings import PathSettings
from monitor.links.kube_api import KubeApi
from monitor.links.kube_watch import ListWatch, Patience
from monitor.verdict.plan import ClusterPlan
from monitor.wire import kube

# Between two probe runs, in seconds; a change of what is followed brings the next one at once.
INTERVAL = 10.0
# For each request.
TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """What is looked at, by name; ``node_selector`` is ``None`` where nodes are not looked for.

    Without a ``namespace`` nothing else is looked for. ``config_maps`` are pairs of a ConfigMap and its one key that is
    read, ``certificate_secret`` is a Secret whose certificate is read (``None``: none is), ``ports`` are those of the
    pod's listeners: they are tried by connects or, with a ``container``, looked up in there. Times are seconds.
    """

    path: str
    namespace: str | None
    deployment: str
    proxy_service: str
    cronjob: str
    config_maps: tuple[tuple[str, str], ...]
    node_selector: str | None
    ports: tuple[int, ...]
    container: str | None
    kubeconfig: Path | None
    timeout: float
    certificate_secret: str | None = None


def documents(settings: KubernetesSettings) -> Mapping[str, str]:
    """Give the paths of the objects that are read by name."""
    namespace = settings.namespace
    if namespace is None:
        # what every account may read
        return {"version": "/version"}
    config_maps = {
        config_map(name): f"/api/v1/namespaces/{namespace}/configmaps/{name}" for name, _ in settings.config_maps
    }
    deployment = {"deployment": f"/apis/apps/v1/namespaces/{namespace}/deployments/{settings.deployment}"}
    name = settings.certificate_secret
    secrets = {} if name is None else {secret(name): f"/api/v1/namespaces/{namespace}/secrets/{name}"}
    return deployment | config_maps | secrets


def config_map(name: str) -> str:
    """Give the key of a ConfigMap among what was read."""
    return f"configmap {name}"


def secret(name: str) -> str:
    """Give the key of a Secret among what was read."""
    return f"secret {name}"


def watches(settings: KubernetesSettings, patience: Patience | None) -> Mapping[str, ListWatch[Any]]:
    """Give the collections that are followed, by the names that ``Cluster`` has for them."""
    inside = f"namespaces/{settings.namespace}"
    slices = (("labelSelector", f"{kube.SERVICE_NAME_LABEL}={settings.proxy_service}"),)
    cronjob = (("fieldSelector", f"metadata.name={settings.cronjob}"),)
    collections: dict[str, tuple[str, Any, tuple[tuple[str, str], ...]]] = {}
    mail_server: dict[str, tuple[str, Any, tuple[tuple[str, str], ...]]] = {
        "services": (f"/api/v1/{inside}/services", kube.service, ()),
        "slices": (f"/apis/discovery.k8s.io/v1/{inside}/endpointslices", kube.endpoint_slice, slices),
        "pods": (f"/api/v1/{inside}/pods", kube.pod, ()),
        "cronjobs": (f"/apis/batch/v1/{inside}/cronjobs", kube.cronjob, cronjob),
        "jobs": (f"/apis/batch/v1/{inside}/jobs", kube.job, ()),
    }
    if settings.namespace is not None:
        collections |= mail_server
    if settings.node_selector is not None:
        collections["nodes"] = ("/api/v1/nodes", kube.node, (("labelSelector", settings.node_selector),))
    return {
        what: ListWatch(KubeApi(settings.kubeconfig, timeout=settings.timeout), path, parse, query, patience)
        for what, (path, parse, query) in collections.items()
    }


def settings_of(path: PathSettings) -> KubernetesSettings | None:
    """What is looked at; without a block for the mail server that is the nodes alone, or nothing."""
    cluster = path.kubernetes or sources.KubernetesSettings()
    if path.kubernetes is None and path.nodes.kubernetes is None:
        return None
    services = path.services
    stock = [service.check_listener_port for service in services if service.check_listener_port is not None]
    ports = sorted({*(service.listener_port for service in services), *stock})
    return KubernetesSettings(
        path=path.name,
        namespace=cluster.namespace if path.kubernetes is not None else None,
        deployment=cluster.deployment,
        proxy_service=cluster.proxy_service,
        cronjob=cluster.roundtrip_cronjob,
        config_maps=tuple(cluster.config_maps.items()),
        node_selector=path.nodes.kubernetes.selector if path.nodes.kubernetes is not None else None,
        ports=tuple(ports),
        container=cluster.container if cluster.listeners == "exec" else None,
        kubeconfig=Path(cluster.kubeconfig) if cluster.kubeconfig is not None else None,
        timeout=TIMEOUT,
        certificate_secret=cluster.certificate_secret,
    )


def plan(path: PathSettings) -> ClusterPlan | None:
    """What the cluster is judged by; ``None``: the path has no block for its mail server."""
    cluster = path.kubernetes
    if cluster is None:
        return None
    return ClusterPlan(
        place=(cluster.kubeconfig or "", cluster.namespace, cluster.deployment),
        deployment=cluster.deployment,
        proxy_service=cluster.proxy_service,
        internal_service=cluster.internal_service,
        cronjob=cluster.roundtrip_cronjob,
        config_maps=tuple(cluster.config_maps.items()),
        static=path.known_nodes,
        discovers=path.nodes.kubernetes is not None,
        ignored=frozenset(cluster.ignore_drift),
        interval=INTERVAL,
        timeout=TIMEOUT,
        certificate_secret=cluster.certificate_secret,
    )
