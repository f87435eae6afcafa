"""List and watch against a real API server: changes, restarts, a version that etcd has forgotten, silence."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from http import HTTPStatus

import pytest

from monitor.core.errors import LinkError
from monitor.core.kube import KubeNode
from monitor.core.taxonomy import Reason
from monitor.links import kube_watch
from monitor.links.kube_api import KubeApi, StatusError
from monitor.links.kube_watch import Listing, ListWatch, Patience
from monitor.wire import kube
from tests.kube.client import Admin
from tests.kube.cluster import Cluster
from tests.kube.objects import config_map, node

NODES = "/api/v1/nodes"
Listings = AsyncGenerator[Listing[KubeNode], None]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back soon after an error."""
    monkeypatch.setattr(kube_watch, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(kube_watch, "LONGEST_PAUSE", 0.5)


@pytest.fixture
async def watch(cluster: Cluster) -> AsyncIterator[ListWatch[KubeNode]]:
    """Follow the nodes."""
    made = ListWatch(KubeApi(cluster.kubeconfig, timeout=2.0), NODES, kube.node, patience=Patience(2.0, 3.0, 1.0))
    yield made
    await made.close()


def names(listing: Listing[KubeNode]) -> list[str]:
    """Give the nodes' names."""
    return [each.name for each in listing.items]


async def until(listings: Listings, good: Callable[[Listing[KubeNode]], bool]) -> Listing[KubeNode]:
    """Give the first listing that is as wanted."""
    async with asyncio.timeout(30):
        while not good(listing := await anext(listings)):
            pass
    return listing


async def test_nodes_come_change_and_go(admin: Admin, watch: ListWatch[KubeNode]) -> None:
    """What is made, changed and deleted is told, beyond the end of a single watch too."""
    admin.create(node("k8s-node1", "10.0.20.101"))
    async with aclosing(watch.listings()) as listings:
        assert names(await anext(listings)) == ["k8s-node1"]
        for _ in range(2):
            admin.create(node("k8s-node2", "10.0.20.102"))
            assert names(await until(listings, lambda seen: len(seen.items) == 2)) == ["k8s-node1", "k8s-node2"]
            admin.patch("Node", "k8s-node2", {"spec": {"unschedulable": True}})
            await until(listings, lambda seen: seen.items[-1].cordoned)
            admin.delete("Node", "k8s-node2")
            assert names(await until(listings, lambda seen: len(seen.items) == 1)) == ["k8s-node1"]
            await asyncio.sleep(3.5)  # the server ends every watch within three seconds


async def test_a_forgotten_version_is_listed_anew(
    cluster: Cluster, watch: ListWatch[KubeNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """410 Gone, after a compaction and a restart, costs a list and nothing else: no error, no pause."""
    monkeypatch.setattr(kube_watch, "FIRST_PAUSE", 60.0)
    admin = cluster.admin
    admin.create(node("k8s-node1", "10.0.20.101"))
    async with aclosing(watch.listings()) as listings:
        assert names(await anext(listings)) == ["k8s-node1"]
        version = watch.version
        admin.create(node("k8s-node2", "10.0.20.102"))
        admin.delete("Node", "k8s-node1")
        for number in range(10):
            admin.create(config_map(f"churn-{number}", {}))
        cluster.compact()
        await asyncio.to_thread(cluster.restart)
        assert await gone(cluster, version)
        listing = await anext(listings)
        assert names(listing) == ["k8s-node2"]
        assert listing.failure is None


async def gone(cluster: Cluster, version: str) -> bool:
    """Tell whether the server has forgotten a version."""
    api = KubeApi(cluster.kubeconfig, timeout=2.0)
    try:
        stream = await api.stream(NODES, (("watch", "true"), ("resourceVersion", version), ("timeoutSeconds", "1")))
        told = await stream.read(65536)
        stream.close()
    except StatusError as error:
        return error.status == HTTPStatus.GONE
    else:
        return b'"code":410' in told
    finally:
        await api.close()


async def test_a_killed_server_is_told_and_recovered_from(cluster: Cluster, watch: ListWatch[KubeNode]) -> None:
    """The last knowledge stays while nobody answers, with the reason; what changed meanwhile is seen afterwards."""
    cluster.admin.create(node("k8s-node1", "10.0.20.101"))
    async with aclosing(watch.listings()) as listings:
        await anext(listings)
        cluster.kill()
        broken = await until(listings, lambda seen: seen.failure is not None)
        assert names(broken) == ["k8s-node1"]
        refused = await until(listings, lambda seen: reason(seen) is Reason.REFUSED)
        assert names(refused) == ["k8s-node1"]
        await asyncio.to_thread(cluster.restart)
        cluster.admin.create(node("k8s-node2", "10.0.20.102"))
        assert await until(listings, lambda seen: seen.failure is None and len(seen.items) == 2)


async def test_a_frozen_server_is_noticed(cluster: Cluster, watch: ListWatch[KubeNode]) -> None:
    """A stream that stays open and silent beyond its own end is dead; so is a request that nobody answers."""
    cluster.admin.create(node("k8s-node1", "10.0.20.101"))
    async with aclosing(watch.listings()) as listings:
        await anext(listings)
        begun = asyncio.get_running_loop().create_task(anext(listings))
        await asyncio.sleep(0.5)
        cluster.freeze()
        assert reason(await begun) is Reason.STALE
        assert reason(await until(listings, lambda seen: seen.failure is not None)) is Reason.TIMEOUT
        cluster.thaw()
        assert names(await until(listings, lambda seen: seen.failure is None)) == ["k8s-node1"]


async def test_a_refusal_is_told_in_the_servers_words(cluster: Cluster) -> None:
    """Without the right to list, the reason names the resource."""
    nobody = cluster.write_kubeconfig("nobody", {"client": cluster.pki.client("nobody")})
    watch = ListWatch(KubeApi(nobody, timeout=2.0), NODES, kube.node)
    async with aclosing(watch.listings()) as listings:
        refused = await anext(listings)
    await watch.close()
    assert isinstance(refused.failure, LinkError)
    assert refused.failure.reason is Reason.PERMISSION_DENIED
    assert 'cannot list resource "nodes"' in refused.failure.detail


def reason(listing: Listing[KubeNode]) -> Reason | None:
    """Give why a listing may be out of date."""
    return listing.failure.reason if listing.failure is not None else None
