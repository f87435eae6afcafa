"""Every row of the diagnosis table is needed: without it a scene of its own is diagnosed otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from monitor.core.edge import EdgeObservation, Redirect, RedirectState
from monitor.core.proof import EvidenceKind, Proof, ProofResult, Unproven
from monitor.core.roundtrip import Roundtrip, RoundtripStatus, Step
from monitor.core.status import Diagnosis, PathStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.verdict import (
    cluster_pods,
    diagnosis,
    log_findings,
    roundtrips,
    rules_edge,
    rules_monitor,
    rules_nodes,
    rules_server,
    rules_unexplained,
)
from monitor.verdict.diagnosis import RULES, Rule, diagnose
from monitor.verdict.evidence import Evidence
from monitor.verdict.intermittent import Intermittent
from monitor.verdict.log_state import LogSignals, NotUnderstood
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import PathPlan
from monitor.verdict.traffic import Loss
from tests.verdict.build import IMAPS, NODES, SMTP, SUBMISSION, door, mute, plan, refused, silent
from tests.verdict.kube_build import RUNNING, book, with_container, with_pod
from tests.verdict.scene import Scene, as_the_edge, invented, proving, shows
from tests.views import showing

PLAN = plan()
AT = 1_000_000.0
BLIND = {"pfsense": Phase.SSH}
NO_LINE = Proof(EvidenceKind.LOG, ProofResult.UNPROVEN, why=Unproven.NO_LINE)


def evidence(status: PathStatus, planned: PathPlan = PLAN, **changes: Any) -> Evidence:  # noqa: ANN401 - replace() checks
    """What the rules see in a status, and beside it."""
    seen = Evidence(planned, status.targets, status.edges, status.maillog)
    return replace(seen, **changes)


def played(planned: PathPlan = PLAN, **scene: Any) -> Evidence:  # noqa: ANN401 - Scene checks them
    """What the rules see after some minutes of a scene."""
    return evidence(Scene(planned, **scene).play(), planned)


def sound(**changes: Any) -> Evidence:  # noqa: ANN401 - replace() checks them
    """What the rules see of a healthy path, but for what is changed."""
    return evidence(Scene().play(), **changes)


def logged_elsewhere() -> Evidence:
    """The log of the submission listener shows what was sent to smtp's port."""
    seen = sound()
    wrong = (replace(each, listener=SUBMISSION.listener_port) for each in seen.handshakes_of("smtp"))
    return showing(seen, handshakes=(*wrong, *seen.handshakes_of("imaps")))


def unseen_in_the_log() -> Evidence:
    """Every dialogue works, and no line shows any of them."""
    seen = sound(log=LogSignals(shown=True))
    return showing(seen, handshakes=tuple(replace(each, proofs=(NO_LINE,)) for each in seen.handshakes))


def redirected() -> Evidence:
    """NAT forwards port 25 to another host."""
    redirects = {25: Redirect(25, RedirectState.ELSEWHERE, ("10.0.20.9",))}
    host = EdgeObservation("home", "pfsense", 0.0, 0.0, AT, ssh_ok=True, redirects=redirects)
    seen = sound()
    return replace(seen, edges=tuple(replace(edge, host=host) for edge in seen.edges))


def restarted() -> Evidence:
    """The container was started 30 s ago, and one port is not open yet."""
    container = replace(RUNNING, restarts=1, last_reason="OOMKilled", last_finished=AT - 30.0)
    cluster = book(with_pod(containers=(container,))).status(1.0, AT).cluster
    return replace(played(sees={"handshake k8s-node2 smtp": refused}), cluster=cluster)


def crashing() -> Evidence:
    """The Pod crash-loops, and nothing fails yet."""
    made = book(with_container(state="waiting", reason="CrashLoopBackOff", restarts=7, last_exit=1))
    return sound(cluster=made.status(1.0, AT).cluster)


def wavering() -> Evidence:
    """A front door that serves fails now and then."""
    failed = mute(door(SMTP)).judgement
    return sound(intermittent=(Intermittent(door(SMTP), "10.0.20.1", 4, (failed, failed)),))


SCENES: Mapping[Rule, Callable[[], Evidence]] = {
    rules_monitor.nothing_known: lambda: evidence(PathBook(PLAN).status(0.0, AT)),
    rules_monitor.nothing_answers: lambda: played(edges=BLIND, sees={"*": silent}),
    rules_monitor.nodes_out_of_sight: lambda: played(sees={"* k8s-node? *": silent}),
    rules_monitor.ssh_alone_fails: lambda: played(edges=BLIND),
    rules_edge.edge_dead: lambda: played(edges=BLIND, sees={"front_door *": silent}),
    rules_edge.haproxy_dead: lambda: played(edges={"pfsense": Phase.COMMAND}),
    rules_edge.nat_elsewhere: redirected,
    rules_edge.frontend_not_bound: lambda: played(sees={"front_door * smtps": refused}),
    cluster_pods.pod_not_serving: crashing,
    cluster_pods.pod_restarted: restarted,
    rules_nodes.no_node_answers: lambda: played(sees={"* k8s-node? *": silent, "front_door *": mute}),
    rules_server.mail_server_down: lambda: played(sees={"* smtp": refused, "front_door * smtp": mute}),
    rules_server.turns_clients_away: lambda: played(sees={"handshake k8s-node2 smtp": shows(Verdict.TURNED_AWAY)}),
    log_findings.deferring: lambda: sound(log=LogSignals(deferring=True)),
    rules_nodes.node_silent: lambda: played(sees={"* k8s-node2 *": silent}),
    rules_server.listener_down: lambda: played(sees={"handshake * submission": refused}),
    rules_nodes.nodeport_broken: lambda: played(sees={"handshake k8s-node2 submission": refused}),
    rules_nodes.wired_to_another_listener: logged_elsewhere,
    rules_server.header_refused: lambda: played(sees={"handshake * imaps": shows(Verdict.HEADER_REJECTED)}),
    rules_server.client_ip_lost: lambda: played(proving(), sees={"handshake * submission": as_the_edge}),
    log_findings.clients_lost: lambda: sound(log=LogSignals(lost=(Loss(5587, 12, 1, 0.0, 11.0),))),
    rules_server.tls_invalid: lambda: played(sees={"[hf]* *": shows(Verdict.TLS_INVALID)}),
    rules_edge.backend_broken: lambda: played(sees={"front_door * imaps": mute}),
    rules_edge.intermittent: wavering,
    log_findings.maillog_cut: lambda: played(log=Reason.NOT_FOUND),
    log_findings.log_not_understood: lambda: sound(log=LogSignals(unread=NotUnderstood(3, 40, "dovecot: Signed in"))),
    log_findings.maillog_silent: unseen_in_the_log,
    roundtrips.not_arriving: lambda: sound(
        roundtrip=RoundtripStatus(last=Roundtrip("home", AT, success=False, step=Step.ARRIVE))
    ),
    log_findings.wan_silent: lambda: sound(log=LogSignals(silence=5400.0)),
    rules_unexplained.unexplained: lambda: played(sees={"handshake k8s-node2 smtp": shows(invented())}),
}


def said(found: Diagnosis) -> tuple[str, str]:
    """The cause that is shown."""
    return found.hop, found.summary


def test_every_row_has_its_scene() -> None:
    """A new row comes with one; a row that is gone takes its own with it."""
    assert [rule for _, rule in RULES] == list(SCENES)


@pytest.mark.parametrize(("hop", "rule"), RULES, ids=lambda part: getattr(part, "__name__", str(part)))
def test_without_its_row_a_fault_is_diagnosed_otherwise(hop: str, rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row names the cause in its scene; the table without that row names another, or none."""
    seen = SCENES[rule]()
    whole = diagnose(seen)
    assert whole.hop == hop
    monkeypatch.setattr(diagnosis, "RULES", tuple(row for row in RULES if row[1] is not rule))
    assert said(diagnose(seen)) != said(whole)


def test_the_last_row_needs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone it shows whatever fails: no failing target is healthy because its rule is missing."""
    last = RULES[-1]
    monkeypatch.setattr(diagnosis, "RULES", (last,))
    failing = 0
    for scene in SCENES.values():
        seen = scene()
        found = diagnose(seen)
        assert len(found.unexplained) == len(seen.unexplained)
        assert (found.hop == last[0]) is bool(seen.unexplained)
        failing += bool(seen.unexplained)
    assert failing >= 15


def test_a_service_that_serves_nowhere_is_not_called_served() -> None:
    """Its front door fails with its nodes, for no known cause: HAProxy's backend is not accused."""
    strange = shows(invented())
    found = diagnose(played(sees={"handshake * imaps": strange, "front_door * imaps": strange}))
    assert (found.hop, found.others) == ("unexplained", ())
    assert len(found.unexplained) == len(NODES) + 1
    one = diagnose(played(sees={"handshake k8s-node2 imaps": strange, "front_door * imaps": mute}))
    assert one.hop == "backend"
    assert one.unexplained == ("handshake k8s-node2 imaps: invented (greeting: closed)",)
    assert [other.partition(":")[0] for other in one.others] == ["unexplained"]
    assert IMAPS.name in one.summary
