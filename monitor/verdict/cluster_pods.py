"""The mail server's Pods as the Kubernetes API shows them: why none serves, in words, and the rules that rest on it."""

from monitor.core.kube import Cluster, Container, Deployment, Pod
from monitor.core.runbook import PODS
from monitor.core.status import TargetStatus
from monitor.core.verdicts import Verdict
from monitor.verdict.evidence import Cause, Evidence, targets

_IMAGE = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"})
_OVER = frozenset({"Succeeded", "Failed"})
_OUT_OF_MEMORY = "OOMKilled"
_FULL = "no space left on device"


def trouble(cluster: Cluster) -> str | None:
    """Say why no Pod of the mail server serves, in one sentence; ``None``: one does, or nothing is known."""
    deployment, pods = cluster.deployment, cluster.mail_pods
    if deployment is None or cluster.pods is None:
        return None
    if deployment.wanted == 0:
        return f"The Deployment {deployment.name} is scaled to zero."
    if any(pod.ready and not pod.leaving for pod in pods):
        return None
    rolling = " while a new version is rolled out" if deployment.rolling else ""
    staying = [pod for pod in pods if not pod.leaving]
    # An evicted one lies about until it is swept away; it counts where no other has come.
    newest = next(reversed([pod for pod in staying if pod.phase not in _OVER] or staying), None)
    if newest is None:
        return f"The mail server has no Pod{rolling}{_why_none(deployment, pods)}."
    return f"The mail server's Pod {newest.name} {_plight(newest, cluster)}{rolling}."


def told_pods(cluster: Cluster) -> tuple[str, ...]:
    """Give one line for each Pod: phase, node, restarts, how its containers do; and how full its volumes are."""
    fullest = max(cluster.volumes.items(), key=lambda volume: volume[1], default=None)
    volumes = () if fullest is None else (f"fullest volume {fullest[0]}: {fullest[1]:.0%}",)
    return (*map(told_pod, cluster.mail_pods), *volumes)


def out_of_memory(pod: Pod) -> Container | None:
    """Give the container of a Pod that was last killed for memory."""
    return next((each for each in pod.containers if _OUT_OF_MEMORY in {each.last_reason, each.reason}), None)


def last_end(pod: Pod) -> float | None:
    """Give the time at which a container of this Pod last ended (seconds since the epoch)."""
    return max((each.last_finished for each in pod.containers if each.last_finished is not None), default=None)


def _why_none(deployment: Deployment, pods: tuple[Pod, ...]) -> str:
    if pods:
        return f": {pods[-1].name} is going, and no other is there"
    return f" ({deployment.reason}: {deployment.message})" if deployment.reason else ""


def _plight(pod: Pod, cluster: Cluster) -> str:
    bad = next((each for each in pod.containers if each.state != "running" or not each.ready), None)
    if pod.phase in _OVER:
        words = f"has ended ({pod.reason or pod.phase}{_said(pod.message)})"
    elif pod.reason == "Unschedulable":
        words = f"finds no node{_said(pod.message)}"
    elif bad is None or not bad.reason:
        words = "is not ready" if pod.phase == "Running" else f"is {pod.phase}"
    elif bad.reason in _IMAGE:
        words = f"cannot pull its image ({bad.reason}{_said(bad.message)})"
    elif _FULL in bad.message.lower():
        words = f"has a full volume ({bad.reason}{_said(bad.message)})"
    elif out_of_memory(pod) is not None:
        words = f"is killed for memory ({_OUT_OF_MEMORY}, {bad.restarts} restarts)"
    elif bad.reason == "CrashLoopBackOff":
        words = f"crash-loops ({bad.restarts} restarts, last exit {bad.last_exit}{_said(bad.last_reason)})"
    else:
        words = f"does not start ({bad.reason}{_said(bad.message)})"
    pressures = [pressure for node in cluster.nodes or () if node.name == pod.node for pressure in node.pressures]
    return f"{words}; its node {pod.node} has {', '.join(pressures)}" if pressures else words


def _said(message: str) -> str:
    return f": {message}" if message else ""


def told_pod(pod: Pod) -> str:
    """Give a Pod in one line."""
    words = ["leaving" if pod.leaving else pod.phase, "ready" if pod.ready else "not ready"]
    if pod.reason:
        words.append(f"{pod.reason}{_said(pod.message)}")
    if pod.restarts:
        words.append(f"{pod.restarts} restarts")
    for container in pod.containers:
        if container.state != "running" and container.reason not in {"", "Completed"}:
            words.append(f"{container.name} {container.state} ({container.reason})")
        if container.last_reason:
            words.append(f"{container.name} last ended by {container.last_reason}")
    where = f" on {pod.node}" if pod.node else ""
    return f"pod {pod.name}{where}: {', '.join(words)}"


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
