"""Our own connections found again in the mail log: the servers' own lines, in any order, among any strangers."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.maillog import LogRecord
from monitor.verdict.log_counts import NamedLine
from monitor.verdict.log_proof import LINE_WAIT, LONGEST_LAG, LogFinding, LogProof, LogRound
from monitor.verdict.origins import Expectation
from tests.verdict.build import IMAPS, SMTP, SMTPS, SUBMISSION, door, handshake
from tests.verdict.lines import log
from tests.verdict.recorded import DOVECOT, POSTSCREEN, RECIPIENT, REJECT, SMTPS_LINES, SUBMISSIONS, lines

CLAIM = "192.0.2.77"
OWN = "10.0.20.50"
OTHER_CLAIM = "192.0.2.78"
OURS = frozenset({CLAIM, OWN, OTHER_CLAIM})


SMTP_ROUND = LogRound(
    target=handshake(SMTP),
    started=100.0,
    finished=106.0,
    at=1_000_106.0,
    expected=Expectation(frozenset({CLAIM})),
    unique=True,
    listeners=frozenset({2525, 25}),
    port=40001,
)
SUBMISSION_ROUND = replace(SMTP_ROUND, target=handshake(SUBMISSION), listeners=frozenset({5587, 587}), noops=7)
SMTPS_ROUND = replace(SUBMISSION_ROUND, target=handshake(SMTPS), listeners=frozenset({4465, 465}))
IMAPS_ROUND = replace(SMTP_ROUND, target=handshake(IMAPS), listeners=frozenset({10993, 993}))
DOOR = {"expected": Expectation(frozenset({OWN}), through_nat=True), "unique": False}
SMTP_DOOR = replace(SMTP_ROUND, target=door(SMTP), **DOOR)  # type: ignore[arg-type]
SUBMISSION_DOOR = replace(SUBMISSION_ROUND, target=door(SUBMISSION), **DOOR)  # type: ignore[arg-type]
IMAPS_DOOR = replace(IMAPS_ROUND, target=door(IMAPS), **DOOR)  # type: ignore[arg-type]


def named(records: Iterable[LogRecord]) -> list[NamedLine]:
    """Name lines by the runbook's listeners."""
    return log().name(records)


def only(proof: LogProof, now: float) -> LogFinding:
    """Settle, and give the one finding."""
    (finding,) = proof.settle(now)
    return finding


def told(ended: LogRound, records: Sequence[LogRecord], *, early: bool, arrived: float = 106.5) -> LogFinding:
    """Give what the log tells of one round whose lines come before or after its end."""
    proof = LogProof()
    if early:
        proof.feed(named(records), arrived, OURS)
        proof.add(ended, OURS)
    else:
        proof.add(ended, OURS)
        proof.feed(named(records), arrived, OURS)
    found = proof.settle(arrived)
    assert proof.settle(arrived) == []
    return found[0] if found else only(proof, ended.finished + LINE_WAIT + 0.1)


ROUNDS = [
    (SMTP_ROUND, POSTSCREEN, CLAIM),
    (SUBMISSION_ROUND, SUBMISSIONS, CLAIM),
    (SMTPS_ROUND, SMTPS_LINES, CLAIM),
    (IMAPS_ROUND, DOVECOT, CLAIM),
    (replace(SUBMISSION_ROUND, recipient=RECIPIENT), REJECT, CLAIM),
    (SMTP_DOOR, POSTSCREEN, OWN),
    (SUBMISSION_DOOR, SUBMISSIONS, OWN),
    (IMAPS_DOOR, DOVECOT, OWN),
]


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(("ended", "written", "address"), ROUNDS)
def test_the_own_line_proves_at_once(ended: LogRound, written: Sequence[str], address: str, *, early: bool) -> None:
    """Every listener's own words prove the address, before the wait is over, whether they come early or late."""
    finding = told(ended, lines(written, address), early=early)
    assert finding == LogFinding(ended, address)


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(("ended", "written", "address"), [row for row in ROUNDS if row[1] is not REJECT])
def test_the_own_connection_under_another_address_is_a_suspicion(
    ended: LogRound, written: Sequence[str], address: str, *, early: bool
) -> None:
    """The same mark under the edge's address is reported, as not certain, when the wait is over."""
    finding = told(ended, lines(written, "10.0.20.1"), early=early)
    assert (finding.address, finding.certain) == ("10.0.20.1", False)
    assert finding.address != address


@pytest.mark.parametrize("early", [True, False])
def test_the_nonce_is_certain_under_any_address(*, early: bool) -> None:
    """Only our round knows the recipient: a reject line with it tells the truth, even beside a suspicion."""
    ended = replace(SUBMISSION_ROUND, recipient=RECIPIENT)
    records = [*lines(SUBMISSIONS, "203.0.113.9"), *lines(REJECT, "10.0.20.102")]
    assert told(ended, records, early=early) == LogFinding(ended, "10.0.20.102", certain=True)


@pytest.mark.parametrize(
    ("ended", "records"),
    [
        (SMTP_ROUND, lines(POSTSCREEN, "203.0.113.9", port=40002)),
        (SMTP_ROUND, lines(SUBMISSIONS, "203.0.113.9")),
        (SMTP_ROUND, lines(DOVECOT, "203.0.113.9")),
        (SUBMISSION_ROUND, lines(SUBMISSIONS, "203.0.113.9", noops=6)),
        (SUBMISSION_ROUND, lines(SMTPS_LINES, "203.0.113.9")),
        (SUBMISSION_ROUND, lines(POSTSCREEN, "203.0.113.9")),
        (IMAPS_ROUND, lines(DOVECOT, "203.0.113.9", port=40002)),
        (replace(SUBMISSION_ROUND, recipient=RECIPIENT), lines(REJECT, "203.0.113.9", recipient="else@example.org")),
        # our own other connections: another target's claim, the front door's, and rounds of another port or count
        (SUBMISSION_ROUND, lines(SUBMISSIONS, OTHER_CLAIM)),
        (SUBMISSION_ROUND, lines(SUBMISSIONS, OWN)),
        (SUBMISSION_ROUND, lines(SUBMISSIONS, CLAIM, noops=6)),
        (SMTP_ROUND, lines(POSTSCREEN[:1], CLAIM, port=40002)),
        (SMTP_DOOR, lines(POSTSCREEN, OWN, port=40002)),
        (SUBMISSION_DOOR, lines(SMTPS_LINES, OWN)),
    ],
)
def test_other_connections_say_nothing_about_ours(ended: LogRound, records: Sequence[LogRecord]) -> None:
    """Another port, another count, another listener, another target of ours: no line came."""
    assert told(ended, records, early=False) == LogFinding(ended)


def test_two_that_fit_are_ambiguous() -> None:
    """Where several strangers have our number of NOOPs, none of them is taken for us."""
    records = [*lines(SUBMISSIONS, "203.0.113.9"), *lines(SUBMISSIONS, "203.0.113.10")]
    assert told(SUBMISSION_ROUND, records, early=False) == LogFinding(SUBMISSION_ROUND, ambiguous=True)


@pytest.mark.parametrize("arrived", [99.9, 106.0 + LINE_WAIT + 0.1])
def test_outside_the_wait_nothing_counts(arrived: float) -> None:
    """A line read before the round began, or after its wait, is not looked at."""
    proof = LogProof()
    proof.feed(named(lines(SUBMISSIONS, "10.0.20.1") if arrived < 100 else []), arrived, OURS)
    proof.add(SUBMISSION_ROUND, OURS)
    proof.feed(named(lines(SUBMISSIONS, "10.0.20.1") if arrived > 100 else []), arrived, OURS)
    assert only(proof, 120.0) == LogFinding(SUBMISSION_ROUND)


def test_the_lag_of_the_log_is_waited_for_within_reason() -> None:
    """A log that is 20 s behind gets 20 s more, one that is an hour behind gets a minute."""
    proof = LogProof()
    proof.lag = 20.0
    proof.add(SUBMISSION_ROUND, OURS)
    assert proof.settle(106.0 + LINE_WAIT + 19.9) == []
    proof.feed(named(lines(SUBMISSIONS, CLAIM)), 106.0 + LINE_WAIT + 19.9, OURS)
    assert only(proof, 134.0).address == CLAIM
    hopeless = LogProof()
    hopeless.lag = 3600.0
    hopeless.add(SUBMISSION_ROUND, OURS)
    assert only(hopeless, 106.0 + LINE_WAIT + LONGEST_LAG + 0.1) == LogFinding(SUBMISSION_ROUND)


def test_a_swapped_nodeport_still_proves_the_address() -> None:
    """A handshake for port 25 that comes out at 5587 is ours by its address, which nobody else claims."""
    records = lines([line.replace(" noop={noops}", "") for line in SUBMISSIONS], CLAIM)
    assert told(SMTP_ROUND, records, early=False).address == CLAIM


def test_rounds_of_forgotten_targets_are_dropped() -> None:
    """After a target has gone nothing is waited for on its behalf."""
    proof = LogProof()
    proof.add(SUBMISSION_ROUND, OURS)
    proof.add(SMTP_ROUND, OURS)
    proof.forget({SMTP_ROUND.target})
    assert [finding.round for finding in proof.settle(200.0)] == [SMTP_ROUND]


STRANGERS = st.builds(
    lambda template, address, port, noops: lines(
        template, str(address), port=port, noops=noops, recipient="somebody@example.org"
    ),
    st.sampled_from([POSTSCREEN, SUBMISSIONS, SMTPS_LINES, REJECT, DOVECOT]),
    st.ip_addresses(v=4).filter(lambda address: str(address) not in OURS),
    st.integers(40000, 40005),
    st.integers(5, 9),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(STRANGERS, max_size=12), st.sampled_from(ROUNDS), st.data())
def test_strangers_never_disprove_us(
    strangers: list[list[LogRecord]], row: tuple[LogRound, Sequence[str], str], data: st.DataObject
) -> None:
    """However strangers are interleaved with our own line, and whenever the round ends among them, it is proven."""
    ended, written, address = row
    events: list[list[LogRecord] | None] = data.draw(st.permutations([*strangers, lines(written, address), None]))
    proof = LogProof()
    findings: list[LogFinding] = []
    for event in events:
        if event is None:
            proof.add(ended, OURS)
        else:
            proof.feed(named(event), 106.0, OURS)
        findings += proof.settle(106.0)
    assert findings == [LogFinding(ended, address)]


@settings(deadline=None, max_examples=60)
@given(st.lists(STRANGERS, max_size=8), st.sampled_from(ROUNDS), st.data())
def test_the_order_does_not_matter(
    strangers: list[list[LogRecord]], row: tuple[LogRound, Sequence[str], str], data: st.DataObject
) -> None:
    """The same lines and the same round give the same finding in any order."""
    outcomes = set()
    for _ in range(2):
        proof = LogProof()
        for event in data.draw(st.permutations([*strangers, None])):
            if event is None:
                proof.add(row[0], OURS)
            else:
                proof.feed(named(event), 106.0, OURS)
        outcomes.add(only(proof, 200.0))
    assert len(outcomes) == 1


def test_a_folded_line_proves_nothing() -> None:
    """What was said of an earlier round, and is repeated minutes later, is no line of the round that runs then."""
    for record in lines(SUBMISSIONS, CLAIM):
        proof = LogProof()
        proof.add(SUBMISSION_ROUND, OURS)
        proof.feed(named([record._replace(repeats=1)]), 106.5, OURS)
        assert proof.settle(106.5) == []
