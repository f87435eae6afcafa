"""A path over some minutes: what each probe sees while a fault lasts, and the status at the end.

Targets are named as a reader names them, ``handshake k8s-node2 submission``, and matched with wildcards.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from monitor.core.conversation import Conversation, DialogueOutcome, Endpoints, Failure
from monitor.core.haproxy import ServerState
from monitor.core.maillog import LogRecord
from monitor.core.model import Target
from monitor.core.observations import HaproxyObservation, MaillogBatch, Observation
from monitor.core.proof import EvidenceKind
from monitor.core.status import PathStatus, TargetStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import EdgePlan, PathPlan, ProofPlan
from tests import kinds
from tests.verdict import build
from tests.verdict.lines import NETWORKS, OUTSIDE, batch, postscreen
from tests.verdict.recorded import SUBMISSIONS, lines

MINUTE = 60.0
CLAIM, OWN = "192.0.2.77", "10.0.20.50"
CLIENT, GOES_ON = batch(*postscreen(OUTSIDE)).records[:2]
(DEFERRAL,) = batch(
    f"postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[{OUTSIDE}]: 451 4.3.0 <a@example.org>: Temporary failure"
).records
SECOND_EDGE = EdgePlan("opnsense", "10.0.20.2", interval=10.0, timeout=10.0, asks_haproxy=True)

Sight = Callable[..., Observation]


def fine(where: Target, *, now: float) -> Observation:
    """See a clean end; the server, if asked, names the right client."""
    return _answered(where, CLAIM if where.probe is kinds.HANDSHAKE else OWN, now)


def as_the_edge(where: Target, *, now: float) -> Observation:
    """See a clean end; the server takes us for the edge."""
    return _answered(where, build.EDGE.address, now)


def shows(verdict: Verdict, reason: Reason = Reason.CLOSED) -> Sight:
    """See a dialogue that fails like this."""
    failure = Failure(Phase.GREETING, reason)
    return lambda where, *, now: build.seen(where, verdict, failure, now=now)


def invented() -> Verdict:
    """Stand in for a verdict that is added to the enumeration, and that no rule knows yet."""
    made = str.__new__(Verdict, "invented")
    made._name_, made._value_ = "INVENTED", "invented"
    return made


def now_and_then(bad: Sight, every: int) -> Sight:
    """See a failure in every so many rounds, as through a pool with one bad server."""
    return lambda where, *, now: (fine if int(now // MINUTE) % every else bad)(where, now=now)


def proving() -> PathPlan:
    """Plan a path whose server names its clients in replies."""
    replies = ProofPlan(frozenset({EvidenceKind.REPLY}), reply_interval=600.0)
    plans = {
        kinds.HANDSHAKE: replace(replies, claimed=CLAIM),
        kinds.FRONT_DOOR: replace(replies, source_address=OWN),
    }
    bare = build.plan()
    targets = tuple(replace(each, proof=plans.get(each.target.probe)) for each in bare.targets)
    return replace(bare, targets=targets, networks=NETWORKS)


@dataclass(frozen=True)
class Scene:
    """What is seen while a fault lasts; whatever is not named is well.

    ``sees`` by target, ``edges`` the phase at which an edge's HAProxy cannot be asked, ``taken_out`` the servers that
    HAProxy has down (``k8s-node2 smtp``), ``log`` why the log cannot be read, ``deferrals`` and ``clients`` what it
    tells each minute, ``swapped`` the service whose handshakes the submission listener logs, ``unheard`` the targets
    whose rounds stay away.
    """

    plan: PathPlan = field(default_factory=build.plan)
    sees: Mapping[str, Sight] = field(default_factory=dict)
    edges: Mapping[str, Phase] = field(default_factory=dict)
    taken_out: Sequence[str] = ()
    log: Reason | None = None
    deferrals: int = 0
    clients: int = 0
    swapped: str = ""
    unheard: str = ""

    def play(self, minutes: int = 8, start: int = 0, book: PathBook | None = None) -> PathStatus:
        """Let it last; give the status at its end. Without a book it befalls a path on which all was well."""
        if book is None:
            book = PathBook(self.plan)
            Scene(self.plan).play(1, book=book)
        status = book.status(0.0, 1_000_000.0)
        for minute in range(start + 1, start + 1 + minutes):
            now = minute * MINUTE
            for observation in self.observations(now):
                book.record(observation)
            status = book.status(now + 1.0, 1_000_001.0 + now)
        return status

    def observations(self, now: float) -> Iterator[Observation | HaproxyObservation | MaillogBatch]:
        """Give what one minute brings, at its end."""
        for each in self.plan.targets:
            if not fnmatchcase(name(each.target), self.unheard):
                yield self._sight(each.target)(each.target, now=now)
        for edge in self.plan.edges:
            if edge.asks_haproxy:
                yield replace(self._haproxy(edge, now), edge=edge.name)
        if self.plan.maillog_source is not None:
            failure = Failure(Phase.FOLLOW, self.log) if self.log is not None else None
            wrong = {
                each.proof.claimed for each in self.plan.targets if each.proof and self.swapped == each.target.service
            }
            records: tuple[LogRecord, ...] = (GOES_ON,)
            records += tuple(record for claim in wrong if claim for record in lines(SUBMISSIONS, claim))
            records += (CLIENT._replace(repeats=self.clients),) if self.clients else ()
            records += (DEFERRAL._replace(repeats=self.deferrals),) if self.deferrals else ()
            yield MaillogBatch("home", "file", now, 1_000_000.0 + now, records, len(records), lag=0.0, failure=failure)

    def _sight(self, where: Target) -> Sight:
        fitting = [sight for pattern, sight in self.sees.items() if fnmatchcase(name(where), pattern)]
        return fitting[-1] if fitting else fine

    def _haproxy(self, edge: EdgePlan, now: float) -> HaproxyObservation:
        if edge.name in self.edges:
            return build.haproxy_failed(self.edges[edge.name], Reason.TIMEOUT, now=now)
        servers = [
            build.server(
                service,
                node,
                ServerState.STOPPED if f"{node.name} {service.name}" in self.taken_out else ServerState.RUNNING,
            )
            for service in self.plan.services
            for node in self.plan.nodes
        ]
        return build.haproxy(*servers, now=now)


def name(where: Target) -> str:
    """Name a target as a reader does."""
    return f"{where.probe} {where.node} {where.service}"


def every(status: PathStatus) -> tuple[TargetStatus, ...]:
    """Give all targets' statuses."""
    return (*status.checks, *status.handshakes, *status.front_doors)


def verdicts(status: PathStatus) -> dict[str, Verdict]:
    """Give each handshake's and front door's verdict, by name."""
    return {name(each.target): each.verdict for each in every(status) if each.target.probe is not kinds.CHECK}


def _answered(where: Target, believed: str, now: float) -> Observation:
    outcome = DialogueOutcome(proof_reply="554 5.7.1 refused", believed_address=believed)
    ends = Endpoints(OWN, 40001, "10.0.20.101", 30125)
    return replace(build.seen(where, now=now), conversation=Conversation(now, now, ends, {}, outcome=outcome))
