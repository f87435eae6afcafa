"""The Role: generated from the configuration, and nothing in it that the configuration does not need."""

from typing import Any

import pytest
import yaml

from monitor.config.load import parse
from monitor.config.rbac import rbac_documents, rbac_yaml
from monitor.config.settings import PathSettings
from tests.config.documents import MINIMAL, SHORT, with_block

FOLLOW = ["list", "watch"]


def paths(data: bytes) -> tuple[PathSettings, ...]:
    """Load paths."""
    return parse(data, "").paths


def documents(data: bytes, namespace: str | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    """Give the objects by kind and namespace."""
    made = rbac_documents(paths(data), namespace, "mailpath")
    return {(each["kind"], each["metadata"].get("namespace", "")): each for each in made}


def rules(block: str, namespace: str = "mailserver") -> list[dict[str, Any]]:
    """Give the rules of the Role that a block of a path needs."""
    found: list[dict[str, Any]] = documents(with_block(block))["Role", namespace]["rules"]
    return found


def rule_of(block: str, resource: str) -> list[dict[str, Any]]:
    """Give the rules about one resource."""
    return [rule for rule in rules(block) if resource in rule["resources"]]


def test_a_path_without_a_cluster_needs_the_account_alone() -> None:
    """What reads nothing of a cluster is allowed nothing."""
    assert list(documents(MINIMAL)) == [("ServiceAccount", "mailserver")]


def test_each_namespace_has_a_role_bound_to_the_account() -> None:
    """Roles stand where something is read, the account where mailpath runs; Nodes need a ClusterRole."""
    made = documents(SHORT, "monitoring")
    assert list(made) == [
        ("ServiceAccount", "monitoring"),
        ("ClusterRole", ""),
        ("ClusterRoleBinding", ""),
        ("Role", "mailserver"),
        ("RoleBinding", "mailserver"),
    ]
    for kind, namespace in (("ClusterRole", ""), ("Role", "mailserver")):
        role, binding = made[kind, namespace], made[f"{kind}Binding", namespace]
        assert binding["roleRef"] == {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": kind,
            "name": role["metadata"]["name"],
        }
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "mailpath", "namespace": "monitoring"}]
    assert made["ClusterRole", ""]["metadata"]["name"] == "monitoring-mailpath"


def test_nodes_only_where_they_are_discovered() -> None:
    """Fixed nodes are asked of nobody."""
    assert documents(SHORT)["ClusterRole", ""]["rules"] == [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": FOLLOW}
    ]
    assert ("ClusterRole", "") not in documents(with_block("kubernetes: {}"))


def test_a_followed_log_needs_its_pods() -> None:
    """A mail log by itself needs to find its pod and to read its log, where that is."""
    assert rules("maillog: {kubernetes: {namespace: logs}}", "logs") == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]


def test_a_rule_that_another_one_covers_is_left_out() -> None:
    """Log and cluster together need the pods once."""
    assert rule_of("maillog: {kubernetes: {}}\nkubernetes: {}", "pods") == [
        {"apiGroups": [""], "resources": ["pods", "services"], "verbs": FOLLOW}
    ]


def test_config_maps_are_read_by_name_only() -> None:
    """ConfigMaps are neither listed nor watched, and only those that are named can be read."""
    assert rule_of("kubernetes: {config_maps: {a: x, b: y}}", "configmaps") == [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["a", "b"]}
    ]
    assert rule_of("kubernetes: {config_maps: {}}", "configmaps") == []


def test_one_secret_and_only_where_it_is_named() -> None:
    """The certificate's Secret is opt-in, read by its name, never listed."""
    assert rule_of("kubernetes: {}", "secrets") == []
    assert rule_of("kubernetes: {certificate_secret: mail-tls}", "secrets") == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["mail-tls"]}
    ]


@pytest.mark.parametrize(("listeners", "verbs"), [("connect", []), ("exec", [["get", "create"]])])
def test_exec_is_opt_in(listeners: str, verbs: list[list[str]]) -> None:
    """Commands in the pod may be run only where the configuration says so."""
    assert [rule["verbs"] for rule in rule_of(f"kubernetes: {{listeners: {listeners}}}", "pods/exec")] == verbs


def test_a_lease_only_with_an_election() -> None:
    """One's own Lease by its name; making one cannot be limited to a name."""
    assert rule_of("kubernetes: {}", "leases") == []
    assert rule_of("kubernetes: {lease: {name: led}}", "leases") == [
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "verbs": ["get", "update"],
            "resourceNames": ["led"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    ]


def test_nothing_is_granted_by_a_wildcard_nor_any_secret() -> None:
    """Whatever is configured, no rule says ``*``, none is about Secrets, and only our Lease is written."""
    whole = SHORT.replace(b"kubernetes: {}\n", b"kubernetes: {listeners: exec, lease: {}}\n")
    for document in documents(whole).values():
        for rule in document.get("rules", ()):
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert "secrets" not in rule["resources"]
            if not set(rule["verbs"]) <= {"get", *FOLLOW}:
                assert rule["resources"] in (["pods/exec"], ["leases"])


def test_two_paths_of_one_namespace_share_a_role() -> None:
    """Several paths make one Role a namespace, each rule in it once."""
    twice = SHORT + SHORT.partition(b"paths:\n")[2].replace(b"home", b"away")
    assert documents(twice) == documents(SHORT)


def test_the_text_is_yaml_of_the_same() -> None:
    """What is printed is a stream of documents, and reads as the objects that it was made from."""
    text = rbac_yaml(paths(SHORT), "monitoring", "watcher")
    assert list(yaml.safe_load_all(text)) == rbac_documents(paths(SHORT), "monitoring", "watcher")
    assert text.startswith("---\napiVersion: v1\nkind: ServiceAccount\n")
