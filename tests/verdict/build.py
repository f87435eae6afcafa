"""Builders: a small path of two nodes and the runbook's services, and the observations that its probes would make."""

from collections.abc import Iterable

from monitor.core.conversation import Failure
from monitor.core.haproxy import AdminState, HaproxyServer, ServerState
from monitor.core.model import MailProtocol, Node, Service, Target
from monitor.core.observations import HaproxyObservation, Judgement, MaillogBatch, Observation
from monitor.core.proof import Ask
from monitor.core.status import PathStatus, TargetStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.probes import header_on_check, no_header, relay_canary
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import EdgePlan, HealthRule, Measure, NegativePlan, PathPlan, TargetPlan
from tests import kinds

SMTP = Service("smtp", MailProtocol.SMTP, 25, 30125, 2525, 30145, 25, "mailserver_nodes_smtp")
SMTPS = Service("smtps", MailProtocol.SMTPS, 465, 30126, 4465, 30146, 465, "mailserver_nodes_smtps")
SUBMISSION = Service("submission", MailProtocol.SUBMISSION, 587, 30127, 5587, 30147, 587, "mailserver_nodes_sub")
IMAPS = Service("imaps", MailProtocol.IMAPS, 993, 30128, 10993, None, 993, "mailserver_nodes_imaps")
SERVICES = (SMTP, SMTPS, SUBMISSION, IMAPS)
NODES = (Node("k8s-node1", "10.0.20.101"), Node("k8s-node2", "10.0.20.102"))
EDGE = EdgePlan("pfsense", "10.0.20.1", interval=10.0, timeout=10.0, asks_haproxy=True)
READY = AdminState(0)

REFUSED = Failure(Phase.CONNECT, Reason.REFUSED, "Connection refused")
SILENT = Failure(Phase.CONNECT, Reason.TIMEOUT, "after 3 s")
MUTE = Failure(Phase.GREETING, Reason.TIMEOUT, "after 20 s")


def target(probe: kinds.ProbeKind, node: str, service: Service) -> Target:
    """Name a target of the path ``home``."""
    return Target("home", probe, node, service.name)


def handshake(service: Service, node: str = "k8s-node1") -> Target:
    """Name a handshake."""
    return target(kinds.HANDSHAKE, node, service)


def check(service: Service, node: str = "k8s-node1") -> Target:
    """Name a check."""
    return target(kinds.CHECK, node, service)


def door(service: Service, edge: str = "pfsense") -> Target:
    """Name a front door."""
    return target(kinds.FRONT_DOOR, edge, service)


def plan(  # noqa: PLR0913 - what a path is made of, each with its default
    nodes: Iterable[Node] = NODES,
    services: Iterable[Service] = SERVICES,
    edges: Iterable[EdgePlan] = (EDGE,),
    *,
    rise: int = 1,
    fall: int = 2,
    maillog: str | None = "file",
) -> PathPlan:
    """Plan the path ``home``."""
    nodes, services, edges = tuple(nodes), tuple(services), tuple(edges)
    targets = []
    for node in nodes:
        for service in services:
            where = target(kinds.HANDSHAKE, node.name, service)
            targets.append(TargetPlan(where, node.address, service.node_port, Measure(60.0, 20.0, rise, fall)))
            if service.check_node_port is not None:
                where = target(kinds.CHECK, node.name, service)
                targets.append(TargetPlan(where, node.address, service.check_node_port, Measure(5.0, 3.0, rise, fall)))
    for edge in edges:
        for service in services:
            where = door(service, edge.name)
            targets.append(TargetPlan(where, edge.address, service.frontend_port, Measure(60.0, 20.0, rise, fall)))
    return PathPlan(
        name="home",
        nodes=nodes,
        services=services,
        targets=tuple(targets),
        edges=edges,
        maillog_source=maillog,
        health=HealthRule(("smtp", "submission", "imaps"), healthy_nodes=1),
        destinations=frozenset(edge.address for edge in edges),
    )


def asked(book: PathBook, where: Target, now: float) -> Ask:
    """Ask the book what a handshake or front door shall leave behind: it always says."""
    found = book.ask(where, now)
    assert found is not None
    return found


def negative(where: Target, interval: float = 3600.0, timeout: float = 20.0) -> NegativePlan:
    """Plan what must be refused, as its probe's file does."""
    accepted = {
        kinds.RELAY_CANARY: relay_canary.ACCEPTED,
        kinds.NO_HEADER: no_header.ACCEPTED,
        kinds.HEADER_ON_CHECK: header_on_check.ACCEPTED,
    }
    return NegativePlan(where, interval, timeout, kinds.HANDSHAKE, accepted[where.probe])


def seen(
    where: Target, verdict: Verdict = Verdict.OK, failure: Failure | None = None, *, now: float = 0.0
) -> Observation:
    """Observe one round."""
    silent = failure is not None and failure.phase is Phase.CONNECT and failure.reason is Reason.TIMEOUT
    return Observation(
        target=where,
        started=now,
        finished=now,
        at=1_000_000.0 + now,
        judgement=Judgement(verdict, failure),
        answered=not silent,
    )


def refused(where: Target, *, now: float = 0.0) -> Observation:
    """Observe a refused connect."""
    return seen(where, Verdict.PORT_CLOSED, REFUSED, now=now)


def silent(where: Target, *, now: float = 0.0) -> Observation:
    """Observe a connect that nothing answers."""
    return seen(where, Verdict.PORT_CLOSED, SILENT, now=now)


def mute(where: Target, *, now: float = 0.0) -> Observation:
    """Observe a server that accepts and says nothing."""
    return seen(where, Verdict.NO_GREETING, MUTE, now=now)


def server(
    service: Service, node: Node, state: ServerState = ServerState.RUNNING, admin: AdminState = READY
) -> HaproxyServer:
    """Describe one server as HAProxy does, checked and fine unless said otherwise."""
    return HaproxyServer(
        backend=f"{service.backend}_ipvANY",
        name=node.name,
        address=node.address,
        state=state,
        admin=admin,
        weight=10,
        since_change=100,
        check_status=6,
        check_result=3,
        check_health=4 if state is ServerState.RUNNING else 0,
        check_state=6,
        port=service.node_port,
        check_port=service.check_node_port or service.node_port,
    )


def haproxy(*servers: HaproxyServer, now: float = 0.0) -> HaproxyObservation:
    """Observe a round of the edge's HAProxy; without servers named, all are fine."""
    known = servers or tuple(server(service, node) for service in SERVICES for node in NODES)
    return HaproxyObservation("home", "pfsense", now, now, 1_000_000.0 + now, ssh_ok=True, servers=known)


def haproxy_failed(phase: Phase, reason: Reason, *, now: float = 0.0) -> HaproxyObservation:
    """Observe a failed round: of SSH, or of what runs behind it."""
    ssh_ok = phase is not Phase.SSH
    failure = Failure(phase, reason)
    return HaproxyObservation("home", "pfsense", now, now, 1_000_000.0 + now, ssh_ok=ssh_ok, failure=failure)


def log_alive(*, now: float = 0.0) -> MaillogBatch:
    """Observe a sign of life of the log."""
    return MaillogBatch("home", "file", now, 1_000_000.0 + now)


def all_well(book: PathBook, now: float = 0.0) -> PathBook:
    """Record a round in which everything is fine."""
    for each in book.plan.targets:
        book.record(seen(each.target, now=now))
    book.record(haproxy(now=now))
    book.record(log_alive(now=now))
    return book


def well(now: float = 0.0, **changes: int) -> PathBook:
    """Give the book of a path on which everything is fine."""
    return all_well(PathBook(plan(**changes)), now)  # type: ignore[arg-type]


def status_of(book: PathBook) -> PathStatus:
    """Give the status at the loop's second 0."""
    return book.status(0.0, 1_000_000.0)


def handshake_of(status: PathStatus, where: Target) -> TargetStatus:
    """Find one handshake's status."""
    return next(each for each in status.handshakes if each.target == where)
