"""What the Kubernetes API tells beside drift: the API itself, nodes, Pods, endpoints, listeners, the CronJob."""

from collections.abc import Iterator

from monitor.core.kube import Cluster, CronJob
from monitor.core.runbook import (
    LISTENERS,
    MAIL_LOG,
    NODES,
    PODS,
    RBAC,
    READYZ,
    ROUNDTRIP,
    ROUNDTRIP_LOG,
    SERVICE,
    VOLUMES,
)
from monitor.core.status import ClusterStatus, EdgeStatus, Finding, TargetStatus
from monitor.core.taxonomy import Reason
from monitor.verdict.cluster_drift import drifts
from monitor.verdict.cluster_pods import last_end, out_of_memory, told_pod
from monitor.verdict.plan import ClusterPlan, PathPlan
from monitor.wire.cron import longest_pause

# A container that ended within so many seconds is worth a word.
LATELY = 3600.0

# A share of a volume, from which on somebody should make room.
NEARLY_FULL = 0.9
# So many pauses of its schedule a CronJob may stay away, as one run may be skipped and one may fail.
OVERDUE = 3
# What says of the roundtrip's CronJob how its runs went.
OF_THE_ROUNDTRIP = frozenset({"cronjob_failed", "cronjob_overdue"})


def findings(
    plan: PathPlan,
    status: ClusterStatus | None,
    edges: tuple[EdgeStatus, ...],
    handshakes: tuple[TargetStatus, ...] = (),
) -> tuple[Finding, ...]:
    """Give every finding; those about the cluster itself only while knowledge is fresh."""
    if status is None or plan.cluster is None:
        return ()
    found = [*_api(status)]
    cluster = status.current
    if cluster is not None:
        found += _nodes(cluster)
        found += _pods(cluster, status.at or 0.0)
        found += _endpoints(plan.cluster, cluster)
        found += _listeners(cluster)
        found += _volumes(cluster)
        found += _cronjob(plan.cluster, cluster, status)
        found += drifts(plan, cluster, edges, handshakes, status.at or 0.0)
    return tuple(found)


def _api(status: ClusterStatus) -> Iterator[Finding]:
    if status.up is False:
        known = "nothing is known of the cluster"
        if status.age is not None:
            known = f"what is known of the cluster is {status.age:.0f} s old"
        message = f"The Kubernetes API does not answer ({status.reason}); {known}."
        yield Finding("warning", "kubernetes", "kubernetes_down", message, READYZ)
        return
    for what, failure in status.gaps.items():
        remedy = RBAC if failure.reason is Reason.PERMISSION_DENIED else READYZ
        message = f"The Kubernetes API does not show {what}: {failure.detail or failure.reason}."
        yield Finding("warning", what, "kubernetes_gap", message, remedy)


def _nodes(cluster: Cluster) -> Iterator[Finding]:
    for node in cluster.nodes or ():
        if node.ready is not True:
            words = "is NotReady" if node.ready is False else "has not reported to the API: Ready is unknown"
            yield Finding("warning", f"node/{node.name}", "node_not_ready", f"{node.name} {words}.", NODES)
        for pressure in node.pressures:
            yield Finding("warning", f"node/{node.name}", "node_pressure", f"{node.name} has {pressure}.", NODES)
        if node.cordoned:
            message = f"{node.name} is cordoned: no new Pod comes to it; its NodePorts work on."
            yield Finding("info", f"node/{node.name}", "node_cordoned", message, NODES)


def _pods(cluster: Cluster, at: float) -> Iterator[Finding]:
    for pod in cluster.mail_pods:
        ended = last_end(pod)
        if ended is None or at - ended > LATELY:
            continue
        killed = out_of_memory(pod) is not None
        severity, kind = ("warning", "oom_killed") if killed else ("info", "restarted")
        message = f"A container was started again {at - ended:.0f} s ago; {told_pod(pod)}."
        yield Finding(severity, f"pod/{pod.name}", kind, message, MAIL_LOG if not killed else PODS)


def _endpoints(declared: ClusterPlan, cluster: Cluster) -> Iterator[Finding]:
    service = next((each for each in cluster.services or () if each.name == declared.proxy_service), None)
    if service is None or cluster.slices is None:
        return
    slices = [each for each in cluster.slices if each.service == service.name and each.ready]
    bare = [port for port in service.ports if not any(port.name in each.ports for each in slices)]
    if bare:
        ports = ", ".join(port.name or str(port.port) for port in bare)
        message = f"No ready endpoint stands behind {service.name}: {ports}. Its NodePorts refuse."
        yield Finding("critical", service.name, "no_endpoint", message, SERVICE)


def _listeners(cluster: Cluster) -> Iterator[Finding]:
    closed = [str(port) for port, listening in sorted(cluster.listeners.items()) if not listening]
    if closed:
        message = f"In the mail server's Pod nobody listens on {', '.join(closed)}."
        yield Finding("critical", "listeners", "listener_closed", message, LISTENERS)


def _volumes(cluster: Cluster) -> Iterator[Finding]:
    for place, used in sorted(cluster.volumes.items()):
        if used >= NEARLY_FULL:
            severity = "critical" if used >= 1 else "warning"
            message = (
                f"The mail server's volume at {place} is {used:.0%} full: when it is, mail is deferred (452 4.3.1)."
            )
            yield Finding(severity, f"volume{place}", "volume_full", message, VOLUMES)


def _cronjob(declared: ClusterPlan, cluster: Cluster, status: ClusterStatus) -> Iterator[Finding]:
    name = declared.cronjob
    cronjob = next((each for each in cluster.cronjobs or () if each.name == name), None)
    if cluster.cronjobs is None:
        return
    if cronjob is None:
        yield Finding("info", name, "cronjob_missing", f"There is no CronJob {name}.", ROUNDTRIP)
        return
    if cronjob.suspended:
        yield Finding("warning", name, "cronjob_suspended", f"The CronJob {name} is suspended.", ROUNDTRIP)
    elif (late := _late(cronjob, status)) is not None:
        yield Finding("warning", name, "cronjob_overdue", late, ROUNDTRIP)
    last = next(reversed(cluster.runs(name)), None)
    if last is not None and last.succeeded is False:
        words = cluster.last_words.get(last.name, "")
        why = f"{last.name}: {last.reason or 'Failed'}{', ' + words if words else ''}"
        message = f"The last run of {name} failed ({why}); last success {_age(status, status.last_success)}."
        yield Finding("warning", name, "cronjob_failed", message, ROUNDTRIP_LOG)


def _late(cronjob: CronJob, status: ClusterStatus) -> str | None:
    """Say that a CronJob is not started any more, or has not succeeded for long; a Job that has gone tells neither."""
    pause = longest_pause(cronjob.schedule)
    if pause is None or status.at is None:
        return None
    what = f"{cronjob.name} ({cronjob.schedule})"
    for at, words in ((cronjob.last_schedule, "was last started"), (status.last_success, "has last succeeded")):
        if at is not None and status.at - at > OVERDUE * pause:
            return f"The CronJob {what} {words} {_age(status, at)}."
    return None


def _age(status: ClusterStatus, at: float | None) -> str:
    return "not seen" if at is None or status.at is None else f"{(status.at - at) / 60:.0f} min ago"
