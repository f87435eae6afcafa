"""Documents of the Kubernetes API: what they say is read, what they leave out is survived."""

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.kube import Container, EndpointSlice, KubeNode, ServicePort
from monitor.wire import kube

READERS = [
    kube.node,
    kube.service,
    kube.endpoint_slice,
    kube.pod,
    kube.deployment,
    kube.cronjob,
    kube.job,
]
AT = "2026-03-01T10:00:00Z"
EPOCH = 1772359200.0


def named(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - documents are JSON
    """Make a document with a name."""
    return {"metadata": {"name": "a", **fields.pop("metadata", {})}, **fields}


def test_a_node_with_two_families() -> None:
    """The InternalIPs are kept in order, other addresses are not; conditions that hold are pressures."""
    addresses = [
        {"type": "Hostname", "address": "k8s-node1"},
        {"type": "InternalIP", "address": "10.0.20.101"},
        {"type": "ExternalIP", "address": "198.51.100.1"},
        {"type": "InternalIP", "address": "2001:db8::101"},
        {"type": "InternalIP", "address": "nonsense"},
    ]
    conditions = [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}]
    node = kube.node(named(spec={"unschedulable": True}, status={"addresses": addresses, "conditions": conditions}))
    assert node == KubeNode(
        "a", ("10.0.20.101", "2001:db8::101"), ready=True, cordoned=True, pressures=("DiskPressure",)
    )


@pytest.mark.parametrize(("status", "ready"), [("True", True), ("False", False), ("Unknown", None), (None, None)])
def test_readiness_may_be_unknown(status: str | None, ready: bool | None) -> None:  # noqa: FBT001 - a table's column
    """A node that has stopped reporting is neither ready nor not."""
    conditions = [{"type": "Ready", "status": status}] if status else None
    node = kube.node(named(status={"conditions": conditions}))
    assert node is not None
    assert node.ready is ready


def test_a_services_ports() -> None:
    """A target may be a number, a name, or left out: then it is the port itself."""
    ports = [
        {"name": "smtp", "port": 25, "targetPort": 2525, "nodePort": 30125},
        {"name": "imaps", "port": 993, "targetPort": "imaps-proxy"},
        {"port": 587},
    ]
    service = kube.service(named(spec={"type": "NodePort", "externalTrafficPolicy": "Local", "ports": ports}))
    assert service is not None
    assert service.ports == (
        ServicePort("smtp", 25, 2525, 30125),
        ServicePort("imaps", 993, "imaps-proxy"),
        ServicePort("", 587, 587),
    )
    assert (service.type, service.external_traffic_policy, service.load_balancers) == ("NodePort", "Local", ())


def test_a_load_balancer_is_seen_where_it_is_wanted_and_where_it_is() -> None:
    """Both the address asked for and the one that was given count."""
    balancer = {"loadBalancer": {"ingress": [{"ip": "10.0.20.202"}, {"hostname": "lb.example.org"}]}}
    service = kube.service(named(spec={"loadBalancerIP": "10.0.20.203"}, status=balancer))
    assert service is not None
    assert service.load_balancers == ("10.0.20.202", "lb.example.org", "10.0.20.203")


@pytest.mark.parametrize(("conditions", "ready"), [({"ready": True}, 1), ({"ready": False}, 0), ({}, 1), (None, 1)])
def test_an_endpoint_that_says_nothing_is_ready(conditions: Any, ready: int) -> None:  # noqa: ANN401 - JSON
    """The API says how to read a missing condition: as ready."""
    document = named(
        endpoints=[{"addresses": ["10.244.1.7"], "conditions": conditions}], ports=[{"name": "smtp", "port": 2525}]
    )
    assert kube.endpoint_slice(document) == EndpointSlice("a", "", {"smtp": 2525}, ready)


def test_a_slice_without_pods_has_nulls() -> None:
    """Neither endpoints nor ports are there when no Pod is ready."""
    labels = {"kubernetes.io/service-name": "mailserver-proxy"}
    document = named(metadata={"labels": labels}, endpoints=None, ports=None)
    assert kube.endpoint_slice(document) == EndpointSlice("a", "mailserver-proxy")


def test_a_pod_in_trouble() -> None:
    """State, reason and the end of the instance before are told of each container."""
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}
    last = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": AT}}
    status = {"name": "c", "ready": False, "restartCount": 7, "state": waiting, "lastState": last}
    conditions = [{"type": "Ready", "status": "False"}]
    document = named(
        metadata={"creationTimestamp": AT, "deletionTimestamp": AT, "labels": {"app": "mailserver"}},
        spec={"nodeName": "k8s-node3"},
        status={"phase": "Running", "podIP": "10.244.1.7", "conditions": conditions, "containerStatuses": [status]},
    )
    pod = kube.pod(document)
    assert pod is not None
    assert (pod.node, pod.address, pod.ready, pod.leaving, pod.created) == (
        "k8s-node3",
        "10.244.1.7",
        False,
        True,
        EPOCH,
    )
    assert pod.containers == (
        Container("c", False, 7, "waiting", "CrashLoopBackOff", "back-off 5m0s", "OOMKilled", 137, EPOCH),  # noqa: FBT003 - positional on purpose
    )
    assert pod.restarts == 7


def test_a_pod_that_no_node_takes() -> None:
    """Why it was not scheduled stands in a condition."""
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/4 nodes"}
    pod = kube.pod(named(status={"phase": "Pending", "conditions": [condition]}))
    assert pod is not None
    assert (pod.reason, pod.message) == ("Unschedulable", "0/4 nodes")


@pytest.mark.parametrize(
    ("changes", "rolling"),
    [
        ({}, False),
        ({"observedGeneration": 1}, True),
        ({"updatedReplicas": 0}, True),
        ({"replicas": 2}, True),
        ({"updatedReplicas": None}, True),
    ],
)
def test_a_rollout(changes: dict[str, int | None], rolling: bool) -> None:  # noqa: FBT001 - a table's column
    """A Deployment is rolling as ``kubectl rollout status`` tells it."""
    status = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1} | changes
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "mailserver"}}}
    deployment = kube.deployment(named(metadata={"generation": 2}, spec=spec, status=status))
    assert deployment is not None
    assert deployment.rolling is rolling
    assert deployment.selector == {"app": "mailserver"}


def test_a_deployment_of_one_replica_need_not_say_so() -> None:
    """Replicas default to one; none is none."""
    absent, none = kube.deployment(named()), kube.deployment(named(spec={"replicas": 0}))
    assert absent is not None
    assert none is not None
    assert (absent.wanted, none.wanted) == (1, 0)


def test_a_cronjob_and_its_jobs() -> None:
    """Schedule and last success of the one, end and owner of the others; a Job that runs has neither."""
    cronjob = kube.cronjob(named(spec={"schedule": "*/20 * * * *", "suspend": True}, status={"lastScheduleTime": AT}))
    assert cronjob is not None
    assert (cronjob.suspended, cronjob.last_schedule, cronjob.last_success) == (True, EPOCH, None)
    owner = {"ownerReferences": [{"kind": "CronJob", "name": "email-roundtrip-monitor"}]}
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": AT}
    job = kube.job(named(metadata=owner, status={"startTime": AT, "conditions": [failed]}))
    assert job is not None
    assert (job.owners, job.finished, job.succeeded) == (("CronJob/email-roundtrip-monitor",), EPOCH, False)
    complete = kube.job(named(status={"completionTime": AT, "conditions": [{"type": "Complete", "status": "True"}]}))
    running = kube.job(named(status={"startTime": AT, "active": 1}))
    assert complete is not None
    assert running is not None
    assert (complete.succeeded, complete.finished) == (True, EPOCH)
    assert (running.succeeded, running.finished) == (None, None)


def test_a_config_maps_key() -> None:
    """A key that is not there, or no text, is none."""
    document = named(data={"user-patches.sh": "#!/bin/bash\n", "number": 1})
    assert kube.config_text(document, "user-patches.sh") == "#!/bin/bash\n"
    assert kube.config_text(document, "number") is None
    assert kube.config_text({}, "user-patches.sh") is None


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("document", [{}, {"metadata": None}, {"metadata": {"name": 7}}, {"metadata": []}])
def test_an_object_without_a_name_is_none(reader: Any, document: dict[str, Any]) -> None:  # noqa: ANN401 - one of seven
    """What has no name cannot be kept."""
    assert reader(document) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
# fmt: off
_FIELDS = st.sampled_from((
    "metadata", "spec", "status", "name", "addresses", "conditions", "ports", "port", "targetPort", "nodePort",
    "endpoints", "labels", "replicas", "selector", "matchLabels", "containerStatuses", "state", "lastState",
    "terminated", "waiting", "finishedAt", "restartCount", "type", "address", "ready", "ownerReferences",
    "creationTimestamp", "loadBalancer", "ingress", "data", "exitCode", "podIP",
))
# fmt: on
_DOCUMENT = st.recursive(
    _JSON | st.just(AT) | st.just("InternalIP"),
    lambda inner: st.dictionaries(_FIELDS, inner, max_size=8) | st.lists(inner, max_size=3),
    max_leaves=40,
)


@given(fields=st.dictionaries(_FIELDS, _DOCUMENT, max_size=8))
def test_any_json_is_survived(fields: dict[str, Any]) -> None:
    """Whatever a document holds, a record of hashable parts comes out, or none."""
    fields["metadata"] = {**(fields["metadata"] if isinstance(fields.get("metadata"), dict) else {}), "name": "a"}
    for reader in READERS:
        record = reader(fields)
        assert record is not None
        assert record == reader(fields)


CHAIN = (
    "subject=mail.example.org\n"
    "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
    "-----BEGIN CERTIFICATE-----\nMAMCAQI=\n-----END CERTIFICATE-----\n"
)


def secret(text: object) -> dict[str, Any]:
    """Make a Secret."""
    written = b64encode(text).decode() if isinstance(text, bytes) else text
    return named(data={"tls.crt": written, "tls.key": "a2V5"})


def test_the_first_certificate_of_a_secret_is_the_servers_own() -> None:
    """What follows it is the chain; what stands around it is comment (RFC 7468)."""
    assert kube.certificate(secret(CHAIN.encode())) == bytes.fromhex("3003020101")
    assert kube.certificate(secret(CHAIN.replace("\n", "\r\n").encode())) == bytes.fromhex("3003020101")


@pytest.mark.parametrize(
    "document",
    [
        named(),
        named(data={"tls.key": "a2V5"}),
        named(data={"tls.crt": None}),
        named(data="tls.crt"),
        secret(""),
        secret("no base64!"),
        secret(b""),
        secret(b"-----BEGIN CERTIFICATE-----"),
        secret(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"),
        secret(b"-----BEGIN CERTIFICATE-----\nMAMCAQE\n-----END CERTIFICATE-----"),
        secret("\xe9"),
        secret(b"\xff\xfe"),
    ],
)
def test_no_certificate_in_a_secret(document: dict[str, Any]) -> None:
    """Another type of Secret, half a certificate, or nonsense."""
    assert kube.certificate(document) is None
