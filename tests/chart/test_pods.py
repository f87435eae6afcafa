"""The Pods: restricted, their arguments the command line's own, and no secret where it could be read by others."""

import json
from typing import Any

import pytest

from monitor.arguments import parser
from monitor.config.load import parse
from tests.chart.conftest import Rendered
from tests.chart.helm import ENVIRONMENT, VALUES, Document, of_kind, pods, workload

KEY_WORDS = ("PRIVATE KEY", "ssh-ed25519", "id_ed25519")


def containers(pod: Document) -> list[Document]:
    """Give every container of a Pod, those that come first too."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def daemon(documents: list[Document]) -> Document:
    """Give the daemon's container."""
    (found,) = workload(documents)["spec"]["template"]["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize("name", VALUES)
def test_every_pod_is_restricted(rendered: Rendered, name: str) -> None:
    """What ``restricted`` of the Pod Security Standards asks for; and nothing of the image can be written."""
    for kind, pod in pods(rendered[name]).items():
        context = pod["securityContext"]
        assert (context["runAsNonRoot"], context["runAsUser"], context["fsGroup"]) == (True, 65532, 65532), kind
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert "hostPID" not in pod
        assert "hostIPC" not in pod
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@pytest.mark.parametrize("name", VALUES)
def test_no_secret_is_in_the_environment_nor_in_the_open(rendered: Rendered, name: str) -> None:
    """The SSH key is a file, 0400 but for fsGroup, and stands nowhere but in its Secret."""
    for document in rendered[name]:
        if document["kind"] == "Secret":
            continue
        for pod in pods([document]).values():
            assert not [
                each for each in containers(pod) if any(word in json.dumps(each.get("env")) for word in KEY_WORDS)
            ]
            for volume in pod.get("volumes", []):
                assert volume.get("secret", {"defaultMode": 0o400})["defaultMode"] == 0o400, volume
        if document["kind"] == "ConfigMap":
            assert not any(word in json.dumps(document) for word in KEY_WORDS[:2])


@pytest.mark.parametrize("name", VALUES)
def test_what_is_mounted_is_there_and_nothing_within_another(rendered: Rendered, name: str) -> None:
    """Each mount has its volume; no mount lies within a read-only one, where no directory could be made for it."""
    for kind, pod in pods(rendered[name]).items():
        claims = [each["metadata"] for each in workload(rendered[name])["spec"].get("volumeClaimTemplates", [])]
        volumes = {each["name"] for each in [*pod.get("volumes", []), *(claims if kind == "StatefulSet" else [])]}
        for container in containers(pod):
            mounts = container.get("volumeMounts", [])
            assert {mount["name"] for mount in mounts} <= volumes
            places = [mount["mountPath"] for mount in mounts]
            assert not [(a, b) for a in places for b in places if a != b and b.startswith(f"{a}/")]


@pytest.mark.parametrize("name", VALUES)
def test_the_arguments_are_the_command_lines(rendered: Rendered, name: str) -> None:
    """What every container is started with is parsed by the very command line."""
    mailpath = parser()
    for pod in pods(rendered[name]).values():
        for container in containers(pod):
            if "command" not in container:
                assert mailpath.parse_args(container["args"]).config_file == "/etc/mailpath/mailpath.yml"


@pytest.mark.parametrize("name", VALUES)
def test_the_configuration_has_no_fault(rendered: Rendered, name: str) -> None:
    """What is in the ConfigMap passes what the init container asks; each path is watched as the values say."""
    maps = [each for each in rendered[name] if "mailpath.yml" in each.get("data", {})]
    settings = parse(maps[0]["data"]["mailpath.yml"].encode(), "", environ=ENVIRONMENT)
    assert all(path.tls.server_name for path in settings.paths)
    (check,) = workload(rendered[name])["spec"]["template"]["spec"]["initContainers"]
    assert check["args"] == ["config", "check", "--config.file=/etc/mailpath/mailpath.yml"]
    assert check["env"] == daemon(rendered[name])["env"]


def test_the_shortest_values_watch_the_runbooks_path(rendered: Rendered) -> None:
    """A server's name and a key: nodes by discovery, one edge, log, cluster; two replicas, one of them elected."""
    text = of_kind(rendered["minimal"], "ConfigMap", "mailpath")["data"]["mailpath.yml"]
    (path,) = parse(text.encode(), "").paths
    assert path.tls.server_name == "mail.example.org"
    assert path.nodes.kubernetes is not None
    assert [edge.address for edge in path.edges] == ["10.0.20.1"]
    assert path.maillog is not None
    assert path.kubernetes is not None
    assert path.kubernetes.lease is not None
    assert workload(rendered["minimal"])["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    ("name", "kind", "replicas"),
    [
        ("minimal", "Deployment", 2),
        ("sharded", "StatefulSet", 2),
        ("roundtrip", "StatefulSet", 2),
        ("host", "Deployment", 1),
        ("outside", "Deployment", 1),
    ],
)
def test_how_many_of_what(rendered: Rendered, name: str, kind: str, replicas: int) -> None:
    """A StatefulSet where Pods must be told apart; several only where they share the work or elect."""
    made = workload(rendered[name])
    assert (made["kind"], made["spec"]["replicas"]) == (kind, replicas)
    budgets = [each for each in rendered[name] if each["kind"] == "PodDisruptionBudget"]
    assert len(budgets) == (replicas > 1)
    assert ("--total-shards=2" in daemon(rendered[name])["args"]) == (name == "sharded")


def test_a_changed_configuration_makes_new_pods(rendered: Rendered) -> None:
    """The Pods carry the checksum of what they were started with."""

    def annotations(name: str) -> dict[str, Any]:
        return dict(workload(rendered[name])["spec"]["template"]["metadata"]["annotations"])

    checksums = {annotations(name)["checksum/config"] for name in VALUES}
    # `minimal` and `host` are of one configuration
    assert len(checksums) == len(VALUES) - 1
    assert "checksum/ssh" in annotations("conventional")


@pytest.mark.parametrize("name", VALUES)
def test_the_kubelet_asks_for_the_daemon_and_never_for_the_path(rendered: Rendered, name: str) -> None:
    """A broken mail path restarts nothing: /livez and /readyz, by the port's name, and with what web.yml asks for."""
    container = daemon(rendered[name])
    asked = [container[f"{probe}Probe"]["httpGet"] for probe in ("liveness", "readiness")]
    assert [each["path"] for each in asked] == ["/livez", "/readyz"]
    for each in asked:
        assert each["port"] == "http"
        assert each.get("scheme", "HTTP") == ("HTTPS" if name == "roundtrip" else "HTTP")
        assert ("httpHeaders" in each) == (name == "roundtrip")


@pytest.mark.parametrize("name", VALUES)
def test_only_who_reads_the_cluster_has_a_token(rendered: Rendered, name: str) -> None:
    """Neither the roundtrip nor the test asks anything of the API, nor does a path without a cluster."""
    for kind, pod in pods(rendered[name]).items():
        reads = kind in {"Deployment", "StatefulSet"} and name != "outside"
        assert pod["automountServiceAccountToken"] is reads


def test_the_service_says_how_it_is_scraped(rendered: Rendered) -> None:
    """The annotations that most Prometheus configurations go by; off where the operator does it."""
    service = of_kind(rendered["conventional"], "Service")
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": "9700", "example.org/x": "y"}
    assert service["metadata"]["annotations"] == annotations
    assert not of_kind(rendered["host"], "Service")["metadata"]["annotations"]
    assert of_kind(rendered["minimal"], "Service")["spec"]["ports"][0]["targetPort"] == "http"


def test_the_node_itself(rendered: Rendered) -> None:
    """``hostNetwork``: names are still the cluster's, and no NetworkPolicy pretends to hold."""
    pod = workload(rendered["host"])["spec"]["template"]["spec"]
    assert (pod["hostNetwork"], pod["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    assert not [each for each in rendered["host"] if each["kind"] == "NetworkPolicy"]


def test_what_people_set_is_where_they_expect_it(rendered: Rendered) -> None:
    """The conventional values, each in its place."""
    documents = rendered["conventional"]
    deployment = workload(documents)
    template = deployment["spec"]["template"]
    pod, container = template["spec"], daemon(documents)
    assert container["image"] == "registry.example.org/mailpath:v0.1.0"
    assert daemon(rendered["host"])["image"].startswith("mailpath@sha256:0123")
    assert pod["imagePullSecrets"] == [{"name": "registry"}, {"name": "another"}]
    assert {"name": "roots", "mountPath": "/etc/ssl/roots", "readOnly": True} in container["volumeMounts"]
    assert container["env"][-1]["name"] == "WEBHOOK"
    assert container["envFrom"] == [{"secretRef": {"name": "more"}}]
    assert container["resources"]["limits"]["memory"] == "256Mi"
    assert pod["serviceAccountName"] == "watcher"
    assert pod["priorityClassName"] == "system-cluster-critical"
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "amd64"}
    assert pod["tolerations"][0]["key"] == "dedicated"
    assert "nodeAffinity" in pod["affinity"]
    assert pod["topologySpreadConstraints"][0]["topologyKey"] == "topology.kubernetes.io/zone"
    assert template["metadata"]["labels"]["tier"] == "watch"
    assert template["metadata"]["annotations"]["example.org/z"] == "1"
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0
    assert {each["metadata"]["labels"]["team"] for each in documents} == {"mail"}
    assert {each["metadata"]["name"] for each in documents if each["kind"] in {"Deployment", "Service"}} == {"watcher"}
