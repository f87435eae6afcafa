"""The log's rules, one by one, on a path without anything else."""

from dataclasses import replace

import pytest

from monitor.core.proof import EvidenceKind, Proof, ProofResult, Unproven
from monitor.core.status import MaillogStatus
from monitor.core.verdicts import Verdict
from monitor.verdict.evidence import Evidence
from monitor.verdict.log_findings import clients_lost, deferring, log_not_understood, maillog_silent, wan_silent
from monitor.verdict.log_state import LogSignals, NotUnderstood
from monitor.verdict.traffic import Loss
from tests.verdict.build import SMTP, handshake, plan, well
from tests.views import showing

LOSS = Loss(5587, edge=12, external=1, usual_edge=0.0, usual_external=11.0)


def evidence(log: LogSignals, verdict: Verdict = Verdict.OK) -> Evidence:
    """Show one handshake and the log's signals; no edge."""
    status = well().status(0.0, 1_000_000.0)
    (shown,) = [each for each in status.handshakes if each.target == handshake(SMTP)]
    return Evidence(plan(), (replace(shown, verdict=verdict),), (), None, log)


def test_no_signal_is_no_cause() -> None:
    """A log that says nothing accuses nobody."""
    assert {rule(evidence(LogSignals())) for rule in (deferring, clients_lost, wan_silent)} == {None}


def test_each_signal_has_its_cause() -> None:
    """What is told is what the signal shows."""
    lost = clients_lost(evidence(LogSignals(lost=(LOSS,))))
    assert lost is not None
    assert "12 came as the edge" in lost.evidence[0]
    assert deferring(evidence(LogSignals(deferring=True))) is not None
    silent = wan_silent(evidence(LogSignals(silence=5400.0)))
    assert silent is not None
    assert "90 min" in silent.summary


def test_without_a_front_door_the_nodes_tell_whether_all_is_well_inside() -> None:
    """A failing handshake on a path without an edge: who knows why nobody comes."""
    assert wan_silent(evidence(LogSignals(silence=5400.0), Verdict.NO_GREETING)) is None
    assert wan_silent(Evidence(plan(), (), (), None, LogSignals(silence=5400.0))) is None


@pytest.mark.parametrize("shown", [True, False])
def test_a_log_that_never_showed_us_is_accused_only_where_its_past_did(shown: bool) -> None:  # noqa: FBT001 - both
    """One look has no proof of before; lines of ours that stood there already say that this log can show us."""
    known = evidence(LogSignals(shown=shown))
    missing = Proof(EvidenceKind.LOG, ProofResult.UNPROVEN, why=Unproven.NO_LINE)
    handshakes = tuple(replace(each, proofs=(missing,)) for each in known.handshakes)
    log = MaillogStatus("file", up=True, lag=None, reason="")
    assert (maillog_silent(showing(known, handshakes=handshakes, maillog=log)) is not None) is shown


UNREAD = LogSignals(unread=NotUnderstood(3, 40, "dovecot: imap-login: Signed in"), shown=True)


def test_a_log_that_is_not_understood_is_the_hop_while_nothing_else_proves_the_client() -> None:
    """The server's replies tell as well: where they do, the log's words are a finding and no more."""
    known = evidence(UNREAD)
    cause = log_not_understood(known)
    assert cause is not None
    assert "3 handshakes" in cause.summary
    assert cause.evidence == ("dovecot: imap-login: Signed in",)
    for result, hop in ((ProofResult.UNPROVEN, True), (ProofResult.PROVEN, False), (ProofResult.DISPROVEN, False)):
        replied = tuple(replace(each, proofs=(Proof(EvidenceKind.REPLY, result),)) for each in known.handshakes)
        assert (log_not_understood(showing(known, handshakes=replied)) is not None) is hop


def test_a_log_that_is_not_understood_is_not_called_cut() -> None:
    """No line of ours is recognised, and that says nothing of the pipeline: its lines come."""
    known = evidence(UNREAD)
    missing = Proof(EvidenceKind.LOG, ProofResult.UNPROVEN, why=Unproven.NO_LINE)
    handshakes = tuple(replace(each, proofs=(missing,)) for each in known.handshakes)
    log = MaillogStatus("file", up=True, lag=None, reason="")
    assert maillog_silent(showing(known, handshakes=handshakes, maillog=log)) is None
