"""The printed Role against the real authorizer: enough for all that is configured, and not one verb too many."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from monitor.config.load import parse, parsing
from monitor.config.options import RunOptions
from monitor.config.rbac import rbac_yaml
from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.daemon.service import Daemon
from monitor.links.clock import wall_clock
from monitor.links.kube_api import KubeApi
from monitor.links.kube_candidate import LeaseTiming
from monitor.links.kube_lease import LeaseElector
from monitor.links.kube_log import KubernetesPodLog
from monitor.links.kube_watch import ListWatch, Patience
from tests.kube.client import Admin, Document
from tests.kube.cluster import Cluster
from tests.kube.kubelet import Answer, Kubelet
from tests.kube.objects import config_map, deployment, namespace, pod, tls_secret

POD = "mailserver-5d8f7c9b6-x2v4q"
CONFIGURATION = b"""
paths:
  - name: home
    nodes: {kubernetes: {}}
    tls: {server_name: mail.example.org}
    maillog: {kubernetes: {}}
    kubernetes: {listeners: exec, certificate_secret: mail-tls, lease: {}}
"""
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
HOME = "/api/v1/namespaces/mailserver"
SETTLED_WITHIN = 30.0


@dataclass
class Account:
    """The account that mailpath has, and how it reaches the API."""

    kubeconfig: Path
    token: str
    cluster: Cluster

    async def may(self, verb: str, resource: str, group: str = "", name: str = "", where: str = "mailserver") -> bool:
        """Ask as ``kubectl auth can-i`` does; ``resource`` may have a subresource."""
        kind, _, sub = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": kind, "subresource": sub, "name": name, "namespace": where}
        document = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        api = KubeApi(self.kubeconfig, timeout=5.0)
        try:
            return bool((await api.create(REVIEWS, document))["status"]["allowed"])
        finally:
            await api.close()


Work = Callable[[Account], Awaitable[None]]


def followed(path: str, *query: tuple[str, str]) -> Work:
    """Follow a collection: list it, and watch it to the watch's end in order."""

    async def work(account: Account) -> None:
        api = KubeApi(account.kubeconfig, timeout=5.0)
        watch = ListWatch(api, path, lambda document: document, query, Patience(1.0, 1.0, 5.0))
        listings = watch.listings()
        try:
            with suppress(TimeoutError):
                # a forbidden watch is told at once, an allowed one is silent
                async with asyncio.timeout(0.7):
                    async for listing in listings:
                        if listing.failure is not None:
                            raise listing.failure
        finally:
            await listings.aclose()
            await watch.close()

    return work


def read(path: str) -> Work:
    """Read one object by its name."""

    async def work(account: Account) -> None:
        api = KubeApi(account.kubeconfig, timeout=5.0)
        try:
            await api.get(path)
        finally:
            await api.close()

    return work


async def log(account: Account) -> None:
    """Find the pod and follow its log."""
    source = KubernetesPodLog(
        "mailserver",
        "app=mailserver",
        "docker-mailserver",
        kubeconfig=account.kubeconfig,
        heartbeat=0.05,
    )
    try:
        await source.read()
    finally:
        await source.close()


async def election(account: Account) -> None:
    """Be elected where there is no Lease yet, renew it, give it back."""
    failures: list[LinkError] = []
    elector = LeaseElector(
        "mailserver",
        "mailpath",
        "a",
        LeaseTiming(duration=2.0, renew_deadline=1.5, retry_period=0.4),
        wall_clock=wall_clock,
        on_change=lambda _: None,
        on_failure=failures.append,
        kubeconfig=account.kubeconfig,
    )
    await asyncio.to_thread(account.cluster.admin.delete_all, "Lease")
    async with asyncio.TaskGroup() as group:
        running = group.create_task(elector.run())
        # three attempts: the Lease is looked for and made, then renewed
        await asyncio.sleep(1.0)
        running.cancel()
    elected = elector.leading
    await elector.release()
    if failures:
        raise failures[0]
    assert elected


async def command(account: Account) -> None:
    """Run a command in the pod."""
    query = "container=docker-mailserver&command=ss&command=-ltn&stdout=true"
    url = f"wss://127.0.0.1:{account.cluster.port}{HOME}/pods/{POD}/exec?{query}"
    headers = {"Authorization": f"Bearer {account.token}"}
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(url, protocols=["v4.channel.k8s.io"], ssl=account.cluster.pki.trust()) as socket,
        ):
            await socket.receive()
    except aiohttp.WSServerHandshakeError as error:
        reason = Reason.PERMISSION_DENIED if error.status == HTTPStatus.FORBIDDEN else Reason.API_ERROR
        raise LinkError(reason, error.message) from error


WORKS: Mapping[str, Work] = {
    "nodes": followed("/api/v1/nodes"),
    "pods": followed(f"{HOME}/pods"),
    "services": followed(f"{HOME}/services"),
    "slices": followed("/apis/discovery.k8s.io/v1/namespaces/mailserver/endpointslices"),
    "jobs": followed("/apis/batch/v1/namespaces/mailserver/jobs"),
    "cronjobs": followed(
        "/apis/batch/v1/namespaces/mailserver/cronjobs", ("fieldSelector", "metadata.name=email-roundtrip-monitor")
    ),
    "deployment": read("/apis/apps/v1/namespaces/mailserver/deployments/mailserver"),
    "config_map": read(f"{HOME}/configmaps/mailserver-user-patches"),
    "certificate": read(f"{HOME}/secrets/mail-tls"),
    "log": log,
    "exec": command,
    "election": election,
}


async def refused(account: Account) -> set[str]:
    """Do everything; give the names of what was forbidden. Anything else that fails is an error."""

    async def done(name: str, work: Work) -> str:
        try:
            await work(account)
        except LinkError as error:
            if error.reason is not Reason.PERMISSION_DENIED:
                raise
            return name
        return ""

    return set(await asyncio.gather(*(done(name, work) for name, work in WORKS.items()))) - {""}


@pytest.fixture
def documents(admin: Admin) -> Iterator[list[Document]]:
    """Apply what is printed for the configuration, for an account in a namespace of its own; take it back."""
    made = list(yaml.safe_load_all(rbac_yaml(parse(CONFIGURATION, "").paths, "monitoring", "mailpath")))
    admin.apply(namespace("monitoring"))
    for document in made:
        admin.create(document)
    yield made
    for document in made:
        admin.delete(document["kind"], document["metadata"]["name"], document["metadata"].get("namespace", ""))


@pytest.fixture
async def account(cluster: Cluster, kubelet: Kubelet, documents: list[Document]) -> Account:
    """Give the account by its token, with everything to be read in place."""
    patches = config_map("mailserver-user-patches", {"user-patches.sh": ""})
    for document in (pod(POD), deployment(), patches, tls_secret("mail-tls", b"a certificate")):
        await asyncio.to_thread(cluster.admin.create, document)
    kubelet.start(POD)
    kubelet.answers["ss", "-ltn"] = Answer(b"LISTEN")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    path = "/api/v1/namespaces/monitoring/serviceaccounts/mailpath/token"
    token = (await asyncio.to_thread(cluster.admin.call, "POST", path, request))["status"]["token"]
    made = Account(cluster.write_kubeconfig("mailpath", {"token": token}), token, cluster)
    for document in documents:
        for rule in document.get("rules", ()):
            await settled(made, rule["verbs"][-1], rule, allowed=True)
    return made


async def settled(account: Account, verb: str, rule: Mapping[str, Any], *, allowed: bool) -> None:
    """Wait until the authorizer knows of a change: it follows the Roles as anybody does."""
    name = (rule.get("resourceNames") or [""])[0]
    async with asyncio.timeout(SETTLED_WITHIN):
        while await account.may(verb, rule["resources"][0], rule["apiGroups"][0], name) is not allowed:  # noqa: ASYNC110 - it is the API server that is waited for
            await asyncio.sleep(0.02)


async def test_the_role_is_enough(account: Account) -> None:
    """With exactly what is printed, everything that the configuration asks for is done."""
    assert await refused(account) == set()


async def test_the_daemon_has_no_gap_in_what_it_sees(account: Account) -> None:
    """The daemon itself, of the same configuration: elected, its log read, and nothing of the cluster refused."""
    text = CONFIGURATION.replace(
        b"kubernetes: {listeners", f"kubernetes: {{kubeconfig: {account.kubeconfig}, listeners".encode()
    )
    daemon = Daemon(lambda: parsing(text, ""), RunOptions())
    await daemon.start()
    try:
        async with asyncio.timeout(30):
            while True:
                status = daemon.statuses()[0]
                seen = status.cluster is not None and status.cluster.up
                if seen and status.elected and status.maillog is not None and status.maillog.up:
                    break
                await asyncio.sleep(0.05)
        assert status.cluster is not None
        assert status.cluster.gaps == {}
        assert status.cluster.known is not None
        assert {each.target.node for each in status.handshakes} == {"k8s-node1"}
    finally:
        await daemon.stop()


async def test_the_role_is_minimal(account: Account, documents: list[Document], admin: Admin) -> None:
    """Without any one verb on any one resource of any one rule, something is forbidden."""
    tried = 0
    for document in documents:
        for number, rule in enumerate(document.get("rules", ())):
            for resource in rule["resources"]:
                # an exec wants one verb of an old API server, and another one of a new one: it takes both to be refused
                verbs = [rule["verbs"]] if resource == "pods/exec" else [[verb] for verb in rule["verbs"]]
                for taken in verbs:
                    await _without(account, admin, document, number, resource, taken)
                    tried += 1
    assert tried > 15


async def _without(  # noqa: PLR0913, PLR0917 - what is taken, and where it stands
    account: Account, admin: Admin, document: Document, number: int, resource: str, verbs: list[str]
) -> None:
    less = copy.deepcopy(document)
    rule = less["rules"][number]
    others = [each for each in rule["resources"] if each != resource]
    kept = [each for each in rule["verbs"] if each not in verbs]
    less["rules"][number : number + 1] = [
        *([{**rule, "resources": others}] if others else []),
        *([{**rule, "resources": [resource], "verbs": kept}] if kept else []),
    ]
    kind, name, where = document["kind"], document["metadata"]["name"], document["metadata"].get("namespace", "")
    taken = {**rule, "resources": [resource]}
    await asyncio.to_thread(admin.patch, kind, name, {"rules": less["rules"]}, where)
    await settled(account, verbs[0], taken, allowed=False)
    assert await refused(account), f"{' and '.join(verbs)} {resource} is granted and not needed"
    await asyncio.to_thread(admin.patch, kind, name, {"rules": document["rules"]}, where)
    await settled(account, verbs[0], taken, allowed=True)


@pytest.mark.parametrize(
    ("verb", "resource", "group", "name"),
    [
        ("get", "secrets", "", "mailserver-probe-secrets"),
        ("list", "secrets", "", ""),
        ("list", "configmaps", "", ""),
        ("watch", "configmaps", "", ""),
        ("get", "configmaps", "", "mailserver.config"),
        ("delete", "pods", "", POD),
        ("patch", "deployments", "apps", "mailserver"),
        ("create", "jobs", "batch", ""),
        ("create", "pods/portforward", "", POD),
        ("update", "leases", "coordination.k8s.io", "somebody-elses"),
        ("delete", "leases", "coordination.k8s.io", "mailpath"),
        ("escalate", "roles", "rbac.authorization.k8s.io", "mailpath"),
    ],
)
async def test_nothing_else_is_allowed(account: Account, verb: str, resource: str, group: str, name: str) -> None:
    """What nobody configured is refused: above all secrets, and ConfigMaps that hold some."""
    assert not await account.may(verb, resource, group, name)


async def test_other_namespaces_are_none_of_our_business(account: Account) -> None:
    """The Role holds where the mail server is, and neither elsewhere nor where mailpath runs."""
    assert await account.may("list", "pods")
    for elsewhere in ("default", "kube-system", "monitoring"):
        assert not await account.may("list", "pods", where=elsewhere)
