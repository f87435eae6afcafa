"""Client IP proof from end to end: what rounds are asked to do, what their traces prove, and the verdict of it."""

import ipaddress
from collections.abc import Iterable
from dataclasses import replace

import pytest

from monitor.core.conversation import Conversation, DialogueOutcome, Endpoints, Failure
from monitor.core.maillog import LogRecord
from monitor.core.model import Service, Target
from monitor.core.observations import Judgement, MaillogBatch, Observation
from monitor.core.proof import NOTHING, EvidenceKind, Proof, ProofResult, SeenAs, Unproven
from monitor.core.status import PathStatus, TargetStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop, Verdict
from monitor.verdict.client_ip import FEWEST_NOOPS, NOOP_COUNTS, lost
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import PathPlan
from tests import kinds
from tests.verdict import build
from tests.verdict.build import IMAPS, SMTP, SMTPS, SUBMISSION, asked, check, door, handshake
from tests.verdict.proving import BOTH, LOG_ONLY, claim, plan
from tests.verdict.recorded import DOVECOT, POSTSCREEN, SMTPS_LINES, SUBMISSIONS, lines

OWN = "10.0.20.50"
PORT = 40001
WAITED = 10.0
WRITES = {"smtp": POSTSCREEN, "smtps": SMTPS_LINES, "submission": SUBMISSIONS, "imaps": DOVECOT}


class Story:
    """A path's book, and a clock to tell rounds and lines by."""

    def __init__(self, path: PathPlan | None = None) -> None:
        """Begin with a path on which everything is fine and nothing proven."""
        self.book = build.all_well(PathBook(path or plan()))
        self.now = 10.0

    def round(
        self,
        target: Target,
        *,
        replies: str | None = None,
        seen: str | Iterable[str] = (),
        failure: Failure | None = None,
    ) -> int:
        """Do a round: the server's reply names ``replies`` if it was asked, its log names ``seen``; give the NOOPs."""
        self.now += 60.0
        ask = asked(self.book, target, self.now)
        tried = bool(ask.nonce) and failure is None
        outcome = DialogueOutcome(
            noops=ask.noops,
            believed_address=replies if tried else None,
            proof_reply="554 5.7.1 refused" if tried else "",
            recipient=f"canary-{ask.nonce}@mailpath.invalid" if tried else "",
        )
        ends = Endpoints(OWN, PORT, "10.0.20.101", 30125)
        conversation = Conversation(
            self.now, self.now + 1, ends, {}, outcome=None if failure else outcome, failure=failure
        )
        for address in (seen,) if isinstance(seen, str) else seen:
            self.log(lines(WRITES[target.service], address, port=PORT, noops=ask.noops))
        judgement = Judgement(Verdict.PROTOCOL_ERROR, failure) if failure else Judgement(Verdict.OK)
        at = 1_000_000.0 + self.now
        seen_round = Observation(
            target, self.now, self.now + 1, at, judgement, answered=True, conversation=conversation
        )
        self.book.record(seen_round)
        return ask.noops

    def log(self, records: Iterable[LogRecord] = ()) -> None:
        """Let lines come."""
        self.book.record(MaillogBatch("home", "file", self.now + 0.5, 1_000_000.0 + self.now, tuple(records)))

    def status(self, after: float = WAITED) -> PathStatus:
        """Let the wait for lines pass, and give the status; checks, HAProxy and the log's source are well."""
        self.now += after
        self.log()
        self.book.record(build.haproxy(now=self.now))
        for each in self.book.plan.targets:
            if each.target.probe is kinds.CHECK:
                self.book.record(build.seen(each.target, now=self.now))
        return self.book.status(self.now, 1_000_000.0 + self.now)

    def of(self, target: Target, after: float = WAITED) -> TargetStatus:
        """Give one target's status."""
        return next(each for each in self.status(after).targets if each.target == target)

    def proof(self, target: Target, evidence: EvidenceKind = EvidenceKind.LOG, after: float = WAITED) -> Proof:
        """Give one proof."""
        return next(proof for proof in self.of(target, after).proofs if proof.evidence is evidence)


def test_checks_have_nothing_to_prove() -> None:
    """A check is asked for nothing and shows no proof; neither does a path without evidence."""
    story = Story()
    assert asked(story.book, check(SMTP), 0.0) == NOTHING
    assert story.of(check(SMTP)).proofs == ()
    assert Story(build.plan()).of(handshake(SMTP)).proofs == ()


def test_before_the_first_round_each_kind_is_not_tried() -> None:
    """Replies are sought where smtpd wants a login, the log everywhere; the verdict is ok, the reason stated."""
    story = Story()
    kinds = {service.name: story.of(handshake(service)) for service in (SMTP, SMTPS, SUBMISSION, IMAPS)}
    assert {name: [str(proof.evidence) for proof in shown.proofs] for name, shown in kinds.items()} == {
        "smtp": ["log"],
        "smtps": ["reply", "log"],
        "submission": ["reply", "log"],
        "imaps": ["log"],
    }
    assert {proof.why for shown in kinds.values() for proof in shown.proofs} == {Unproven.NOT_TRIED}
    assert {shown.verdict for shown in kinds.values()} == {Verdict.OK}


def test_rounds_in_a_row_and_neighbours_have_other_numbers_of_noops() -> None:
    """The count is a nonce: it changes by round, differs among nodes, and stays small; port 25 needs none."""
    story = Story()
    mine = [asked(story.book, handshake(SUBMISSION), now).noops for now in (0.0, 60.0, 120.0)]
    theirs = [asked(story.book, handshake(SUBMISSION, "k8s-node2"), now).noops for now in (0.0, 60.0, 120.0)]
    assert len(set(mine)) == 3
    assert all(own != other for own, other in zip(mine, theirs, strict=True))
    assert set(mine) <= set(range(FEWEST_NOOPS, FEWEST_NOOPS + NOOP_COUNTS))
    assert asked(story.book, handshake(SMTP), 0.0) == asked(story.book, handshake(IMAPS), 0.0) == NOTHING


def test_replies_are_asked_for_at_their_interval_with_a_fresh_nonce() -> None:
    """One transaction in ten minutes, each with a nonce of its own, while all is well."""
    story = Story()
    nonces = []
    for _ in range(21):
        nonces.append(asked(story.book, handshake(SUBMISSION), story.now + 60.0).nonce)
        story.round(handshake(SUBMISSION), replies=claim(handshake(SUBMISSION)), seen=claim(handshake(SUBMISSION)))
    given = [nonce for nonce in nonces if nonce]
    assert len(given) == len(set(given)) == 3
    assert story.proof(handshake(SUBMISSION), EvidenceKind.REPLY).result is ProofResult.PROVEN


def test_a_transaction_that_failed_waits_for_its_next_turn() -> None:
    """A reject line may be in the log already: a dialogue that breaks there is not repeated each round."""
    story = Story()
    story.round(handshake(SUBMISSION), failure=Failure(Phase.CONNECT, Reason.REFUSED))
    assert asked(story.book, handshake(SUBMISSION), story.now + 60).nonce
    story.round(handshake(SUBMISSION), failure=Failure(Phase.PROOF, Reason.RESET))
    assert not asked(story.book, handshake(SUBMISSION), story.now + 60).nonce


@pytest.mark.parametrize("service", [SMTP, SMTPS, SUBMISSION, IMAPS])
def test_the_log_proves_a_handshake(service: Service) -> None:
    """Our line under the claimed address is proof, at once; the listener that wrote it is known."""
    story = Story()
    target = handshake(service)
    story.round(target, seen=claim(target))
    status = story.of(target, after=1.0)
    proof = next(proof for proof in status.proofs if proof.evidence is EvidenceKind.LOG)
    assert (proof.result, proof.seen, proof.seen_as) == (ProofResult.PROVEN, claim(target), None)
    assert status.listener == service.listener_port
    assert status.verdict is Verdict.OK


@pytest.mark.parametrize("service", [SMTP, SMTPS, SUBMISSION, IMAPS])
def test_by_the_log_alone_two_rounds_make_a_loss(service: Service) -> None:
    """The first line under another address is a suspicion, the second in a row is certain, one proof ends it."""
    story = Story(plan(LOG_ONLY))
    target = handshake(service)
    story.round(target, seen="10.0.20.1")
    assert story.proof(target).why is Unproven.UNCONFIRMED
    assert story.of(target).verdict is Verdict.OK
    story.round(target, seen="10.0.20.1")
    shown = story.of(target)
    assert shown.verdict is Verdict.CLIENT_IP_LOST
    assert shown.up
    assert (shown.proofs[0].seen_as, shown.proofs[0].expected) == (SeenAs.EDGE, claim(target))
    story.round(target, seen=claim(target))
    assert story.of(target).verdict is Verdict.OK


def test_a_suspicion_that_is_not_repeated_is_nothing() -> None:
    """A stranger with our number of NOOPs, then nobody, then another stranger: never a loss."""
    story = Story(plan(LOG_ONLY))
    target = handshake(SUBMISSION)
    for seen in ("203.0.113.9", (), "203.0.113.9", "203.0.113.10", ("203.0.113.9", "203.0.113.10"), "203.0.113.9"):
        story.round(target, seen=seen)
        assert story.of(target).verdict is Verdict.OK


def test_different_nodes_are_one_loss() -> None:
    """Where the header is gone the server sees the node that was taken: another one each time is still a loss."""
    story = Story(plan(LOG_ONLY))
    for address in ("10.0.20.101", "10.0.20.102"):
        story.round(handshake(SUBMISSION), seen=address)
    assert story.of(handshake(SUBMISSION)).verdict is Verdict.CLIENT_IP_LOST


def test_a_loss_does_not_end_because_a_line_stays_away() -> None:
    """Once certain, a loss ends by proof or by age."""
    story = Story(plan(LOG_ONLY))
    target = handshake(SUBMISSION)
    for seen in ("10.0.20.1", "10.0.20.1", ()):
        story.round(target, seen=seen)
    assert story.of(target).verdict is Verdict.CLIENT_IP_LOST
    for _ in range(3):
        story.round(target)
    assert story.of(target).verdict is Verdict.OK
    story.round(target)
    assert story.proof(target).why is Unproven.NO_LINE


def test_what_is_known_late_of_a_round_does_not_speak_against_a_later_one() -> None:
    """The address comes through again, and only then the wait for the lines of the rounds before is over."""
    story = Story(plan(LOG_ONLY))
    target = handshake(SUBMISSION)
    story.now = 100.0
    for seen in ("10.0.20.1", "10.0.20.1", claim(target)):
        story.now -= 58.0  # each two seconds after the one before
        story.round(target, seen=seen)
    assert story.of(target, after=0.0).verdict is Verdict.OK
    assert story.of(target).verdict is Verdict.OK


def test_the_newest_evidence_decides() -> None:
    """A reply is asked for every ten minutes, a line is waited for: whichever speaks of the later round is right."""
    proven = Proof(EvidenceKind.LOG, ProofResult.PROVEN, at=2.0)
    disproven = Proof(EvidenceKind.REPLY, ProofResult.DISPROVEN, seen_as=SeenAs.EDGE, at=1.0)
    assert not lost((disproven, proven))
    assert lost((replace(disproven, at=3.0), proven))
    assert lost((replace(disproven, at=2.0), proven))
    assert lost((disproven, replace(proven, result=ProofResult.UNPROVEN)))


def test_a_reply_is_certain_at_once_and_asked_again_every_round() -> None:
    """The reply names another client: lost now, and asked again the next round, so that the end is seen as soon."""
    story = Story()
    target = handshake(SUBMISSION)
    story.round(target, replies="10.0.20.101", seen=claim(target))
    assert story.of(target).verdict is Verdict.CLIENT_IP_LOST
    assert story.proof(target, EvidenceKind.REPLY).seen_as is SeenAs.CLUSTER
    story.round(target, replies=claim(target), seen=claim(target))
    assert story.of(target).verdict is Verdict.OK


def test_a_suspicion_in_the_log_asks_for_a_reply() -> None:
    """The reply is not due for minutes: a suspicion brings it forward, and it decides."""
    story = Story()
    target = handshake(SMTPS)
    story.round(target, replies=claim(target), seen=claim(target))
    assert not asked(story.book, target, story.now + 60).nonce
    story.round(target, seen="10.0.20.1")
    story.status()
    assert asked(story.book, target, story.now + 60).nonce


def test_a_server_that_names_nobody_leaves_it_unproven() -> None:
    """No address in the reply: unproven by this means, not failed."""
    story = Story()
    target = handshake(SUBMISSION)
    story.round(target, replies=None, seen=claim(target))
    assert story.proof(target, EvidenceKind.REPLY).why is Unproven.NOT_REVEALED
    assert story.of(target).verdict is Verdict.OK


def test_evidence_grows_old() -> None:
    """A reply proves for three of its intervals, a line for three of the handshake's; then it is stale."""
    story = Story()
    target = handshake(SUBMISSION)
    story.round(target, replies=claim(target), seen=claim(target))
    assert story.proof(target, after=180.0).result is ProofResult.PROVEN
    assert story.proof(target, after=20.0).why is Unproven.STALE
    assert story.proof(target, EvidenceKind.REPLY, after=1590.0).result is ProofResult.PROVEN
    stale = story.proof(target, EvidenceKind.REPLY, after=20.0)
    assert (stale.why, stale.proven_at is not None) == (Unproven.STALE, True)


@pytest.mark.parametrize("service", [SMTP, SMTPS, SUBMISSION, IMAPS])
def test_a_front_door_proves_our_own_address(service: Service) -> None:
    """HAProxy's header named our socket's address, and the log shows it."""
    story = Story()
    story.round(door(service), seen=OWN)
    assert story.proof(door(service), after=1.0).result is ProofResult.PROVEN


def test_a_front_door_that_shows_the_edge_is_a_backend_fault() -> None:
    """Handshakes are proven and the front door shows the edge: HAProxy's header is wrong, hop backend, health fails."""
    story = Story()
    for _ in range(2):
        story.round(handshake(SUBMISSION), replies=claim(handshake(SUBMISSION)), seen=claim(handshake(SUBMISSION)))
        story.round(door(SUBMISSION), seen="10.0.20.1")
    status = story.status()
    assert status.front_doors[2].verdict is Verdict.CLIENT_IP_LOST
    assert status.diagnosis.hop is Hop.BACKEND
    assert "log: seen as 10.0.20.1 (edge) instead of 10.0.20.50" in status.diagnosis.evidence[0]
    assert next(each for each in status.health.checks if each.name == "submission:front_door").status == "fail"


@pytest.mark.parametrize("address", ["10.0.20.102", "10.9.9.9"])
def test_what_only_source_nat_explains_is_neither(address: str) -> None:
    """A node's or another inner address at a front door is unproven, however often; named in seen_as it is proof."""
    story = Story()
    seen_as = (ipaddress.ip_network("10.0.20.96/28"), ipaddress.ip_network("10.9.0.0/16"))
    told = Story(plan(seen_as=seen_as))
    for _ in range(3):
        story.round(door(SUBMISSION), seen=address)
        told.round(door(SUBMISSION), seen=address)
    assert story.proof(door(SUBMISSION)).why is Unproven.SNAT
    assert told.proof(door(SUBMISSION)).result is ProofResult.PROVEN


def test_front_doors_are_asked_for_replies_only_where_that_is_allowed() -> None:
    """A front door's reject line names a host of the house: only ``reply_proof`` allows it."""
    assert not asked(Story().book, door(SUBMISSION), 1.0).nonce
    allowed = Story(plan(at_the_door=BOTH))
    assert asked(allowed.book, door(SUBMISSION), 1.0).nonce
    allowed.round(door(SUBMISSION), replies=OWN, seen=OWN)
    assert allowed.proof(door(SUBMISSION), EvidenceKind.REPLY).result is ProofResult.PROVEN


def test_the_source_address_is_expected_where_one_is_bound() -> None:
    """``source_address`` comes before the socket's own name for itself."""
    story = Story(plan(source_address="10.0.20.60"))
    story.round(door(SMTP), seen="10.0.20.60")
    assert story.proof(door(SMTP)).result is ProofResult.PROVEN


def test_a_lost_client_ip_is_one_cause_with_the_front_door_as_effect() -> None:
    """Handshakes and front door of a service are lost: hop client_ip, and the front door is explained by it."""
    story = Story()
    for _ in range(2):
        for target in (handshake(IMAPS), handshake(IMAPS, "k8s-node2"), door(IMAPS)):
            story.round(target, seen="10.0.20.1")
    status = story.status()
    assert status.diagnosis.hop is Hop.CLIENT_IP
    assert any(line.startswith("front_door pfsense imaps") for line in status.diagnosis.effects)
    assert status.diagnosis.others == ()


def test_a_cut_mail_log_is_the_log_and_not_the_path() -> None:
    """Every dialogue works and no line comes any more: verdicts ok, proofs unproven, hop maillog; then it clears."""
    story = Story()
    targets = [each.target for each in story.book.plan.targets if each.target.probe is not kinds.CHECK]

    def all_around(*, logged: bool) -> PathStatus:
        began = story.now
        for target in targets:
            story.now = began
            seen = claim(target) if target.probe is kinds.HANDSHAKE else OWN
            story.round(target, replies=seen, seen=seen if logged else ())
        return story.status()

    assert all_around(logged=True).diagnosis.hop is Hop.NONE
    cut = all_around(logged=False)
    assert cut.diagnosis.hop is Hop.MAILLOG
    assert {each.verdict for each in cut.handshakes} == {Verdict.OK}
    assert {proof.why for each in cut.handshakes for proof in each.proofs if proof.evidence is EvidenceKind.LOG} == {
        Unproven.NO_LINE
    }
    assert all_around(logged=True).diagnosis.hop is Hop.NONE


def test_one_missing_line_is_no_cut_log() -> None:
    """Where other lines come, one that stayed away says nothing about the log."""
    story = Story()
    story.round(handshake(SMTP), seen=claim(handshake(SMTP)))
    story.round(handshake(IMAPS))
    assert story.status().diagnosis.hop is Hop.NONE


def test_swapped_nodeports_are_found_by_their_listeners() -> None:
    """Our handshake for port 25 is in the log of 5587: finding wrong_listener, hop nodeport; set right, it goes."""
    story = Story()
    target = handshake(SMTP)
    swapped = [line.replace(" noop={noops}", "") for line in SUBMISSIONS]
    story.round(target)
    story.log(lines(swapped, claim(target)))
    status = story.status()
    assert [(each.kind, each.subject) for each in status.findings] == [("wrong_listener", "k8s-node1:30125")]
    assert status.diagnosis.hop is Hop.NODEPORT
    story.round(target, seen=claim(target))
    assert story.status().findings == ()


def test_replanning_keeps_what_is_known_of_the_same_claim() -> None:
    """A reload keeps proofs; a target that claims another address begins anew."""
    story = Story()
    for node in ("k8s-node1", "k8s-node2"):
        story.round(handshake(SMTP, node), seen=claim(handshake(SMTP, node)))
    same = plan()
    changed = [
        replace(each, proof=replace(each.proof, claimed="192.0.2.200"))
        if each.target == handshake(SMTP, "k8s-node2") and each.proof is not None
        else each
        for each in same.targets
    ]
    story.book.replan(replace(same, targets=tuple(changed)))
    assert story.proof(handshake(SMTP)).result is ProofResult.PROVEN
    assert story.proof(handshake(SMTP, "k8s-node2")).why is Unproven.NOT_TRIED


def under(name: str, records: Iterable[LogRecord]) -> list[LogRecord]:
    """Let another listener have written lines."""
    return [record._replace(program=name) for record in records]


@pytest.mark.parametrize(
    ("service", "name"), [(SUBMISSION, "postfix/submission-haproxy/smtpd"), (SMTPS, "postfix/smtps-haproxy/smtpd")]
)
def test_a_listener_of_another_name_is_learned_and_then_shows_a_loss(service: Service, name: str) -> None:
    """Under the name that our own line has taught, the edge's address in our place is found, a reload or not."""
    story = Story(plan(LOG_ONLY))
    target = handshake(service)
    for _ in range(2):
        noops = story.round(target)
        story.log(under(name, lines(SUBMISSIONS, claim(target), noops=noops)))
        assert story.of(target).verdict is Verdict.OK
        story.book.replan(replace(plan(LOG_ONLY), wan_silence=60.0))
    for _ in range(2):
        noops = story.round(target)
        story.log(under(name, lines(SUBMISSIONS, "10.0.20.1", noops=noops)))
        shown = story.of(target)
    assert shown.verdict is Verdict.CLIENT_IP_LOST
    assert shown.listener in {None, service.listener_port}
