"""Kubernetes objects as the API has them, small: what the runbook's cluster holds, and how it may go wrong."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from tests.kube.client import NAMESPACE, Document

LABELS = {"app": "mailserver"}

# The runbook's triples: name, port, target port, NodePort.
PROXY_PORTS = (
    ("smtp", 25, 2525, 30125),
    ("smtps", 465, 4465, 30126),
    ("submission", 587, 5587, 30127),
    ("imaps", 993, 10993, 30128),
    ("smtp-check", 2500, 25, 30145),
    ("smtps-check", 4650, 465, 30146),
    ("sub-check", 5870, 587, 30147),
)
STOCK_PORTS = (("smtp", 25, 25), ("smtps", 465, 465), ("submission", 587, 587), ("imaps", 993, 993))

Port = tuple[str, int, int, int]


def namespace(name: str = NAMESPACE) -> Document:
    """Make a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def node(  # noqa: PLR0913 - each is a way for a Node to be
    name: str,
    address: str,
    *,
    ready: bool = True,
    cordoned: bool = False,
    labels: Mapping[str, str] | None = None,
    kubelet_port: int = 10250,
) -> Document:
    """Make a Node."""
    conditions = [
        {"type": "MemoryPressure", "status": "False"},
        {"type": "Ready", "status": "True" if ready else "Unknown", "reason": "KubeletReady"},
    ]
    status = {
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
        "conditions": conditions,
    }
    spec = {"unschedulable": True} if cordoned else {}
    return _object("v1", "Node", name, spec=spec, status=status, labels=labels, namespaced=False)


def proxy_service(ports: Sequence[Port] = PROXY_PORTS, name: str = "mailserver-proxy", **changes: object) -> Document:
    """Make the NodePort Service that HAProxy forwards to."""
    listed = [
        {"name": each, "protocol": "TCP", "port": port, "targetPort": target, "nodePort": node_port}
        for each, port, target, node_port in ports
    ]
    spec = {"type": "NodePort", "externalTrafficPolicy": "Cluster", "selector": LABELS, "ports": listed, **changes}
    return _object("v1", "Service", name, spec=spec)


def internal_service(name: str = "mailserver", **changes: object) -> Document:
    """Make the ClusterIP Service for clients inside."""
    listed = [{"name": each, "port": port, "targetPort": target} for each, port, target in STOCK_PORTS]
    return _object("v1", "Service", name, spec={"type": "ClusterIP", "selector": LABELS, "ports": listed, **changes})


def endpoint_slice(
    name: str = "mailserver-proxy-1",
    service: str = "mailserver-proxy",
    addresses: Sequence[str] = ("10.244.1.7",),
    *,
    ready: bool | None = True,
    ports: Sequence[Port] = PROXY_PORTS,
) -> Document:
    """Make an EndpointSlice with one endpoint; without addresses, one without any."""
    listed = [{"name": each, "port": target, "protocol": "TCP"} for each, _, target, _ in ports]
    endpoints = [{"addresses": list(addresses), "conditions": {"ready": ready}}] if addresses else []
    document = _object("discovery.k8s.io/v1", "EndpointSlice", name, labels={"kubernetes.io/service-name": service})
    return {**document, "addressType": "IPv4", "endpoints": endpoints, "ports": listed}


def container_status(
    name: str = "docker-mailserver",
    *,
    ready: bool = True,
    restarts: int = 0,
    state: Mapping[str, Any] | None = None,
    last: Mapping[str, Any] | None = None,
) -> Document:
    """Make a container's status; ``state`` as the API has it, else running."""
    return {
        "name": name,
        "ready": ready,
        "restartCount": restarts,
        "image": "mailserver/docker-mailserver:15",
        "imageID": "",
        "containerID": f"containerd://{name}-{restarts}",
        "state": state or {"running": {"startedAt": "2026-03-01T10:00:00Z"}},
        "lastState": last or {},
    }


def pod(  # noqa: PLR0913 - each is a way for a Pod to be
    name: str = "mailserver-5d8f7c9b6-x2v4q",
    node_name: str = "k8s-node1",
    address: str = "10.244.1.7",
    *,
    phase: str = "Running",
    ready: bool = True,
    status: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Document:
    """Make the mail server's pod; ``status`` is the status of its container."""
    containers = [{"name": "docker-mailserver", "image": "mailserver/docker-mailserver:15"}]
    spec = {"nodeName": node_name, "containers": containers, "automountServiceAccountToken": False}
    whole = {
        "phase": phase,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        "containerStatuses": [status or container_status(ready=ready)],
    }
    return _object("v1", "Pod", name, spec=spec, status=whole, labels=labels or LABELS)


def deployment(name: str = "mailserver", replicas: int = 1, *, available: int | None = None) -> Document:
    """Make the mail server's Deployment, rolled out and available."""
    template = {
        "metadata": {"labels": LABELS},
        "spec": {"containers": [{"name": "docker-mailserver", "image": "mailserver/docker-mailserver:15"}]},
    }
    spec = {
        "replicas": replicas,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": LABELS},
        "template": template,
    }
    standing = replicas if available is None else available
    status = {
        "observedGeneration": 1,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": standing,
        "availableReplicas": standing,
    }
    return _object("apps/v1", "Deployment", name, spec=spec, status=status)


def config_map(name: str, data: Mapping[str, str]) -> Document:
    """Make a ConfigMap."""
    return {**_object("v1", "ConfigMap", name), "data": dict(data)}


def tls_secret(name: str, certificate: bytes, key: bytes = b"a key") -> Document:
    """Make a Secret with a certificate and its key."""
    data = {file: b64encode(content).decode() for file, content in (("tls.crt", certificate), ("tls.key", key))}
    return {**_object("v1", "Secret", name), "type": "kubernetes.io/tls", "data": data}


def cronjob(name: str = "email-roundtrip-monitor", schedule: str = "*/20 * * * *", **status: str) -> Document:
    """Make a CronJob; ``status`` such as ``lastScheduleTime``."""
    spec = {"schedule": schedule, "jobTemplate": {"spec": {"template": _job_template()}}}
    return _object("batch/v1", "CronJob", name, spec=spec, status=status)


def job(name: str, owner: Document, status: Mapping[str, Any]) -> Document:
    """Make a Job of a CronJob, which the API has given its uid."""
    document = _object("batch/v1", "Job", name, spec={"template": _job_template(), "backoffLimit": 0}, status=status)
    metadata = owner["metadata"]
    reference = {"apiVersion": "batch/v1", "kind": "CronJob", "name": metadata["name"], "uid": metadata["uid"]}
    document["metadata"]["ownerReferences"] = [{**reference, "controller": True}]
    return document


def failed_job(reason: str) -> Document:
    """Make the status of a Job that has failed, as every API server takes it.

    Newer ones refuse ``Failed`` without ``FailureTarget`` and a start time (``validateJobStatus`` in pkg/apis/batch/
    validation of Kubernetes 1.31 and later); older ones take any condition.
    """
    ended = {"status": "True", "reason": reason, "lastTransitionTime": "2026-03-01T10:00:00Z"}
    conditions = [{"type": kind, **ended} for kind in ("FailureTarget", "Failed")]
    return {"failed": 1, "startTime": "2026-03-01T09:57:00Z", "conditions": conditions}


def _job_template() -> Document:
    container = {"name": "roundtrip", "image": "library/python:3.12"}
    return {"spec": {"restartPolicy": "Never", "containers": [container]}}


def _object(  # noqa: PLR0913 - what every object has
    version: str,
    kind: str,
    name: str,
    *,
    spec: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    namespaced: bool = True,
) -> Document:
    metadata: Document = {"name": name, "labels": dict(labels or {})}
    if namespaced:
        metadata["namespace"] = NAMESPACE
    document: Document = {"apiVersion": version, "kind": kind, "metadata": metadata}
    if spec is not None:
        document["spec"] = dict(spec)
    if status is not None:
        document["status"] = dict(status)
    return document
