"""What must be refused: remembered, grown stale, found, and weighed in the path's health."""

from dataclasses import replace

import pytest

from monitor.core.conversation import Failure
from monitor.core.model import Target
from monitor.core.observations import NegativeObservation
from monitor.core.status import NegativeStatus, PathStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop
from monitor.verdict.negatives import NegativeBook
from monitor.verdict.path_book import PathBook
from tests import kinds
from tests.verdict.build import NODES, SMTP, all_well, handshake, negative, plan, refused, seen

CANARY = Target("home", kinds.RELAY_CANARY, "", "smtp")
PLAN = negative(CANARY)
UNREACHED = Failure(Phase.CONNECT, Reason.REFUSED, "Connection refused")
TAKEN = Failure(Phase.PROOF, Reason.ACCEPTED, "250 2.1.5 Ok")


def told(
    *, was_refused: bool | None, now: float = 0.0, target: Target = CANARY, node: str = "k8s-node1"
) -> NegativeObservation:
    """Observe one round."""
    reply = {True: "554 5.7.1 Relay access denied", False: "250 2.1.5 Ok", None: ""}[was_refused]
    failure = {True: None, False: TAKEN, None: UNREACHED}[was_refused]
    return NegativeObservation(target, node, now, now, 1_000_000.0 + now, was_refused, reply, failure)


def book(*rounds: NegativeObservation) -> NegativeBook:
    """Give a book that has seen these rounds."""
    made = NegativeBook()
    made.replan([PLAN])
    for each in rounds:
        made.record(each)
    return made


def known(made: NegativeBook, now: float = 1.0) -> NegativeStatus:
    """Give the canary's status."""
    (status,) = made.statuses(now)
    return status


def path_with(*rounds: NegativeObservation, target: Target = CANARY) -> PathStatus:
    """Give the status of a path on which all is well but for these rounds."""
    path = PathBook(replace(plan(), negatives=(negative(target),)))
    all_well(path)
    for each in rounds:
        path.record(each)
    return path.status(1.0, 1_000_001.0)


def test_nothing_is_known_before_the_first_round() -> None:
    """Neither refused nor accepted, and no finding."""
    assert known(book()) == NegativeStatus(CANARY, refused=None)
    assert book().findings(book().statuses(1.0)) == ()


@pytest.mark.parametrize("was_refused", [True, False])
def test_the_last_answer_is_known(was_refused: bool) -> None:  # noqa: FBT001 - both answers
    """An answer stands, with its node and its words."""
    status = known(book(told(was_refused=not was_refused), told(was_refused=was_refused, now=0.5)))
    assert (status.refused, status.node, status.at) == (was_refused, "k8s-node1", 1_000_000.5)


def test_a_round_that_tells_nothing_leaves_the_answer_standing() -> None:
    """A closed port is no knowledge; why is told beside the last answer."""
    status = known(book(told(was_refused=True), told(was_refused=None, now=0.5)))
    assert status.refused is True
    assert status.reason == "connect: refused Connection refused"


def test_an_answer_grows_stale() -> None:
    """Three intervals after the last answer nothing is known any more, whatever has failed since."""
    made = book(told(was_refused=True), told(was_refused=None, now=9000.0))
    assert known(made, 3 * 3600.0).refused is True
    assert known(made, 3 * 3600.0 + 1).refused is None


def test_what_is_planned_no_more_is_forgotten() -> None:
    """A probe that goes takes its answer along, and a late round of it is dropped."""
    made = book(told(was_refused=False))
    made.replan([])
    made.record(told(was_refused=False))
    assert made.statuses(1.0) == ()
    made.replan([PLAN])
    assert known(made).refused is None


def test_an_open_relay_is_critical_and_fails_the_health() -> None:
    """The hop stays none, for mail flows; the finding says where, in the server's words, and what to run."""
    status = path_with(told(was_refused=False, node="k8s-node2"))
    (finding,) = status.findings
    assert (finding.severity, finding.kind, finding.subject) == ("critical", "open_relay", "smtp")
    assert "smtp on k8s-node2" in finding.message
    assert "250 2.1.5 Ok" in finding.message
    assert "postconf mynetworks" in str(finding.remedy)
    assert status.health.status == "fail"
    assert status.diagnosis.hop is Hop.NONE


@pytest.mark.parametrize(
    ("probe", "kind"),
    [(kinds.NO_HEADER, "header_not_required"), (kinds.HEADER_ON_CHECK, "header_believed")],
)
def test_header_probes_are_critical_findings_and_a_warning_of_health(probe: kinds.ProbeKind, kind: str) -> None:
    """Somebody inside could lie about an address, but mail flows."""
    target = Target("home", probe, "", "smtp")
    status = path_with(told(was_refused=False, target=target), target=target)
    assert [(finding.severity, finding.kind) for finding in status.findings] == [("critical", kind)]
    assert status.health.status == "warn"


@pytest.mark.parametrize("rounds", [(), (told(was_refused=True),), (told(was_refused=None),)])
def test_refused_or_unknown_is_healthy(rounds: tuple[NegativeObservation, ...]) -> None:
    """Only what was accepted speaks against the path."""
    status = path_with(*rounds)
    assert status.findings == ()
    assert status.health.status == "pass"


def test_healthy_nodes_are_those_whose_rounds_succeed() -> None:
    """A node that fails, or of which nothing fresh is known, is not worth asking."""
    path = all_well(PathBook(plan(fall=1)))
    assert path.healthy_nodes(kinds.HANDSHAKE, "smtp", 1.0) == NODES
    path.record(refused(handshake(SMTP), now=1.0))
    assert path.healthy_nodes(kinds.HANDSHAKE, "smtp", 1.0) == NODES[1:]
    assert path.healthy_nodes(kinds.CHECK, "smtp", 1.0) == NODES
    assert path.healthy_nodes(kinds.HANDSHAKE, "smtp", 10_000.0) == ()
    path.record(seen(handshake(SMTP), now=2.0))
    assert path.healthy_nodes(kinds.HANDSHAKE, "smtp", 2.0) == NODES
