"""One path's memory: takes observations in, gives the path's status at any moment."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from monitor.core.edge import EdgeObservation
from monitor.core.kinds import ProbeKind, Shown
from monitor.core.maintenance import Maintenance
from monitor.core.model import Node, Service, Target
from monitor.core.observations import (
    AnyObservation,
    HaproxyObservation,
    KubernetesObservation,
    MaillogBatch,
    MaillogCounts,
    NegativeObservation,
    Observation,
    Repeat,
)
from monitor.core.proof import Ask
from monitor.core.roundtrip import Roundtrip
from monitor.core.status import EdgeStatus, PathStatus, TargetStatus
from monitor.core.verdicts import Agreement, Verdict
from monitor.verdict import (
    check_ports,
    cluster_findings,
    edge_findings,
    intermittent,
    log_findings,
    roundtrips,
    rules_nodes,
)
from monitor.verdict.agreement import agreement_with, server_of, worst
from monitor.verdict.client_ip import ClientIp, lost
from monitor.verdict.cluster_book import ClusterBook
from monitor.verdict.cluster_findings import OF_THE_ROUNDTRIP
from monitor.verdict.diagnosis import beside, diagnose
from monitor.verdict.edge_book import EdgeBook
from monitor.verdict.evidence import Evidence
from monitor.verdict.health import judge_health
from monitor.verdict.ipv6 import Ipv6Book
from monitor.verdict.mail_log import MailLog
from monitor.verdict.matrix import Matrix, column
from monitor.verdict.negatives import NegativeBook
from monitor.verdict.plan import PathPlan, TargetPlan
from monitor.verdict.roundtrips import RoundtripBook
from monitor.verdict.target_book import TargetBook


class _Moment(NamedTuple):
    """What all statuses of one moment share: both clocks, the edges that are asked, what each kind shows as a whole."""

    now: float
    at: float
    asked: Sequence[EdgeStatus]
    services: Mapping[str, Service]
    matrices: Mapping[ProbeKind, Matrix]


class PathBook:
    """Everything remembered of one path; memory is bounded by the number of targets."""

    def __init__(self, plan: PathPlan, on_counts: Callable[[MaillogCounts], object] = lambda _: None) -> None:
        """Begin knowing nothing; ``on_counts`` receives what each batch of the log adds to the counters."""
        self._targets: dict[Target, TargetBook] = {}
        self._edges = EdgeBook()
        self._on_counts = on_counts
        self._log = MailLog(plan)
        self._client_ip = ClientIp(plan, self._log.origins)
        self._ipv6 = Ipv6Book()
        self._negatives = NegativeBook()
        self._roundtrips = RoundtripBook()
        self._cluster = ClusterBook(plan.cluster)
        self._maintenance: Maintenance | None = None
        self.replan(plan)

    def replan(self, plan: PathPlan) -> None:
        """Take over a new plan; what it shares with the old one keeps its memory, the rest is forgotten."""
        self.plan = plan
        before, self._targets = self._targets, {}
        for target_plan in plan.targets:
            self._targets[target_plan.target] = _book(before.get(target_plan.target), target_plan)
        self._log.replan(plan)
        self._client_ip.replan(plan)
        self._ipv6.replan(plan.ipv6)
        self._negatives.replan(plan.negatives)
        self._cluster.replan(plan.cluster)
        self._roundtrips.replan(plan.roundtrip_interval)
        self._edges.replan(plan.edges)

    def record(self, observation: AnyObservation | Roundtrip) -> bool:
        """Take in what was seen; what belongs to no target of the plan any more is dropped.

        Returns:
            Whether it is news, beyond being newer: what is known may have changed by it.
        """
        match observation:
            case Observation():
                return self._record_round(observation)
            case HaproxyObservation() | EdgeObservation():
                self._edges.record(observation)
            case MaillogBatch():
                return self._record_maillog(observation)
            case NegativeObservation():
                self._negatives.record(observation)
            case KubernetesObservation():
                self._cluster.record(observation)
            case Roundtrip():
                self._roundtrips.record(observation)
        return True

    def repeat(self, repeat: Repeat) -> bool:
        """Take in a check's success, if there is no more to it than that; ``False``: ``record`` must be told of it."""
        book = self._targets.get(repeat.target)
        if book is None or not book.steady:
            return False
        book.repeat(repeat)
        return True

    def announce(self, maintenance: Maintenance) -> None:
        """Take in that somebody works on the path; the last announcement counts."""
        self._maintenance = maintenance

    def recall(self, batch: MaillogBatch) -> None:
        """Record lines from before the first probe run: what they say of the server, never as proofs to come."""
        self._log.state.record(batch, self._log.count(batch, self._log.name(batch.records)), past=True)

    def ask(self, target: Target, now: float) -> Ask | None:
        """What the target's next probe run, which begins at ``now``, shall leave behind, and on which node.

        A node is named where the target names none; ``None``: no probe run this time.
        """
        negative = self._negatives.plan(target)
        if negative is not None:
            # Where no node is healthy any will do: the fault may be the very one that the probe would prove.
            nodes = self.healthy_nodes(negative.rests_on, target.service, now) or self.plan.nodes
            return Ask(node=self._negatives.next_node(target, nodes)) if nodes else None
        ipv6 = self.plan.ipv6
        if ipv6 is not None and target in ipv6.services:
            nodes = self.healthy_nodes(ipv6.rests_on, target.service, now)
            ask = self._ipv6.ask(target, now) if nodes else None
            return None if ask is None else replace(ask, node=nodes[0])
        return self._client_ip.ask(target, now)

    def last_round(self, target: Target) -> Observation | None:
        """Give the target's last ended round."""
        book = self._targets.get(target)
        return None if book is None else book.last

    def doubted(self, target: Target) -> bool:
        """Whether to ask again soon: the last result contradicts the state, or a trouble's end is waited for."""
        book = self._targets.get(target)
        if book is None:
            return self._edges.troubled(target)
        return book.doubted(intermittent.window(len(self.plan.nodes)))

    @property
    def served(self) -> frozenset[str]:
        """The addresses at which the edges' HAProxy had servers when it was last asked."""
        return self._edges.served

    def healthy_nodes(self, probe: ProbeKind, service: str, now: float) -> tuple[Node, ...]:
        """The nodes where this kind of probe succeeds for the service."""
        books = (
            (node, self._targets.get(Target(self.plan.name, probe, node.name, service))) for node in self.plan.nodes
        )
        return tuple(node for node, book in books if book is not None and book.state.up and not book.stale(now))

    def status(self, now: float, at: float) -> PathStatus:
        """Give everything known at ``now`` (event loop's clock) = ``at`` (seconds since the epoch)."""
        self._client_ip.settle(now)
        edges = self._edges.statuses(now)
        targets = self._statuses(edges, now, at)
        negatives = self._negatives.statuses(now)
        signals = self._log.state.signals(now, self.plan.wan_silence)
        local_checks = check_ports.local_checks(edges, self.plan.services)
        signals = replace(signals, lost=check_ports.unexplained(signals.lost, local_checks))
        maillog = self._log.state.status(self.plan.maillog_source, now, signals.stuck)
        roundtrip = self._roundtrips.status(at)
        cluster = self._cluster.status(now)
        evidence = Evidence(
            self.plan,
            targets,
            edges,
            maillog,
            signals,
            roundtrip,
            cluster=cluster,
            unlisted=self._cluster.blind if not self.plan.nodes else None,
        )
        handshakes = evidence.handshakes
        wavering = intermittent.intermittent_doors(
            self.plan, {target: book.recent for target, book in self._targets.items()}, edges, evidence
        )
        evidence = replace(evidence, intermittent=wavering)
        diagnosis = diagnose(evidence)
        of_cluster = cluster_findings.findings(self.plan, cluster, edges, handshakes)
        told = {(each.subject, each.kind) for each in of_cluster}
        of_hosts = (
            each for each in edge_findings.findings(self.plan, evidence) if (each.subject, each.kind) not in told
        )
        looked = (*of_cluster, *of_hosts)
        grave = (each for each in looked if each.severity != "info")
        worrying = (*log_findings.worrying(evidence), *intermittent.findings(wavering), *grave)
        pressing = (
            *self._negatives.findings(negatives),
            *rules_nodes.findings(self.plan.services, handshakes),
            *self._ipv6.findings(),
            *worrying,
        )
        return PathStatus(
            name=self.plan.name,
            at=at,
            services=self.plan.services,
            targets=targets,
            edges=edges,
            maillog=maillog,
            # Whoever tries the roundtrip is told of this sentence: its own result is left out.
            diagnosis=beside(diagnosis, (each for each in pressing if each.kind not in OF_THE_ROUNDTRIP)),
            findings=(
                *pressing,
                *(each for each in looked if each.severity == "info"),
                *roundtrips.findings(roundtrip, self.plan.edges[0].address if self.plan.edges else ""),
                *check_ports.findings(local_checks, signals.postfix_version),
                *log_findings.explaining(signals, self.plan.services, local_checks),
            ),
            health=judge_health(evidence, diagnosis, negatives, worrying),
            negatives=negatives,
            cluster=cluster,
            elected=self.plan.elected,
            roundtrip=roundtrip,
            maintenance=self._maintenance if self._maintenance is not None and self._maintenance.holds(at) else None,
        )

    def _record_round(self, seen: Observation) -> bool:
        book = self._targets.get(seen.target)
        if book is None:
            return self._ipv6.record(seen)
        news = book.record(seen)
        if seen.ok and book.plan.proof is not None:
            self._log.state.succeeded(seen.finished)
        if seen.conversation is not None:
            self._client_ip.record_round(seen)
            outcome = seen.conversation.outcome
            news = news or (outcome is not None and bool(outcome.proof_reply))
        return news

    def _record_maillog(self, batch: MaillogBatch) -> bool:
        lines = self._log.name(batch.records)
        counts = self._log.count(batch, lines)
        self._on_counts(counts)
        news = self._log.state.record(batch, counts)
        self._client_ip.record_log(batch, lines)
        self._ipv6.record_log(batch, lines)
        self._roundtrips.record_log(batch)
        return news

    def _matrices(self, now: float) -> dict[ProbeKind, Matrix]:
        """What the targets of each kind say together; checks only tell the handshakes whether their node is there."""
        books: defaultdict[ProbeKind, defaultdict[str, list[TargetBook]]] = defaultdict(lambda: defaultdict(list))
        for target, book in self._targets.items():
            books[target.probe][target.node].append(book)
        matrices = {}
        checks = [nodes for kind, nodes in books.items() if kind.shown is Shown.CHECK]
        for kind, nodes in books.items():
            if kind.shown is not Shown.CHECK:
                beside = checks if kind.shown is Shown.HANDSHAKE else ()
                others = {node: [book for each in beside for book in each.get(node, ())] for node in nodes}
                matrices[kind] = Matrix({node: column(now, found, others[node]) for node, found in nodes.items()})
        return matrices

    def _statuses(self, edges: Sequence[EdgeStatus], now: float, at: float) -> tuple[TargetStatus, ...]:
        services = {service.name: service for service in self.plan.services}
        asked = [edge for edge in edges if edge.asked]
        moment = _Moment(now, at, asked, services, self._matrices(now))
        return tuple(self._status(book, moment) for book in self._targets.values())

    def _verdict(self, book: TargetBook, moment: _Moment) -> Verdict:
        own, target = book.verdict(moment.now), book.plan.target
        matrix, service = moment.matrices.get(target.probe), moment.services.get(target.service)
        if matrix is None or service is None:
            return own
        silent = own is Verdict.NO_GREETING
        throttling = silent and self._log.state.throttled(service, moment.now, greeted=book.last_ok_finished)
        return matrix.refine(own, target, throttling=throttling)

    def _status(self, book: TargetBook, moment: _Moment) -> TargetStatus:
        target, now = book.plan.target, moment.now
        verdict = self._verdict(book, moment)
        proofs = self._client_ip.proofs(target, now)
        if verdict.up and lost(proofs):
            verdict = Verdict.CLIENT_IP_LOST
        return TargetStatus(
            target=target,
            address=book.plan.address,
            port=book.plan.port,
            up=book.state.up,
            stale=book.stale(now),
            verdict=verdict,
            since=book.shown(verdict, moment.at),
            last_success=book.last_ok_at,
            age=book.age(now),
            last=book.last,
            agreement=_agreement(book, moment),
            proofs=proofs,
            listener=self._client_ip.listener(target, now),
            tls=book.tls,
        )


def _agreement(book: TargetBook, moment: _Moment) -> Agreement | None:
    target = book.plan.target
    if target.probe.shown is not Shown.HANDSHAKE or not moment.asked:
        return None
    up = None if book.stale(moment.now) else book.state.up
    service, address = moment.services[target.service], book.plan.address
    servers = (server_of(edge.servers, service, address) for edge in moment.asked)
    return worst(agreement_with(server, handshake_up=up) for server in servers)


def _book(known: TargetBook | None, plan: TargetPlan) -> TargetBook:
    """Give the book of a target by its new plan."""
    if known is None:
        return TargetBook(plan)
    if (known.plan.address, known.plan.port) != (plan.address, plan.port):
        return known.moved(plan)
    known.replan(plan)
    return known
