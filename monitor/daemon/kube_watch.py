"""The cluster of one path: followed, asked in rounds, told; and the nodes that come and go in it."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from ipaddress import ip_address

from monitor.config.settings import PathSettings
from monitor.core import kinds
from monitor.core.model import Node, Target
from monitor.core.observations import AnyObservation
from monitor.daemon.shared import Shared
from monitor.engine.tasks import Tasks
from monitor.links.backoff import Backoff
from monitor.links.kube_watch import ListWatch
from monitor.probes import kubernetes_objects
from monitor.probes.kubernetes import Kubernetes
from monitor.probes.kubernetes_objects import KubernetesSettings
from monitor.probes.watch import key_of
from monitor.verdict.cluster_book import spoken_to
from monitor.verdict.plan import ClusterPlan

# A change seldom comes alone: a Pod goes, another comes, an EndpointSlice follows.
SETTLE = 0.5


class KubeWatch:
    """Watches the cluster of one path; ``nodes`` are those that were found last, also while the API is away."""

    def __init__(
        self,
        shared: Shared,
        record: Callable[[AnyObservation], object],
        on_nodes: Callable[[], None],
        served: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """Watch nothing yet; ``record`` takes what is seen, ``on_nodes`` hears of every change of ``nodes``.

        ``served`` gives the addresses at which HAProxy has servers, as far as they are known.
        """
        self._shared = shared
        self._record = record
        self._on_nodes = on_nodes
        self._served = served
        self._families: frozenset[int] = frozenset()
        self._tasks = Tasks(shared.on_bug)
        self._settings: KubernetesSettings | None = None
        self.nodes: tuple[Node, ...] = ()
        self.plan: ClusterPlan | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        """The labels of the rounds."""
        settings = self._settings
        return () if settings is None else (Target(settings.path, kinds.KUBERNETES, "", ""),)

    @property
    def first_rounds(self) -> frozenset[str]:
        """The rounds without which nobody knows which nodes there are."""
        discovers = self._settings is not None and self._settings.node_selector is not None
        return frozenset(key_of(target) for target in self.targets) if discovers else frozenset()

    def prepare(self, path: PathSettings) -> None:
        """Take over what shall be found, and forget the nodes of another cluster, or of none."""
        self.plan = kubernetes_objects.plan(path)
        self._families = frozenset(ip_address(edge.address).version for edge in path.edges[:1])
        wanted = kubernetes_objects.settings_of(path)
        if wanted is None or self._settings is None or _finds(wanted) != _finds(self._settings):
            self.nodes = ()

    async def configure(self, path: PathSettings) -> None:
        """Watch by these settings; what did not change goes on undisturbed."""
        before, self._settings = self._settings, kubernetes_objects.settings_of(path)
        if before != self._settings:
            await self._tasks.cancel()
            if self._settings is not None:
                probe = Kubernetes(self._settings, self._shared.connector)
                self._tasks.keep(f"{path.name}/kubernetes", partial(self._look, probe))

    async def stop(self) -> None:
        """Watch no more."""
        await self._tasks.cancel()

    async def _look(self, probe: Kubernetes) -> None:
        following = Tasks(self._shared.on_bug)
        changed = asyncio.Event()
        pause = Backoff(SETTLE, kubernetes_objects.INTERVAL)
        try:
            while True:
                if not len(following):
                    for what, watch in probe.watches.items():
                        name = f"{probe.settings.path}/{what}"
                        following.keep(name, partial(_follow, probe, what, watch, changed))
                    await _begin(probe, changed)
                changed.clear()
                if await self._round(probe):
                    pause.reset()
                    await _change(changed, kubernetes_objects.INTERVAL)
                else:
                    # An API server whose host is gone leaves its watches open and silent: they begin anew with it.
                    await following.cancel()
                    await asyncio.sleep(pause.next_delay())
        finally:
            await following.cancel()
            await probe.close()

    async def _round(self, probe: Kubernetes) -> bool:
        started = self._shared.now()
        answers = await probe.run()
        observation = probe.judge(answers, self._shared.span(started))
        if observation.cluster.nodes is not None:  # else nobody knows which there are
            before = {node.name: node.address for node in self.nodes}
            nodes = spoken_to(observation.cluster.nodes, before, self._served(), self._families)
            if nodes != self.nodes:
                self.nodes = nodes
                self._on_nodes()
        self._record(observation)
        return observation.ok


async def _follow(probe: Kubernetes, what: str, watch: ListWatch[object], changed: asyncio.Event) -> None:
    async for listing in watch.listings():
        probe.take(what, listing)
        changed.set()


async def _begin(probe: Kubernetes, changed: asyncio.Event) -> None:
    """Wait until every collection was read, but not for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(probe.settings.timeout):
            while not probe.begun:
                changed.clear()
                await changed.wait()


async def _change(changed: asyncio.Event, within: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await changed.wait()
            await asyncio.sleep(SETTLE)


def _finds(settings: KubernetesSettings) -> tuple[object, ...]:
    return settings.kubeconfig, settings.node_selector
