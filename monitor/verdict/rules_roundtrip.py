"""The rule of the diagnosis that rests on a message's whole journey."""

from monitor.core.roundtrip import Step
from monitor.core.runbook import MAIL_LOG, ROUNDTRIP
from monitor.verdict.evidence import Cause, Evidence

_SUMMARIES = {
    Step.SEND: "The roundtrip's message could not be sent: the sender has trouble, or the way there.",
    Step.MAILBOX: "The roundtrip's message was sent, and the mailbox cannot be read.",
    Step.ARRIVE: "Every hop is fine from inside, and the roundtrip's message does not arrive.",
}
_REMEDIES = {Step.SEND: ROUNDTRIP, Step.MAILBOX: MAIL_LOG, Step.ARRIVE: MAIL_LOG}


def not_arriving(evidence: Evidence) -> Cause | None:
    """A message does not arrive, or nobody tries any more, though nothing on its way is known to be broken."""
    status = evidence.roundtrip
    ways_in = evidence.front_doors or evidence.handshakes
    well = bool(ways_in) and all(door.verdict.up for door in ways_in) and not evidence.log.deferring
    if status is None or not well:
        return None
    if status.overdue is not None:
        return Cause(f"No roundtrip has been reported for {status.overdue / 60:.0f} min.", remedy=ROUNDTRIP)
    last = status.last
    if last is None or last.success:
        return None
    step = last.step or Step.ARRIVE
    return Cause(_SUMMARIES[step], evidence=(f"roundtrip: {last.words}",), remedy=_REMEDIES[step])
