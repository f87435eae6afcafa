"""The rules of the diagnosis about the mail log, and about what it tells of others' connections."""

from monitor.core.proof import EvidenceKind, ProofResult, Unproven
from monitor.core.runbook import CLIENTS_SEEN, LOG_FORMAT, MAIL_LOG, QUEUE
from monitor.core.verdicts import Verdict
from monitor.verdict.evidence import Cause, Evidence
from monitor.verdict.log_findings import (
    DEFERRING,
    nobody_comes,
    redirects,
    told_loss,
    told_silence,
    told_stuck,
    told_unread,
)


def deferring(evidence: Evidence) -> Cause | None:
    """Mail is turned away in the transaction (a full volume, a failing lookup), or let in and not delivered."""
    if evidence.log.deferring:
        return Cause(DEFERRING, remedy=MAIL_LOG)
    stuck = evidence.log.stuck
    return Cause(told_stuck(stuck), remedy=QUEUE) if stuck is not None and stuck.grave else None


def clients_lost(evidence: Evidence) -> Cause | None:
    """Real clients are taken for the edge, though our own connections keep their addresses."""
    ours = any(s.verdict is Verdict.CLIENT_IP_LOST for s in (*evidence.handshakes, *evidence.front_doors))
    if ours or not evidence.log.lost:
        return None
    return Cause(
        "Real clients lose their addresses on the way: the mail server takes them for the edge.",
        evidence=tuple(told_loss(loss) for loss in evidence.log.lost),
        remedy=CLIENTS_SEEN,
    )


def maillog_cut(evidence: Evidence) -> Cause | None:
    """The log source is broken: mail flows, and we cannot read about it."""
    log = evidence.maillog
    if log is None or log.up is not False:
        return None
    return Cause(
        f"The mail log cannot be read ({log.source}): {log.reason}.",
        evidence=(log.reason,),
        remedy=MAIL_LOG,
    )


def log_not_understood(evidence: Evidence) -> Cause | None:
    """Lines come and say nothing to us: whom the server takes its clients for nobody knows, unless its replies tell."""
    unread = evidence.log.unread
    proofs = (proof for status in (*evidence.handshakes, *evidence.front_doors) for proof in status.proofs)
    told_otherwise = any(
        proof.evidence is not EvidenceKind.LOG and proof.result is not ProofResult.UNPROVEN for proof in proofs
    )
    if unread is None or told_otherwise:
        return None
    evidence_of_it = (unread.example,) if unread.example else ()
    return Cause(told_unread(unread), evidence=evidence_of_it, remedy=LOG_FORMAT)


def maillog_silent(evidence: Evidence) -> Cause | None:
    """Mail flows, the source can be read, and no line of our own connections comes any more."""
    log = evidence.maillog
    if log is None or not log.up or evidence.log.unread is not None:
        return None
    flowing = [s for s in (*evidence.handshakes, *evidence.front_doors) if s.verdict.up]
    proofs = [proof for status in flowing for proof in status.proofs]
    unheard = {Unproven.NOT_TRIED, Unproven.STALE}
    awaited = [proof for proof in proofs if proof.evidence is EvidenceKind.LOG and proof.why not in unheard]
    silent = bool(awaited) and all(proof.why is Unproven.NO_LINE for proof in awaited)
    # Evidence that ever came says that it could: this log has shown us, or the server shows us another way.
    if not silent or not (evidence.log.shown or any(proof.proven_at is not None for proof in proofs)):
        return None
    behind = f", whose newest line was {log.lag:.0f} s old" if log.lag is not None and log.lag >= 1 else ""
    return Cause(
        f"No line of our own connections comes from the mail log ({log.source}){behind}: it is cut, or behind.",
        evidence=(f"{len(awaited)} rounds without their line, while the dialogues work",),
        remedy=MAIL_LOG,
    )


def wan_silent(evidence: Evidence) -> Cause | None:
    """Nobody comes from outside, though all inside is well."""
    silence = nobody_comes(evidence)
    return None if silence is None else Cause(told_silence(silence), remedy=redirects(evidence))
