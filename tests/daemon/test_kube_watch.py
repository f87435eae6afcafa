"""The cluster's watch with an API that answers as told: nodes found, kept, forgotten; what a reload keeps."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import pytest

from monitor.config.settings import PathSettings
from monitor.core.errors import LinkError
from monitor.core.kube import KubeNode
from monitor.core.model import Node
from monitor.core.observations import AnyObservation, KubernetesObservation
from monitor.core.taxonomy import Reason
from monitor.daemon import kube_watch
from monitor.daemon.kube_watch import KubeWatch
from monitor.daemon.shared import Shared
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector
from monitor.links.kube_watch import Listing, ListWatch
from monitor.probes import kubernetes_objects
from monitor.probes.kubernetes import Answers, Kubernetes
from tests.config import documents
from tests.daemon.telemetry import Telemetry
from tests.waiting import until

FIRST, SECOND = KubeNode("k8s-node1", ("10.0.20.101",), ready=True), KubeNode("k8s-node2", ("10.0.20.102",), ready=None)
BARE = KubeNode("k8s-node3", (), ready=True)


class Api:
    """What every collection and every round answers; ``starts`` counts how often collections were begun."""

    def __init__(self) -> None:
        """Answer well."""
        self.nodes: tuple[KubeNode, ...] = (FIRST,)
        self.failure: LinkError | None = None
        self.starts = 0
        self.changed = asyncio.Event()

    async def listings(self, watch: ListWatch[object]) -> AsyncGenerator[Listing[object], None]:
        """List, and list again after each change."""
        self.starts += 1
        while True:
            yield Listing(self.nodes if "nodes" in watch._path else ())  # noqa: SLF001 - which collection it is
            await self.changed.wait()

    def change(self, *nodes: KubeNode) -> None:
        """Let there be other nodes."""
        self.nodes = nodes
        self.changed.set()
        self.changed = asyncio.Event()


class Bench:
    """A watch, and all that it told."""

    def __init__(self) -> None:
        """Begin."""
        self.telemetry = Telemetry()
        self.seen: list[KubernetesObservation] = []
        self.told: list[tuple[Node, ...]] = []
        scheduler = Scheduler(self.telemetry)
        self.connector = Connector()
        shared = Shared(scheduler, self.connector, lambda: 0.0, self.telemetry.bug, lambda *_: None, lambda _: None)
        self.served: set[str] = set()
        self.watch = KubeWatch(shared, self._see, lambda: self.told.append(self.watch.nodes), lambda: self.served)

    async def configure(self, settings: PathSettings) -> None:
        """Watch by these settings."""
        self.watch.prepare(settings)
        await self.watch.configure(settings)

    async def until(self, good: Callable[[], bool]) -> None:
        """Wait until something holds."""
        await until(good)

    def _see(self, observation: AnyObservation) -> None:
        assert isinstance(observation, KubernetesObservation)
        self.seen.append(observation)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    """Stand in for the API."""
    answering = Api()

    async def run(_: Kubernetes) -> Answers:
        return Answers({} if answering.failure is None else {"deployment": answering.failure}, {})

    def listings(watch: ListWatch[object]) -> AsyncGenerator[Listing[object], None]:
        return answering.listings(watch)

    monkeypatch.setattr(ListWatch, "listings", listings)
    monkeypatch.setattr(Kubernetes, "run", run)
    monkeypatch.setattr(kubernetes_objects, "INTERVAL", 0.02)
    monkeypatch.setattr(kube_watch, "SETTLE", 0.001)
    return answering


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Give a watch; nothing unexpected has come up at its end."""
    made = Bench()
    yield made
    await made.watch.stop()
    made.connector.close()
    assert made.telemetry.bugs == []


def path(nodes: str = "kubernetes: {}", block: str = "kubernetes: {}") -> PathSettings:
    """Give a path."""
    return documents.path(block, nodes)


async def test_nodes_are_told_when_they_change(api: Api, bench: Bench) -> None:
    """By name and first address; a Node without any address is none, one that is not ready is."""
    await bench.configure(path())
    await bench.until(lambda: bool(bench.told))
    api.change(FIRST, SECOND, BARE)
    await bench.until(lambda: len(bench.told) == 2)
    assert bench.told == [
        (Node("k8s-node1", "10.0.20.101"),),
        (Node("k8s-node1", "10.0.20.101"), Node("k8s-node2", "10.0.20.102")),
    ]


async def test_a_node_of_two_families_is_spoken_to_where_mail_goes(api: Api, bench: Bench) -> None:
    """By the edge's family at first, then at the address that HAProxy serves it at; a HAProxy gone moves nobody."""
    both = KubeNode("k8s-node1", ("2001:db8:20::101", "10.0.20.101", "192.168.5.1"), ready=True)
    api.change(both)
    await bench.configure(path(block="edges: [{name: pfsense, address: 10.0.20.1}]\nkubernetes: {}"))
    await bench.until(lambda: bool(bench.told))
    bench.served.add("192.168.5.1")
    await bench.until(lambda: len(bench.told) == 2)
    bench.served.clear()
    rounds = len(bench.seen)
    await bench.until(lambda: len(bench.seen) > rounds + 2)
    assert [nodes[0].address for nodes in bench.told] == ["10.0.20.101", "192.168.5.1"]


async def test_nodes_stay_while_the_api_is_away(api: Api, bench: Bench) -> None:
    """A failed round takes nothing away, and begins every collection anew."""
    await bench.configure(path())
    await bench.until(lambda: bool(bench.told))
    begun = api.starts
    api.failure = LinkError(Reason.TIMEOUT, "no answer")
    await bench.until(lambda: bench.seen[-1].failure is not None)
    assert bench.watch.nodes == (Node("k8s-node1", "10.0.20.101"),)
    api.failure = None
    await bench.until(lambda: bench.seen[-1].ok and api.starts >= 2 * begun)
    assert len(bench.told) == 1


async def test_what_did_not_change_goes_on(api: Api, bench: Bench) -> None:
    """A reload that is about something else disturbs nothing; drift is acknowledged without a new start."""
    await bench.configure(path())
    await bench.until(lambda: bool(bench.told))
    begun = api.starts
    await bench.configure(path(block="kubernetes: {ignore_drift: [x]}"))
    assert api.starts == begun
    assert bench.watch.plan is not None
    assert bench.watch.plan.ignored == {"x"}
    assert bench.watch.nodes


async def test_another_selector_forgets_the_nodes(api: Api, bench: Bench) -> None:
    """Nodes that were found by other means are no nodes of this path."""
    await bench.configure(path())
    await bench.until(lambda: bool(bench.told))
    api.nodes = (SECOND,)
    await bench.configure(path("kubernetes: {selector: mail=yes}"))
    await bench.until(lambda: len(bench.told) == 2)
    assert bench.told[-1] == (Node("k8s-node2", "10.0.20.102"),)


async def test_nodes_alone_need_no_block(api: Api, bench: Bench) -> None:
    """Nodes are found, and nothing else is looked at or judged."""
    await bench.configure(path(block=""))
    await bench.until(lambda: bool(bench.told))
    assert (api.starts, bench.watch.plan) == (1, None)
    assert bench.watch.first_rounds == {"home/kubernetes//"}


async def test_without_either_nothing_is_watched(api: Api, bench: Bench) -> None:
    """No target, no round."""
    await bench.configure(path("static: [{name: a, address: 10.0.20.1}]", ""))
    assert (bench.watch.targets, bench.watch.first_rounds, api.starts) == ((), frozenset(), 0)
