"""One path at work: its probes, its cluster and its mail log, all of them told to the path's book."""

from monitor.config.addresses import with_nodes
from monitor.config.settings import PathSettings, TlsSettings
from monitor.core.model import Target
from monitor.core.status import PathStatus
from monitor.daemon.kube_watch import KubeWatch
from monitor.daemon.lease_watch import LeaseWatch
from monitor.daemon.maillog_watch import MaillogWatch
from monitor.daemon.runner import Runner
from monitor.daemon.shared import Shared
from monitor.links.tls import TlsClient
from monitor.probes.kind import watches_of
from monitor.probes.plan import plan_of
from monitor.probes.watch import Links
from monitor.verdict.path_book import PathBook


class PathWatch:
    """Watches one path by one configuration, and by the next one after a reload."""

    def __init__(self, path: PathSettings, tls: TlsClient, shared: Shared) -> None:
        """Prepare; nothing is watched before ``configure``."""
        self._declared = self._path = path
        self._settled: PathSettings | None = None
        self._shared = shared
        self._links = Links(shared.connector, tls)
        self.book = PathBook(plan_of(path, []), shared.on_maillog)
        self.runner = Runner(shared, self.book, lambda: self.leading)
        self._maillog = MaillogWatch(shared, self.runner.record)
        self._lease = LeaseWatch(shared, self._lead_or_follow)
        self._kubernetes = KubeWatch(shared, self.runner.record, self._nodes_changed, lambda: self.book.served)

    @property
    def leading(self) -> bool:
        """Whether this replica does everything; one that stands by looks on: checks, HAProxy, mail log."""
        return self._lease.leading

    @property
    def first_rounds(self) -> frozenset[str]:
        """The probe runs that must have ended before the daemon knows anything: nodes, checks and HAProxy."""
        return self.runner.first_rounds | self._kubernetes.first_rounds

    @property
    def targets(self) -> list[Target]:
        """Everything whose probe runs are counted."""
        return [*(watch.target for watch in self.runner.seen), *self._kubernetes.targets]

    def tls_for(self, settings: TlsSettings) -> TlsClient | None:
        """Give the client in force, if it was made by these very settings; the file that they name may have changed."""
        return self._links.tls if settings == self._path.tls else None

    def settled_by(self, path: PathSettings, tls: TlsClient) -> bool:
        """Tell whether these very settings are in force already: to ``configure`` by them would change nothing."""
        if self._settled is None or tls is not self._links.tls:
            return False
        # services of another order are equal as a mapping, and stand in another order on the page
        return path == self._settled and path.services == self._settled.services

    async def configure(self, path: PathSettings, tls: TlsClient) -> None:
        """Watch by these settings; what did not change keeps its schedule, its connections and its memory.

        ``tls`` is that of ``tls_for``, or one made anew: then every handshake begins anew with it.
        """
        self._settled = None  # as long as half of it may be done
        await self._lease.configure(path)
        self.prepare(path, tls)
        await self._links.keep_only({watch.link for watch in self.runner.watches.values()})
        await self._maillog.configure(self._path)
        await self._kubernetes.configure(path)
        self._settled = path

    def prepare(self, path: PathSettings, tls: TlsClient, *, schedule: bool = True) -> None:
        """Have the probes and the plan of these settings; not to ``schedule`` them is for a probe run by hand."""
        self._kubernetes.prepare(path)
        self._declared, self._path = path, with_nodes(path, self._kubernetes.nodes)
        self._links.tls = tls
        self._arrange(schedule=schedule)

    def _nodes_changed(self) -> None:
        self._path = with_nodes(self._declared, self._kubernetes.nodes)
        self._lead_or_follow()

    def _lead_or_follow(self) -> None:
        self._arrange()
        self._shared.on_targets()

    def _arrange(self, *, schedule: bool = True) -> None:
        """Run what the settings and our part among the replicas ask for, and judge by it."""
        self.runner.arrange(watches_of(self._path, self._links), schedule=schedule)
        cluster = self._kubernetes.plan
        self.book.replan(plan_of(self._path, self.runner.seen, cluster, elected=self._lease.elected))

    async def stop(self) -> None:
        """End everything; probe runs in flight are the scheduler's to end."""
        self.runner.stop()
        await self._links.keep_only(())
        await self._maillog.stop()
        await self._kubernetes.stop()
        await self._lease.stop()

    def status(self, now: float, at: float) -> PathStatus:
        """Give everything known about the path."""
        return self.book.status(now, at)

    async def recall(self, path: PathSettings, within: float) -> None:
        """Learn what the mail log of these settings has said of the last ``within`` seconds, before it is followed."""
        for batch in await self._maillog.past(path, within):
            self.book.recall(batch)
