"""The last rule of the diagnosis: whatever fails, and no rule before it explains, is shown as it is."""

from monitor.core.kinds import Shown
from monitor.core.runbook import Remedy, probe_again, try_port
from monitor.core.status import TargetStatus
from monitor.verdict.evidence import Cause, Evidence, names, place, targets, told

# So many targets are named in the sentence; all of them are in the evidence.
_NAMED = 3


def unexplained(evidence: Evidence) -> Cause | None:
    """Something fails that no rule explains: a verdict without a rule, or a combination that no rule expects."""
    failing = evidence.unexplained
    if not failing:
        return None
    shown = names(f"{status.target.probe} {place(status)}" for status in failing[:_NAMED])
    more = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    verb = "fails" if len(failing) == 1 else "fail"
    return Cause(
        f"No rule explains why {shown}{more} {verb} ({names(status.verdict for status in failing)}).",
        evidence=told(failing),
        remedy=_next(failing[0]),
        explains=targets(failing),
    )


def _next(status: TargetStatus) -> Remedy:
    """The command that repeats a target's probe by hand; a check is a bare TCP connect."""
    target = status.target
    if target.probe.shown is Shown.CHECK:
        return try_port(status.address, status.port)
    return probe_again(target)
