"""Strategies: any plan of a path, and anything that its probes and its log may bring."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from monitor.core.conversation import Conversation, DialogueOutcome, Endpoints, Failure
from monitor.core.haproxy import AdminState, HaproxyServer, ServerState
from monitor.core.maillog import LineKind, LogRecord, Problem
from monitor.core.model import Node, Service, Target
from monitor.core.observations import (
    HaproxyObservation,
    Judgement,
    MaillogBatch,
    NegativeObservation,
    Observation,
)
from monitor.core.proof import EvidenceKind
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.verdict.plan import PathPlan, ProofPlan
from tests import kinds
from tests.verdict import build
from tests.verdict.build import negative
from tests.verdict.lines import NETWORKS
from tests.verdict.scene import SECOND_EDGE

NODES = tuple(Node(f"k8s-node{place}", f"10.0.20.10{place}") for place in range(1, 5))
EDGES = (build.EDGE, SECOND_EDGE)
RARE = (kinds.RELAY_CANARY, kinds.NO_HEADER, kinds.HEADER_ON_CHECK)
# Addresses that anybody may have: ours, the edges', a node's, loopback, strangers' and no address at all.
ADDRESSES = (
    "192.0.2.1",
    "10.0.20.50",
    "10.0.20.1",
    "10.0.20.102",
    "127.0.0.1",
    "203.0.113.9",
    "2001:db8::9",
    "unknown",
)
PORTS = (25, 2525, 587, 5587, 465, 4465, 993, 10993, 40001, 0)

failures = st.builds(Failure, st.sampled_from(Phase), st.sampled_from(Reason), st.just("said so"))


@dataclass(frozen=True)
class Replan:
    """The configuration is read anew."""

    plan: PathPlan


Event = Observation | HaproxyObservation | MaillogBatch | NegativeObservation | Replan


@st.composite
def plans(draw: st.DrawFn, rise: int = 1, fall: int = 2) -> PathPlan:
    """Plan a path of 0 to 4 nodes and 0 to 2 edges, with some of the services."""
    bare = build.plan(
        NODES[: draw(st.sampled_from([2, 0, 1, 2, 3, 4]))],
        draw(st.lists(st.sampled_from(build.SERVICES), unique=True, min_size=1)),
        EDGES[: draw(st.sampled_from([1, 0, 1, 2]))],
        rise=rise,
        fall=fall,
        maillog=draw(st.sampled_from(["file", None])),
    )
    evidence = frozenset(draw(st.lists(st.sampled_from(EvidenceKind))))
    elected = draw(st.sampled_from([None, None, True, False]))
    targets = tuple(
        replace(each, proof=_proof(each.target, evidence))
        for each in bare.targets
        if elected is not False or each.target.probe is kinds.CHECK
    )
    ports = {service.name: service.listener_port for service in bare.services}
    claims = {each.proof.claimed: ports[each.target.service] for each in targets if each.proof and each.proof.claimed}
    return replace(
        bare,
        targets=targets,
        edges=tuple(replace(edge, asks_haproxy=draw(st.booleans())) for edge in bare.edges),
        networks=replace(NETWORKS, probes=NETWORKS.probes.union(claims)),
        claims=claims,
        wan_silence=draw(st.sampled_from([None, 600.0])),
        negatives=tuple(negative(_rare(probe, service), 60.0, 5.0) for probe in RARE for service in bare.services),
        elected=elected,
    )


def _proof(target: Target, evidence: frozenset[EvidenceKind]) -> ProofPlan | None:
    if target.probe is kinds.CHECK or not evidence:
        return None
    claimed = f"192.0.2.{target.node[-1]}" if target.probe is kinds.HANDSHAKE else None
    return ProofPlan(evidence, reply_interval=120.0, claimed=claimed)


def _rare(probe: kinds.ProbeKind, service: Service) -> Target:
    return Target("home", probe, "", service.name)


def events(plan: PathPlan, now: float, replans: st.SearchStrategy[PathPlan]) -> st.SearchStrategy[Event]:
    """Give anything that may come at a moment; what belongs to a target of no plan, too."""
    handshakes = [build.handshake(service, node.name) for service in build.SERVICES for node in NODES]
    planned = [each.target for each in plan.targets]
    # One of each kind most often, so that it has a history.
    often = list({target.probe: target for target in planned}.values())
    rounds = st.builds(
        Observation,
        target=st.sampled_from([*(often * 20), *planned, *handshakes]),
        started=st.just(now - 1.0),
        finished=st.just(now),
        at=st.just(1_000_000.0 + now),
        judgement=st.builds(Judgement, st.sampled_from(Verdict) | st.just(Verdict.OK), st.none() | failures),
        answered=st.booleans(),
        conversation=st.none() | conversations(now),
    )
    kinds: list[st.SearchStrategy[Event]] = [
        rounds,
        haproxy_rounds(now),
        batches(now),
        st.builds(
            NegativeObservation,
            target=st.builds(_rare, st.sampled_from(RARE), st.sampled_from(build.SERVICES)),
            node=st.sampled_from([node.name for node in NODES]),
            started=st.just(now - 1.0),
            finished=st.just(now),
            at=st.just(1_000_000.0 + now),
            refused=st.sampled_from([True, False, None]),
            failure=st.none() | failures,
        ),
        st.builds(Replan, replans),
    ]
    # Most of what comes are rounds.
    return st.integers(0, 2 * len(kinds)).flatmap(lambda place: kinds[place] if place < len(kinds) else rounds)


def conversations(now: float) -> st.SearchStrategy[Conversation]:
    """Give a conversation that came to its end, or did not."""
    ends = st.builds(
        Endpoints, st.sampled_from(ADDRESSES), st.sampled_from(PORTS), st.just("10.0.20.101"), st.just(30125)
    )
    outcomes = st.builds(
        DialogueOutcome,
        noops=st.integers(0, 9),
        believed_address=st.none() | st.sampled_from(ADDRESSES),
        proof_reply=st.sampled_from(["", "554 5.7.1 refused"]),
    )
    begun = st.builds(Conversation, st.just(now - 1.0), st.just(now), st.none() | ends, st.just({}))
    return st.builds(lambda each, outcome: each._replace(outcome=outcome), begun, outcomes) | st.builds(
        lambda each, failure: each._replace(failure=failure), begun, failures
    )


def haproxy_rounds(now: float) -> st.SearchStrategy[HaproxyObservation]:
    """Give a round of any edge's HAProxy, with any servers in any state."""
    servers = st.builds(
        HaproxyServer,
        backend=st.sampled_from([f"{service.backend}_ipvANY" for service in build.SERVICES]),
        name=st.sampled_from([node.name for node in NODES]),
        address=st.sampled_from([*(node.address for node in NODES), "10.0.20.99"]),
        state=st.sampled_from(ServerState),
        admin=st.sampled_from([AdminState(0), *AdminState]),
        weight=st.sampled_from([0, 10]),
        since_change=st.just(1),
        check_status=st.integers(0, 7),
        check_result=st.integers(0, 3),
        check_health=st.integers(0, 5),
        check_state=st.integers(0, 15),
        port=st.sampled_from([*(service.node_port for service in build.SERVICES), 30999, None]),
        check_port=st.sampled_from([0, 30145, None]),
    )
    return st.builds(
        HaproxyObservation,
        path=st.just("home"),
        edge=st.sampled_from([*(edge.name for edge in EDGES), "gone"]),
        started=st.just(now - 1.0),
        finished=st.just(now),
        at=st.just(1_000_000.0 + now),
        ssh_ok=st.booleans(),
        servers=st.lists(servers, max_size=6).map(tuple),
        failure=st.none() | failures,
    )


def batches(now: float) -> st.SearchStrategy[MaillogBatch]:
    """Give lines of the mail log, of any kind and from anybody."""
    records = st.builds(
        LogRecord,
        kind=st.sampled_from(LineKind),
        stamp=st.just(""),
        program=st.sampled_from(["postfix/smtpd-proxy587/smtpd", "postfix/smtpd-proxy25/postscreen", "dovecot", "x"]),
        pid=st.integers(1, 3),
        address=st.sampled_from(ADDRESSES),
        port=st.sampled_from(PORTS),
        local_address=st.sampled_from(ADDRESSES),
        local_port=st.sampled_from(PORTS),
        noops=st.integers(-1, 9),
        problem=st.sampled_from(["", *Problem]),
        text=st.sampled_from(["", "lost connection after CONNECT"]),
        repeats=st.sampled_from([0, 0, 0, 1, 50]),
    )
    return st.builds(
        MaillogBatch,
        path=st.just("home"),
        source=st.just("file"),
        finished=st.just(now),
        at=st.just(1_000_000.0 + now),
        records=st.lists(records, max_size=4).map(tuple),
        lines=st.integers(0, 50),
        lag=st.none() | st.floats(0, 100),
        failure=st.none() | failures,
    )
