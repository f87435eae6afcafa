"""The chart's own logic for Roles, and ``mailpath rbac``: two that must say the same."""

from typing import Any

import pytest
import yaml

from monitor.config.load import parse
from monitor.config.rbac import rbac_documents
from tests.chart.conftest import Rendered
from tests.chart.helm import ENVIRONMENT, NAMESPACE, VALUES, Document, Helm, of_kind, workload
from tests.config.documents import COMPLETE, MINIMAL, SHORT, with_block

KINDS = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")

# What changes the Roles, each by itself and together.
CONFIGURATIONS = {
    "nothing of a cluster": MINIMAL,
    "the shortest": SHORT,
    "every key": COMPLETE,
    "log alone": with_block("maillog: {kubernetes: {}}"),
    "log elsewhere": with_block("maillog: {kubernetes: {namespace: logs}}\nkubernetes: {namespace: mail}"),
    "log beside a default": with_block("maillog: {kubernetes: {namespace: null}}"),
    "log of a file": with_block("maillog: {file: {}}"),
    "cluster alone": with_block("kubernetes: {}"),
    "no ConfigMaps": with_block("kubernetes: {config_maps: {}}"),
    "ConfigMaps": with_block("kubernetes: {config_maps: {b: x, a: y}}"),
    "certificate": with_block("kubernetes: {certificate_secret: mail-tls}"),
    "exec": with_block("kubernetes: {listeners: exec}"),
    "lease": with_block("kubernetes: {lease: {}}"),
    "lease of a name": with_block("kubernetes: {lease: {name: led, duration: 30s}}"),
    "names": with_block("kubernetes: {deployment: postfix, roundtrip_cronjob: round}"),
    "two of one namespace": SHORT + SHORT.partition(b"paths:\n")[2].replace(b"home", b"away"),
    "null blocks": with_block("kubernetes: null\nmaillog: null"),
}


def granted(documents: list[Document]) -> list[Document]:
    """Give what is allowed and to whom, without the labels, in one order."""
    chosen: list[dict[str, Any]] = []
    for each in documents:
        if each["kind"] in KINDS:
            metadata = {key: value for key, value in each["metadata"].items() if key != "labels"}
            chosen.append({**each, "metadata": metadata})
    return sorted(chosen, key=lambda each: (each["kind"], each["metadata"].get("namespace", "")))


def printed(configuration: str, account: str) -> list[Document]:
    """Give what ``mailpath rbac`` prints for the configuration as the chart renders it."""
    paths = parse(configuration.encode(), "", environ=ENVIRONMENT).paths
    return granted(rbac_documents(paths, NAMESPACE, account))


@pytest.mark.parametrize("name", sorted(set(VALUES) - {"outside"}))
def test_the_roles_of_each_file_of_values(rendered: Rendered, name: str) -> None:
    """Release, names and shards make no difference to what is allowed."""
    documents = rendered[name]
    account = workload(documents)["spec"]["template"]["spec"]["serviceAccountName"]
    maps = [each for each in documents if "mailpath.yml" in each.get("data", {})]
    assert granted(documents) == printed(maps[0]["data"]["mailpath.yml"], account)


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_the_roles_of_each_configuration(helm: Helm, case: str) -> None:
    """Rule for rule, in their order, and bound to the same account."""
    given = {"config": yaml.safe_load(CONFIGURATIONS[case]), "ssh": {"existingSecret": "edge"}}
    documents = helm.render(given)
    assert of_kind(documents, "ServiceAccount")["metadata"]["name"] == "mailpath"
    configuration = of_kind(documents, "ConfigMap", "mailpath")["data"]["mailpath.yml"]
    assert granted(documents) == printed(configuration, "mailpath")


def test_none_where_somebody_else_makes_them(rendered: Rendered) -> None:
    """``rbac.create: false`` makes none."""
    assert granted(rendered["outside"]) == []
