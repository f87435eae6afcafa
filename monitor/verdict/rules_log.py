"""The rules of the diagnosis that rest on what the mail log tells of others' connections."""

from monitor.core.runbook import CLIENTS_SEEN, MAIL_LOG
from monitor.core.verdicts import Verdict
from monitor.verdict.evidence import Cause, Evidence
from monitor.verdict.log_findings import DEFERRING, nobody_comes, redirects, told_loss, told_silence


def deferring(evidence: Evidence) -> Cause | None:
    """Mail is let in at the door and turned away in the transaction: a full volume, a lookup that fails."""
    return Cause(DEFERRING, remedy=MAIL_LOG) if evidence.log.deferring else None


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


def wan_silent(evidence: Evidence) -> Cause | None:
    """Nobody comes from outside, though all inside is well."""
    silence = nobody_comes(evidence)
    return None if silence is None else Cause(told_silence(silence), remedy=redirects(evidence))
