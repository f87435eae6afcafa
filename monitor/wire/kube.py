"""Documents of the Kubernetes API, read: each kind as the small record of ``core.kube``.

The API's fields may be absent or null where nothing is to be said (an EndpointSlice without a ready Pod has neither
endpoints nor ports), and a proxy in between may answer anything: whatever the JSON is, a record comes out of it or
``None``, for an object that has no name.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from ipaddress import ip_address
from typing import Any, TypeVar

from monitor.core.kube import (
    Container,
    CronJob,
    Deployment,
    EndpointSlice,
    Job,
    KubeNode,
    KubeService,
    Pod,
    ServicePort,
)
from monitor.core.moments import seconds_of

SERVICE_NAME_LABEL = "kubernetes.io/service-name"

Document = Mapping[str, Any]
T = TypeVar("T")

# Messages are shown to people; kubelet's own may hold pages of a container's log.
_LONGEST = 300
_STATES = ("running", "terminated", "waiting")
_PORTS = 65_535
# RFC 7468, section 2
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")


def _named(read: Callable[[Document, str], T]) -> Callable[[Document], T | None]:
    @wraps(read)
    def read_named(document: Document) -> T | None:
        name = _text(_map(document, "metadata"), "name")
        return read(document, name) if name else None

    return read_named


@_named
def node(document: Document, name: str) -> KubeNode:
    """Read a Node."""
    spec, status = _map(document, "spec"), _map(document, "status")
    conditions = {_text(each, "type"): _text(each, "status") for each in _maps(status, "conditions")}
    ready = {"True": True, "False": False}.get(conditions.pop("Ready", ""))
    found = [_address(each, "address") for each in _maps(status, "addresses") if each.get("type") == "InternalIP"]
    return KubeNode(
        name=name,
        addresses=tuple(address for address in found if address),
        ready=ready,
        cordoned=spec.get("unschedulable") is True,
        pressures=tuple(sorted(kind for kind, holds in conditions.items() if holds == "True")),
    )


@_named
def service(document: Document, name: str) -> KubeService:
    """Read a Service."""
    spec = _map(document, "spec")
    ingress = _maps(_map(_map(document, "status"), "loadBalancer"), "ingress")
    balancers = [_text(each, "ip") or _text(each, "hostname") for each in ingress]
    return KubeService(
        name=name,
        type=_text(spec, "type") or "ClusterIP",
        external_traffic_policy=_text(spec, "externalTrafficPolicy"),
        load_balancers=tuple(each for each in (*balancers, _text(spec, "loadBalancerIP")) if each),
        ports=tuple(_service_port(each) for each in _maps(spec, "ports")),
    )


def _service_port(port: Document) -> ServicePort:
    number = _number(port, "port")
    # Without a target it is the port itself.
    target = _text(port, "targetPort") or _number(port, "targetPort") or number
    return ServicePort(_text(port, "name"), number, target, _number(port, "nodePort"))


@_named
def endpoint_slice(document: Document, name: str) -> EndpointSlice:
    """Read an EndpointSlice."""
    labels = _labels(_map(document, "metadata"), "labels")
    # "A nil value should be interpreted as true" (EndpointConditions).
    conditions = [_map(each, "conditions") for each in _maps(document, "endpoints") if each.get("addresses")]
    ready = sum(each.get("ready") is not False for each in conditions)
    ports = {_text(each, "name"): _number(each, "port") or None for each in _maps(document, "ports")}
    return EndpointSlice(name, labels.get(SERVICE_NAME_LABEL, ""), ports, ready)


@_named
def pod(document: Document, name: str) -> Pod:
    """Read a Pod."""
    metadata, status = _map(document, "metadata"), _map(document, "status")
    conditions = {_text(each, "type"): each for each in _maps(status, "conditions")}
    unschedulable = conditions.get("PodScheduled", {})
    why = unschedulable if unschedulable.get("status") == "False" else status
    return Pod(
        name=name,
        phase=_text(status, "phase") or "Unknown",
        node=_text(_map(document, "spec"), "nodeName"),
        address=_address(status, "podIP"),
        ready=_text(conditions.get("Ready", {}), "status") == "True",
        leaving=bool(metadata.get("deletionTimestamp")),
        created=_time(metadata, "creationTimestamp"),
        reason=_text(why, "reason"),
        message=_text(why, "message"),
        labels=_labels(metadata, "labels"),
        owners=_owners(metadata),
        # An init container that fails keeps all others from starting.
        containers=tuple(
            map(_container, (*_maps(status, "initContainerStatuses"), *_maps(status, "containerStatuses")))
        ),
    )


def _container(document: Document) -> Container:
    states = _map(document, "state")
    state = next((each for each in _STATES if each in states), "waiting")
    now, last = _map(states, state), _map(_map(document, "lastState"), "terminated")
    return Container(
        name=_text(document, "name"),
        ready=document.get("ready") is True,
        restarts=_count(document, "restartCount"),
        state=state,
        reason=_text(now, "reason"),
        message=_text(now, "message"),
        last_reason=_text(last, "reason"),
        last_exit=_count(last, "exitCode") if "exitCode" in last else None,
        last_finished=_time(last, "finishedAt"),
    )


@_named
def deployment(document: Document, name: str) -> Deployment:
    """Read a Deployment."""
    spec, status = _map(document, "spec"), _map(document, "status")
    wanted = _count(spec, "replicas") if spec.get("replicas") is not None else 1
    behind = _count(status, "observedGeneration") < _count(_map(document, "metadata"), "generation")
    updated, replicas = _count(status, "updatedReplicas"), _count(status, "replicas")
    failing: Iterator[Document] = (
        each
        for each in _maps(status, "conditions")
        if (each.get("type"), each.get("status")) in {("ReplicaFailure", "True"), ("Progressing", "False")}
    )
    why = next(failing, {})
    return Deployment(
        name=name,
        selector=_labels(_map(spec, "selector"), "matchLabels"),
        wanted=wanted,
        available=_count(status, "availableReplicas"),
        # as "kubectl rollout status" tells it
        rolling=behind or updated < wanted or replicas > updated,
        reason=_text(why, "reason"),
        message=_text(why, "message"),
    )


@_named
def cronjob(document: Document, name: str) -> CronJob:
    """Read a CronJob."""
    spec, status = _map(document, "spec"), _map(document, "status")
    return CronJob(
        name=name,
        schedule=_text(spec, "schedule"),
        suspended=spec.get("suspend") is True,
        last_schedule=_time(status, "lastScheduleTime"),
        last_success=_time(status, "lastSuccessfulTime"),
    )


@_named
def job(document: Document, name: str) -> Job:
    """Read a Job."""
    status = _map(document, "status")
    ended = {_text(each, "type"): each for each in _maps(status, "conditions") if each.get("status") == "True"}
    failed, complete = ended.get("Failed"), ended.get("Complete")
    end = failed or complete
    return Job(
        name=name,
        owners=_owners(_map(document, "metadata")),
        started=_time(status, "startTime"),
        finished=None if end is None else _time(status, "completionTime") or _time(end, "lastTransitionTime"),
        succeeded=None if end is None else failed is None,
        reason=_text(failed, "reason") if failed else "",
    )


def config_text(document: Document, key: str) -> str | None:
    """Read one key of a ConfigMap."""
    text = _map(document, "data").get(key)
    return text if isinstance(text, str) else None


def certificate(document: Document) -> bytes | None:
    """Read the server's certificate, as DER, from a Secret of type ``kubernetes.io/tls``: the first of its chain."""
    text = _map(document, "data").get("tls.crt")
    try:
        chain = b64decode(text, validate=True).decode("ascii") if isinstance(text, str) else ""
        first = _CERTIFICATE.search(chain)
        return b64decode("".join(first[1].split()), validate=True) if first is not None else None
    except ValueError:
        return None


def _map(document: Document, key: str) -> Document:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _maps(document: Document, key: str) -> Iterator[Document]:
    value = document.get(key)
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def _text(document: Document, key: str) -> str:
    value = document.get(key)
    return value[:_LONGEST] if isinstance(value, str) else ""


def _count(document: Document, key: str) -> int:
    value = document.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _number(document: Document, key: str) -> int:
    """Read a port, 0 for none."""
    value = _count(document, key)
    return value if 0 < value <= _PORTS else 0


def _address(document: Document, key: str) -> str:
    try:
        return str(ip_address(_text(document, key)))
    except ValueError:
        return ""


def _labels(document: Document, key: str) -> Mapping[str, str]:
    return {name: value for name, value in _map(document, key).items() if isinstance(value, str)}


def _owners(metadata: Document) -> tuple[str, ...]:
    return tuple(f"{_text(each, 'kind')}/{_text(each, 'name')}" for each in _maps(metadata, "ownerReferences"))


def _time(document: Document, key: str) -> float | None:
    return seconds_of(_text(document, key))
