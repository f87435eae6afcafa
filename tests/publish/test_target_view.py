"""One target in full: the meaning of its verdict, what is known, its transcripts."""

from dataclasses import replace

from monitor.core.conversation import Failure
from monitor.core.proof import EvidenceKind, Proof, ProofResult
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Verdict
from monitor.publish.journal import Journal
from monitor.publish.rounds import TargetRounds
from monitor.publish.target_view import target_view
from tests import kinds
from tests.publish.reader import Reader
from tests.publish.statuses import AT, observation, path_status, target, target_status, unknown

PROVEN = Proof(EvidenceKind.REPLY, ProofResult.PROVEN, None, "192.0.2.7", "192.0.2.7")


def remembered(*verdicts: Verdict) -> TargetRounds:
    """Give what is remembered after probe runs with these verdicts."""
    journal = Journal(lambda: AT)
    journal.configure({"home": 5})
    for verdict in verdicts:
        failure = None if verdict.up else Failure(Phase.GREETING, Reason.TIMEOUT, "after 20 s")
        journal.record(observation(target(), verdict, failure))
    return journal.rounds.of(target())


def test_what_is_known_stands_as_facts() -> None:
    """Verdict, last success, HAProxy's view, proof, TLS and the certificate's end."""
    status = replace(target_status(target()), proofs=(PROVEN,))
    shown = target_view(path_status(), status, remembered(Verdict.OK))
    names = [part.partition("</dt>")[0] for part in shown.split("<dt>")[1:]]
    assert names == ["Verdict", "Last success", "HAProxy", "Client IP", "TLS", "Certificate"]
    assert "2026-09-22 (24 h)" in Reader(shown).text


def test_a_target_before_its_first_probe_run_shows_no_fact_and_no_chart() -> None:
    """Nothing is invented."""
    shown = target_view(path_status(), unknown(target_status(target())), remembered())
    assert "<dt>HAProxy" in shown
    assert "<dt>Verdict" not in shown
    assert "<pre>" not in shown
    assert "<svg" not in shown


def test_a_bad_verdict_comes_with_commands_for_its_own_edge_and_service() -> None:
    """A good one needs none."""
    door = target_status(target(kinds.FRONT_DOOR, "pfsense"), Verdict.HEADER_REJECTED, port=25)
    bad = Reader(target_view(path_status(), door, remembered()))
    assert "ssh admin@10.0.20.1" in bad.text
    assert "button" in bad.tags
    assert "button" not in Reader(target_view(path_status(), target_status(target()), remembered())).tags


def test_the_last_transcript_is_open_and_failed_ones_are_folded() -> None:
    """Every kept one is there to be read."""
    shown = target_view(path_status(), target_status(target()), remembered(Verdict.OK, Verdict.NO_GREETING))
    assert shown.count("<pre>") == 2
    assert shown.count('<details open="">') == 1
