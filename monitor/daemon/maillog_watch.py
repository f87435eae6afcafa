"""The mail log of one path: followed, counted, told."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from monitor.config.settings import PathSettings
from monitor.config.sources import FileLog, KubernetesLog
from monitor.core.observations import MaillogCounts
from monitor.daemon.compose import origin_networks
from monitor.daemon.shared import Shared
from monitor.engine.tasks import Tasks
from monitor.links.backoff import Backoff
from monitor.links.log_source import LogSource
from monitor.links.stdin import StdinSource
from monitor.links.tail import FileTail
from monitor.probes.maillog import Maillog, MaillogSettings
from monitor.verdict.listeners import Listeners
from monitor.verdict.maillog_ledger import MaillogLedger
from monitor.verdict.origins import Origins

# Between attempts at a source that is broken, in seconds.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0

DEFAULT_NAMESPACE = "mailserver"


class MaillogWatch:
    """Follows the one source of a path's mail log."""

    def __init__(self, shared: Shared, on_counts: Callable[[MaillogCounts], None]) -> None:
        """Follow nothing yet; ``on_counts`` is told what each batch holds, before the batch itself is."""
        self._shared = shared
        self._on_counts = on_counts
        self._tasks = Tasks(shared.on_bug)
        self._path: PathSettings | None = None
        self._own_addresses: frozenset[str] = frozenset()
        self._ledger: MaillogLedger | None = None

    async def configure(self, path: PathSettings) -> None:
        """Follow the source of these settings; one that did not change is followed on, without a gap."""
        before, self._path = self._path, path
        self._classify(path)
        if before is not None and _source_of(before) == _source_of(path):
            return
        await self._tasks.cancel()
        if path.maillog is not None:
            settings = MaillogSettings(path.name, next(iter(path.maillog.sources)))
            self._tasks.spawn(f"{path.name}/maillog", self._follow(Maillog(settings, _open(path))))

    def adopt(self, path: PathSettings) -> None:
        """Tell who is who by these settings, whose source of lines is the same."""
        self._path = path
        self._classify(path)

    async def stop(self) -> None:
        """Follow no more."""
        await self._tasks.cancel()

    def learn_own_address(self, address: str) -> None:
        """Remember an address under which our own front-door connections may be seen: they are ``probe``."""
        if address not in self._own_addresses and self._path is not None:
            self._own_addresses |= {address}
            self._classify(self._path)

    async def _follow(self, maillog: Maillog) -> None:
        pause = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        try:
            while True:
                started = self._shared.now()
                block = await maillog.run()
                batch = maillog.judge(block, self._shared.span(started))
                if self._ledger is not None:
                    counts = self._ledger.count(batch)
                    self._shared.on_maillog(counts)
                    self._on_counts(counts)
                self._shared.on_observation(batch)
                if batch.failure is None:
                    pause.reset()
                else:
                    await asyncio.sleep(pause.next_delay())
        finally:
            await maillog.source.close()

    def _classify(self, path: PathSettings) -> None:
        listeners = Listeners(path.services, [edge.address for edge in path.edges])
        origins = Origins(origin_networks(path, self._own_addresses))
        nodes = [node.address for node in path.static_nodes]
        if self._ledger is None:
            self._ledger = MaillogLedger(path.name, listeners, origins, nodes)
        else:
            self._ledger.adopt(listeners, origins, nodes)


def _source_of(path: PathSettings) -> object:
    """What decides where the lines come from; who is who in them may change without a gap."""
    if path.maillog is None:
        return None
    return path.maillog.source, path.kubernetes


def _open(path: PathSettings) -> LogSource:
    maillog = path.maillog
    source = maillog.source if maillog is not None else None
    if isinstance(source, FileLog):
        return FileTail(Path(source.path))
    if isinstance(source, KubernetesLog):
        from monitor.links.kube_log import KubernetesPodLog  # noqa: PLC0415 - it loads 70 MiB: only where configured

        cluster = path.kubernetes
        return KubernetesPodLog(
            namespace=source.namespace or (cluster.namespace if cluster is not None else DEFAULT_NAMESPACE),
            selector=source.selector,
            container=source.container,
            kubeconfig=Path(cluster.kubeconfig) if cluster is not None and cluster.kubeconfig else None,
        )
    return StdinSource()
