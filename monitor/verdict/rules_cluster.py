"""The rules of the diagnosis that rest on what the Kubernetes API says of the mail server's Pods."""

from monitor.core.runbook import PODS
from monitor.core.status import TargetStatus
from monitor.core.verdicts import Verdict
from monitor.verdict.cluster_words import last_end, told_pods, trouble
from monitor.verdict.evidence import Cause, Evidence, targets

# A mail server that was started again within so many seconds may still be on its way up.
_STARTING = 120.0


def pod_not_serving(evidence: Evidence) -> Cause | None:
    """No Pod is ready: rolling, crash-looping, killed for memory, without image, node or room."""
    status = evidence.cluster
    cluster = status.current if status is not None else None
    summary = trouble(cluster) if cluster is not None else None
    if cluster is None or summary is None:
        return None
    return Cause(summary, evidence=told_pods(cluster), remedy=PODS, explains=targets(_failing(evidence)))


def pod_restarted(evidence: Evidence) -> Cause | None:
    """A Pod is ready, and its container had ended only just now, while something fails."""
    status = evidence.cluster
    cluster = status.current if status is not None else None
    failing = _failing(evidence)
    if status is None or cluster is None or status.at is None or not failing:
        return None
    for pod in cluster.mail_pods:
        ended = last_end(pod)
        if ended is not None and status.at - ended < _STARTING:
            return Cause(
                f"The mail server's Pod {pod.name} was started again {status.at - ended:.0f} s ago.",
                evidence=told_pods(cluster),
                remedy=PODS,
                explains=targets(failing),
            )
    return None


def pod_truth(evidence: Evidence) -> tuple[str, ...]:
    """Give what the API says of the mail server's Pods, as evidence for causes that others name."""
    cluster = evidence.cluster.current if evidence.cluster is not None else None
    return told_pods(cluster) if cluster is not None else ()


def _failing(evidence: Evidence) -> list[TargetStatus]:
    """Give what a mail server that is not there makes fail; a node that is silent on its own is another cause."""
    every = (status for status in evidence.every if status.target.service)
    mute = {Verdict.UNKNOWN, Verdict.NODE_UNREACHABLE}
    return [s for s in every if s.target not in evidence.explained and not s.verdict.up and s.verdict not in mute]
