"""A round at the cluster: what its answers mean, and what stays known when the API does not answer."""

import ssl
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.core.errors import LinkError
from monitor.core.kube import KubeNode, SecretCertificate
from monitor.core.observations import KubernetesObservation, Span
from monitor.core.taxonomy import Phase, Reason
from monitor.links import certificate
from monitor.links.connector import Connector, ConnectResult, Terms
from monitor.links.kube_api import KubeApi, StatusError
from monitor.links.kube_watch import Listing
from monitor.probes import kubernetes
from monitor.probes.kubernetes import Answers, Kubernetes
from monitor.probes.kubernetes_objects import KubernetesSettings
from monitor.wire import kube
from tests.links.certificates import Authority

SETTINGS = KubernetesSettings(
    path="home",
    namespace="mailserver",
    deployment="mailserver",
    proxy_service="mailserver-proxy",
    cronjob="email-roundtrip-monitor",
    config_maps=(("mailserver-user-patches", "user-patches.sh"),),
    node_selector="",
    ports=(25, 2525),
    container=None,
    kubeconfig=Path("/nonexistent/kubeconfig"),
    timeout=1.0,
)
SPAN = Span(1.0, 2.0, 1_000_002.0)
SCRIPT = "2525 inet n - n - 1 postscreen -o postscreen_upstream_proxy_protocol=haproxy\n"
LABELS = {"app": "mailserver"}
DEPLOYMENT = {"metadata": {"name": "mailserver"}, "spec": {"selector": {"matchLabels": LABELS}}}
CONFIG = {"metadata": {"name": "mailserver-user-patches"}, "data": {"user-patches.sh": SCRIPT}}
DOCUMENTS: dict[str, Any] = {"deployment": DEPLOYMENT, "configmap mailserver-user-patches": CONFIG}
OPEN, CLOSED, SILENT = (ConnectResult(reason, 0.001) for reason in (None, Reason.REFUSED, Reason.TIMEOUT))
NODE = KubeNode("k8s-node1", ("10.0.20.101",), ready=True)


@pytest.fixture
async def probe() -> Kubernetes:
    """Give a probe that has asked nothing yet."""
    connector = Connector()
    connector.close()
    return Kubernetes(SETTINGS, connector)


def pod(name: str, *, ready: bool = True, address: str = "10.244.1.7") -> Any:  # noqa: ANN401 - a record or none
    """Make a running pod of the mail server."""
    conditions = [{"type": "Ready", "status": str(ready)}]
    status = {"phase": "Running", "podIP": address, "conditions": conditions}
    return kube.pod({"metadata": {"name": name, "labels": LABELS}, "status": status})


async def test_a_sound_round(probe: Kubernetes) -> None:
    """Documents and listings make the cluster."""
    probe.take("nodes", Listing((NODE,)))
    seen = probe.judge(Answers(DOCUMENTS, {25: [OPEN], 2525: [CLOSED]}), SPAN)
    assert (seen.ok, seen.gaps) == (True, {})
    assert seen.cluster.nodes == (NODE,)
    assert seen.cluster.deployment is not None
    assert seen.cluster.config_maps == {"mailserver-user-patches": {2525: True}}
    assert seen.cluster.listeners == {25: True, 2525: False}
    assert seen.durations == {Phase.API: 1.0}


async def test_what_does_not_exist_is_known_not_to(probe: Kubernetes) -> None:
    """404 is an answer: there is no such object."""
    missing = StatusError(404, "HTTP 404")
    seen = probe.judge(Answers(dict.fromkeys(DOCUMENTS, missing), {}), SPAN)
    assert (seen.ok, seen.gaps, seen.cluster.deployment) == (True, {}, None)
    assert seen.cluster.config_maps == {"mailserver-user-patches": None}


async def test_what_may_not_be_read_is_a_gap(probe: Kubernetes) -> None:
    """403 is an answer too, and says what the Role lacks."""
    forbidden = StatusError(403, "HTTP 403")
    probe.take("pods", Listing((), forbidden))
    seen = probe.judge(Answers(dict.fromkeys(DOCUMENTS, forbidden), {}), SPAN)
    assert seen.ok
    assert {what: failure.phase for what, failure in seen.gaps.items()} == {
        "pods": Phase.FOLLOW,
        "deployment": Phase.API,
        "configmap mailserver-user-patches": Phase.API,
    }
    assert (seen.cluster.pods, seen.cluster.config_maps) == (None, {})


async def test_knowledge_outlives_an_api_that_does_not_answer(probe: Kubernetes) -> None:
    """Nothing that was known is forgotten, of what is followed and of what is asked."""
    probe.take("nodes", Listing((NODE,)))
    before = probe.judge(Answers(DOCUMENTS, {25: [OPEN]}), SPAN)
    probe.take("nodes", Listing((NODE,), LinkError(Reason.CLOSED)))
    after = probe.judge(Answers({"deployment": LinkError(Reason.TIMEOUT, "no answer")}, {}), SPAN)
    assert after.failure is not None
    assert (after.failure.phase, after.failure.reason) == (Phase.API, Reason.TIMEOUT)
    assert after.cluster == before.cluster


@pytest.mark.parametrize(
    ("connects", "listeners"),
    [
        ({25: [OPEN, OPEN], 2525: [OPEN, CLOSED]}, {25: True, 2525: False}),
        ({25: [SILENT], 2525: [CLOSED]}, {25: False, 2525: False}),
        ({25: [SILENT], 2525: [SILENT]}, {}),
        ({}, {}),
    ],
)
async def test_listeners(
    probe: Kubernetes, connects: dict[int, list[ConnectResult]], listeners: dict[int, bool]
) -> None:
    """A port is up where it is in every pod; a pod that gives no sign at all is out of reach."""
    assert probe.judge(Answers(DOCUMENTS, connects), SPAN).cluster.listeners == listeners


@pytest.mark.parametrize(
    ("pods", "asked"),
    [
        ([pod("a"), pod("b", ready=False, address="10.244.1.8")], {"10.244.1.7"}),
        ([pod("b", ready=False, address="10.244.1.8")], {"10.244.1.8"}),
        ([pod("a", address="nonsense")], set()),
        ([], set()),
    ],
)
async def test_the_ready_pods_are_tried(
    probe: Kubernetes, monkeypatch: pytest.MonkeyPatch, pods: list[Any], asked: set[str]
) -> None:
    """One that is not ready is tried only where no other is; silently, on every port."""
    tried: list[tuple[str, int]] = []

    async def connect(_: Connector, address: str, port: int, terms: Terms) -> ConnectResult:
        assert terms == Terms(kubernetes.CONNECT_TIMEOUT, silent=True)
        tried.append((address, port))
        return OPEN

    async def get(_: object, path: str, _query: object = ()) -> dict[str, Any]:
        return DEPLOYMENT if "deployments" in path else CONFIG

    monkeypatch.setattr(Connector, "connect", connect)
    monkeypatch.setattr(KubeApi, "get", get)
    probe.take("pods", Listing(tuple(pods)))
    answers = await probe.run()
    assert set(tried) == {(address, port) for address in asked for port in SETTINGS.ports}
    assert set(answers.connects) == (set(SETTINGS.ports) if asked else set())


async def test_a_failure_of_the_api_ends_the_round(probe: Kubernetes) -> None:
    """Whoever does not answer the first question is not asked the others."""
    answers = await probe.run()
    assert list(answers.documents) == ["deployment"]
    failure = probe.judge(answers, SPAN).failure
    assert failure is not None
    assert failure.detail.startswith("kubeconfig /nonexistent/kubeconfig: ")


async def test_nodes_alone() -> None:
    """Without a mail server to look at only the nodes are followed, and the API's life is proven by its version."""
    connector = Connector()
    connector.close()
    probe = Kubernetes(replace(SETTINGS, namespace=None), connector)
    assert list(probe.watches) == ["nodes"]
    seen = probe.judge(Answers({"version": {"major": "1"}}, {}), SPAN)
    assert (seen.ok, seen.gaps, seen.cluster.config_maps) == (True, {}, {})


async def test_it_has_begun_when_every_collection_has_spoken(probe: Kubernetes) -> None:
    """A failure is a word too."""
    for what in probe.watches:
        assert not probe.begun
        probe.take(what, Listing((), LinkError(Reason.REFUSED)))
    assert probe.begun


async def test_a_secret_is_read_for_its_certificate_alone() -> None:
    """Fingerprint and end are kept; a Secret that is not there is known not to be, one that is forbidden is a gap."""
    leaf = Authority().issue()
    pem = ssl.DER_cert_to_PEM_cert(leaf.der)
    data = {"tls.crt": b64encode(pem.encode()).decode(), "tls.key": "bWFya2VkLWtleQ=="}
    connector = Connector()
    connector.close()
    probe = Kubernetes(replace(SETTINGS, certificate_secret="mail-tls"), connector)  # noqa: S106 - a Secret's name

    def judged(answer: Any) -> KubernetesObservation:  # noqa: ANN401 - a document or an error
        return probe.judge(Answers({**DOCUMENTS, "secret mail-tls": answer}, {}), SPAN)

    seen = judged({"metadata": {"name": "mail-tls"}, "data": data})
    held = SecretCertificate(certificate.fingerprint(leaf.der), certificate.not_after(leaf.der))
    assert seen.cluster.certificates == {"mail-tls": held}
    assert "bWFya2VkLWtleQ" not in repr(seen)
    assert judged(StatusError(404, "HTTP 404")).cluster.certificates == {"mail-tls": None}
    forbidden = judged(StatusError(403, "HTTP 403"))
    assert (forbidden.cluster.certificates, list(forbidden.gaps)) == ({}, ["secret mail-tls"])
