"""The chart on a real API server: installed, its rights counted, and upgraded from each values to the next."""

import asyncio
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from monitor.config.load import parse, parsing
from monitor.config.options import RunOptions
from monitor.config.rbac import rbac_documents
from monitor.daemon.service import Daemon
from tests.chart.helm import CHART, NAMESPACE, RELEASE, RELEASED, ROOT, VALUES, Document, Helm, values
from tests.kube.client import RefusedError
from tests.kube.cluster import Cluster
from tests.kube.mail_server import install as install_mail_server
from tests.kube.objects import namespace, node
from tests.patience import stretched

# What the API server of the tests may be too old to serve, or is served only with the operator.
WITHOUT = ["serviceMonitor.enabled=false", "podMonitor.enabled=false", "prometheusRule.enabled=false"]
# The authorizer follows the Roles as anybody does.
SETTLED_WITHIN = 30.0
PLACES = ("mailserver", "mail", "logs", NAMESPACE, "default")


@dataclass(frozen=True)
class Release:
    """One release of the chart in the cluster."""

    helm: Helm
    cluster: Cluster
    sets: tuple[str, ...]

    def upgrade(self, file: Path, *more: str) -> None:
        """Install it, or bring it to these values."""
        chosen = [word for each in self.sets for word in ("--set", each)]
        self.run("upgrade", "--install", RELEASE, str(CHART), "--values", str(file), *chosen, *more)

    def run(self, *arguments: str, program: str = "helm", where: str = NAMESPACE) -> str:
        """Run helm or kubectl as the cluster's administrator; give what it says."""
        reach = ("--kubeconfig", str(self.cluster.kubeconfig), "--namespace", where)
        done = self.helm.run(*arguments, *reach, program=program)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def there(self) -> set[tuple[str, str]]:
        """Give the kinds and names of the objects in the cluster that are the release's."""
        kinds = "serviceaccounts,configmaps,secrets,services,deployments.apps,statefulsets.apps,cronjobs.batch"
        selector = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/managed-by=Helm"
        listed = self.run("get", kinds, "-l", selector, "-o", "name", program="kubectl").split()
        return {(place.partition("/")[0].partition(".")[0], place.partition("/")[2]) for place in listed}

    def rights(self, account: str, where: str) -> set[tuple[str, str, str]]:
        """Give what an account may do in a namespace, as ``kubectl auth can-i --list`` has it: what, names, verbs."""
        who = f"system:serviceaccount:{account}"
        told = self.run("auth", "can-i", "--list", "--no-headers", "--as", who, program="kubectl", where=where)
        rows = (re.fullmatch(r"(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]\s*", line) for line in told.splitlines())
        return {(row[1], row[3], row[4]) for row in rows if row is not None and row[1]}


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Give helm and kubectl."""
    told = subprocess.run([str(ROOT / "tools" / "helm.sh")], capture_output=True, text=True, check=True, timeout=300)
    return Helm(Path(told.stdout.strip()), tmp_path_factory.mktemp("helm"))


@pytest.fixture
def release(helm: Helm, cluster: Cluster) -> Iterator[Release]:
    """Give a release that is not installed yet, with every namespace there; uninstall it."""
    for each in PLACES:
        if each != "default":
            cluster.admin.apply(namespace(each))
    sets = list(WITHOUT)
    try:
        cluster.admin.call("GET", "/apis/policy/v1")
    except RefusedError:
        sets.append("podDisruptionBudget.enabled=false")
    made = Release(helm, cluster, tuple(sets))
    yield made
    made.run("uninstall", RELEASE, "--ignore-not-found")
    assert made.there() == set()


def expected(configuration: str, account: str, where: str) -> set[tuple[str, str, str]]:
    """Give what ``mailpath rbac`` allows in a namespace, as ``kubectl auth can-i --list`` has it."""
    rights: set[tuple[str, str, str]] = set()
    for document in rbac_documents(parse(configuration.encode(), "").paths, NAMESPACE, account):
        if document["metadata"].get("namespace", where) == where:
            for rule in document.get("rules", ()):
                names, verbs = " ".join(rule.get("resourceNames", ())), " ".join(rule["verbs"])
                suffix = f".{rule['apiGroups'][0]}" if rule["apiGroups"][0] else ""
                rights |= {(f"{resource}{suffix}", names, verbs) for resource in rule["resources"]}
    return rights


def configuration(release: Release) -> str:
    """Give mailpath.yml as it stands in the cluster."""
    return str(release.cluster.admin.get("ConfigMap", RELEASE, NAMESPACE)["data"]["mailpath.yml"])


@pytest.mark.parametrize("name", ["minimal", "sharded"])
def test_the_account_can_do_what_it_needs_and_nothing_else(release: Release, name: str) -> None:
    """In every namespace, beyond what everybody may: exactly what ``mailpath rbac`` says of the configuration."""
    release.upgrade(VALUES[name])
    told = configuration(release)
    for where in PLACES:
        everybodys = release.rights(f"{NAMESPACE}:default", where)
        assert ("selfsubjectaccessreviews.authorization.k8s.io", "", "create") in everybodys
        wanted = _single(expected(told, RELEASE, where))
        deadline = time.monotonic() + stretched(SETTLED_WITHIN)
        while (own := _single(release.rights(f"{NAMESPACE}:{RELEASE}", where) - everybodys)) != wanted:
            assert time.monotonic() < deadline, (where, own ^ wanted)
    assert expected(told, RELEASE, "mailserver")


def _single(rights: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Give one verb and one name a row: the list merges rules of one resource."""
    return {(what, name, verb) for what, names, verbs in rights for name in names.split(" ") for verb in verbs.split()}


async def test_the_installed_configuration_and_account_are_enough(release: Release) -> None:
    """The daemon with what is in the cluster: elected, its nodes found, and nothing of the cluster refused."""
    release.upgrade(VALUES["minimal"])
    admin = release.cluster.admin
    await asyncio.to_thread(install_mail_server, admin)
    admin.create(node("k8s-node1", "127.0.1.1"))
    token = release.run("create", "token", RELEASE, program="kubectl").strip()
    document: Document = yaml.safe_load(configuration(release))
    (path,) = document["paths"]
    # there is no edge here, and the account is reached from outside
    del path["edges"], path["maillog"]
    path["kubernetes"]["kubeconfig"] = str(release.cluster.write_kubeconfig("chart", {"token": token}))
    daemon = Daemon(lambda: parsing(yaml.safe_dump(document).encode(), ""), RunOptions())
    await daemon.start()
    try:
        async with asyncio.timeout(30):
            while True:
                status = daemon.statuses()[0]
                if status.elected and status.cluster is not None and status.cluster.known is not None:
                    break
                await asyncio.sleep(0.05)
        assert status.cluster.gaps == {}
        assert {each.target.node for each in status.handshakes} == {"k8s-node1"}
    finally:
        await daemon.stop()


def test_one_set_of_values_after_another(release: Release) -> None:
    """From each file of values to each next one: what is no more is taken away, and no field stands in the way."""
    order = ["minimal", "conventional", "minimal", "roundtrip", "host", "sharded", "outside", "minimal"]
    seen: list[set[tuple[str, str]]] = []
    for name in order:
        release.upgrade(VALUES[name])
        rendered = release.helm.render(values(name), *[word for each in release.sets for word in ("--set", each)])
        kinds = {"ServiceAccount", "ConfigMap", "Secret", "Service", "Deployment", "StatefulSet", "CronJob"}
        made = {(each["kind"].lower(), each["metadata"]["name"]) for each in rendered if each["kind"] in kinds}
        seen.append(release.there())
        assert seen[-1] == made, name
    assert seen[0] == seen[2] == seen[-1]


def test_a_volume_for_pods_that_have_none_is_refused_in_words(release: Release) -> None:
    """What the API never changes in a StatefulSet: helm says what to run first, and then goes on."""
    release.upgrade(VALUES["sharded"])
    with pytest.raises(
        AssertionError, match="kubectl --namespace monitoring delete statefulset mailpath --cascade=orphan"
    ):
        release.upgrade(VALUES["sharded"], "--set", "persistence.enabled=true")
    # nobody is here who would orphan: there are no Pods either
    release.run("delete", "statefulset", "mailpath", "--cascade=background", program="kubectl")
    release.upgrade(VALUES["sharded"], "--set", "persistence.enabled=true")
    assert ("statefulset", "mailpath") in release.there()


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.stem)
@pytest.mark.parametrize("how", ["--reset-values", "--reuse-values", "--reset-then-reuse-values"])
def test_values_of_a_released_chart_go_on_working(release: Release, file: Path, how: str) -> None:
    """Whoever kept the values of an earlier release, whole, upgrades with them, in every way that helm knows."""
    release.upgrade(file)
    before = release.there()
    release.upgrade(file, how)
    assert release.there() == before
    told = yaml.safe_load(release.run("get", "values", RELEASE, "-o", "yaml"))
    assert told["serverName"] == "mail.example.org"
