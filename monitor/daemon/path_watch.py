"""One path at work: its targets' rounds, its edges, its mail log, all of them told to the path's book."""

from monitor.config.addresses import with_nodes
from monitor.config.settings import PathSettings, TlsSettings
from monitor.core import kinds
from monitor.core.model import Target
from monitor.core.observations import AnyObservation, Observation
from monitor.core.status import PathStatus
from monitor.daemon.compose import TargetWatch, key_of, plan_of, target_watches
from monitor.daemon.edge_watch import EdgeWatch
from monitor.daemon.ipv6_watch import Ipv6Watch
from monitor.daemon.kube_watch import KubeWatch
from monitor.daemon.lease_watch import LeaseWatch
from monitor.daemon.maillog_watch import MaillogWatch
from monitor.daemon.negative_watch import NegativeWatch
from monitor.daemon.shared import Shared, limit
from monitor.daemon.target_rounds import CheckRounds, TargetRounds
from monitor.engine.scheduler import Job
from monitor.links.tls import TlsClient
from monitor.probes.check import Check
from monitor.verdict.path_book import PathBook


class PathWatch:
    """Watches one path by one configuration, and by the next one after a reload."""

    def __init__(self, path: PathSettings, tls: TlsClient, shared: Shared) -> None:
        """Prepare; nothing is watched before ``configure``."""
        self._declared = self._path = path
        self._settled: PathSettings | None = None
        self._tls = tls
        self.shared = shared
        self._watches: dict[str, TargetWatch] = {}
        self.book = PathBook(plan_of(path, []))
        self._edges = EdgeWatch(shared, self.book.troubled)
        self._maillog = MaillogWatch(shared, self.book.record)
        self._lease = LeaseWatch(shared, self._lead_or_follow)
        self._kubernetes = KubeWatch(shared, self._nodes_changed, lambda: self.book.served)
        self._negatives = NegativeWatch(
            shared,
            lambda probe, service: self.book.healthy_nodes(probe, service, shared.now()),
            lambda: self.leading,
        )
        self._ipv6 = Ipv6Watch(
            shared,
            lambda target: self.book.ask_ipv6(target, shared.now()),
            lambda service: self.book.healthy_nodes(kinds.HANDSHAKE, service, shared.now()),
        )

    @property
    def leading(self) -> bool:
        """Whether this replica does everything; one that stands by looks on: checks, HAProxy, mail log."""
        return self._lease.leading

    @property
    def first_rounds(self) -> frozenset[str]:
        """The rounds that must have ended before the daemon knows anything: nodes, checks and HAProxy."""
        checks = {key for key, watch in self._watches.items() if watch.probe.target.probe is kinds.CHECK}
        return self._edges.first_rounds | checks | self._kubernetes.first_rounds

    @property
    def targets(self) -> list[Target]:
        """Everything whose rounds are counted."""
        rare = (*(plan.target for plan in self._negatives.plans), *self._ipv6.targets) if self.leading else ()
        return [
            *(watch.probe.target for watch in self._watches.values()),
            *self._edges.targets,
            *self._kubernetes.targets,
            *rare,
        ]

    def tls_for(self, settings: TlsSettings) -> TlsClient | None:
        """Give the client in force, if it was made by these very settings; the file that they name may have changed."""
        return self._tls if settings == self._path.tls else None

    def settled_by(self, path: PathSettings, tls: TlsClient) -> bool:
        """Tell whether these very settings are in force already: to ``configure`` by them would change nothing."""
        if self._settled is None or tls is not self._tls:
            return False
        # services of another order are equal as a mapping, and stand in another order on the page
        return path == self._settled and path.services == self._settled.services

    async def configure(self, path: PathSettings, tls: TlsClient) -> None:
        """Watch by these settings; what did not change keeps its beat, its connections and its memory.

        ``tls`` is that of ``tls_for``, or one made anew: then every handshake begins anew with it.
        """
        self._settled = None  # as long as half of it may be done
        self._kubernetes.prepare(path)
        self._declared, path = path, with_nodes(path, self._kubernetes.nodes)
        self._path = path
        same_tls, self._tls = tls is self._tls, tls
        await self._lease.configure(path)
        self._negatives.configure(path, self._tls)
        self._ipv6.configure(path, self._tls)
        self._arrange(same_tls=same_tls)
        await self._edges.configure(path)
        await self._maillog.configure(path)
        await self._kubernetes.configure(self._declared)
        self._settled = self._declared

    def _nodes_changed(self) -> None:
        self._path = with_nodes(self._declared, self._kubernetes.nodes)
        self._negatives.configure(self._path, self._tls)
        self._ipv6.configure(self._path, self._tls)
        self._maillog.adopt(self._path)
        self._arrange(same_tls=True)
        self.shared.on_targets()

    def _lead_or_follow(self) -> None:
        self._arrange(same_tls=True)
        self.shared.on_targets()

    def _arrange(self, *, same_tls: bool) -> None:
        """Begin and end rounds, so that they are those of the settings and of our part among the replicas."""
        path, leading = self._path, self.leading
        every = target_watches(path, self.shared.connector, self._tls)
        wanted = {watch.key: watch for watch in every if leading or watch.probe.target.probe is kinds.CHECK}
        for key in self._watches.keys() - wanted.keys():
            self.shared.scheduler.remove(key)
        for key, watch in wanted.items():
            running = self._watches.get(key)
            if running is not None and same_tls and running.same_as(watch):
                wanted[key] = running
            else:
                self._schedule(key, watch)
        self._watches = wanted
        rare = (self._negatives.plans, self._ipv6.plan) if leading else ((), None)
        cluster = self._kubernetes.plan
        self.book.replan(plan_of(path, list(wanted.values()), *rare, cluster=cluster, elected=self._lease.elected))

    async def stop(self) -> None:
        """End everything; rounds in flight are the scheduler's to end in order."""
        for key in self._watches:
            self.shared.scheduler.remove(key)
        self._negatives.stop()
        self._ipv6.stop()
        await self._edges.stop()
        await self._maillog.stop()
        await self._kubernetes.stop()
        await self._lease.stop()

    def record(self, observation: AnyObservation) -> bool:
        """Take in what one of this path's probes saw; tell whether it is news."""
        if observation.target.probe is kinds.FRONT_DOOR and isinstance(observation, Observation):
            self._learn(observation)
        return self.book.record(observation)

    def status(self, now: float, at: float) -> PathStatus:
        """Give everything known about the path."""
        return self.book.status(now, at)

    async def probe(self, node: str, service: str) -> Observation | None:
        """Do a round now: a node's handshake or, where ``node`` is an edge, its front door; ``None``: no such one.

        Where the last round has only just ended, it is given as it is.
        """
        for watch in self._watches.values():
            target = watch.probe.target
            if (target.node, target.service) == (node, service) and target.probe is not kinds.CHECK:
                return self._recent(watch) or await TargetRounds(self, watch.probe).observe()
        return None

    async def recall(self, path: PathSettings, within: float) -> None:
        """Learn what the mail log of these settings has said of the last ``within`` seconds, before it is followed."""
        for batch, counts in await self._maillog.past(path, within):
            self.book.recall(batch, counts)

    async def repeat(self, target: Target) -> None:
        """Do one more round of a handshake or front door, now."""
        watch = self._watches.get(key_of(target))
        if watch is not None:
            await TargetRounds(self, watch.probe).observe()

    def _recent(self, watch: TargetWatch) -> Observation | None:
        # The server's rate limit is kept by arithmetic (config.rate_budget): a round by hand keeps its distance too.
        last = self.book.last_round(watch.probe.target)
        soon = last is not None and self.shared.now() - last.finished < watch.on_demand_interval
        return last if soon else None

    def _schedule(self, key: str, watch: TargetWatch) -> None:
        probe, longest = watch.probe, limit(watch.plan.measure.timeout)
        if isinstance(probe, Check) and probe.by_literal:
            job = Job(key, watch.cadence, longest, quick=CheckRounds(self, probe))
        else:
            job = Job(key, watch.cadence, longest, TargetRounds(self, probe).run)
        self.shared.scheduler.add(job)

    def look_around(self, closed: Target) -> None:
        """Ask the same node's and the same service's other targets soon: is it the port, the node or the listener?"""
        for key, watch in self._watches.items():
            target = watch.probe.target
            if target != closed and (target.node == closed.node or target.service == closed.service):
                last = self.book.last_round(target)
                now = self.shared.now()
                soon = now if last is None else max(now, last.started + watch.fast_interval)
                self.shared.scheduler.hasten(key, soon)

    def _learn(self, observation: Observation) -> None:
        conversation = observation.conversation
        if conversation is not None and conversation.endpoints:
            self._maillog.learn_own_address(conversation.endpoints.local_address)
