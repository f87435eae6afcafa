"""The certificate in the Secret against those that the services serve: a renewed one that nobody has loaded yet.

Postfix and Dovecot read their certificate when they start or are reloaded, and a file that is mounted by ``subPath`` is
never updated in a running container (Kubernetes' documentation of Secrets): then the old one is served to its end.
"""

from collections.abc import Iterable, Iterator

from monitor.core.kube import Cluster, SecretCertificate
from monitor.core.moments import utc
from monitor.core.runbook import RESTART_MAILSERVER, read_object
from monitor.core.status import Drift, TargetStatus
from monitor.verdict.evidence import names
from monitor.verdict.plan import ClusterPlan

# Who renews does it weeks before the end. So near to it nobody may wait for the next restart.
URGENT = 3 * 86_400.0


def certificate_drift(
    declared: ClusterPlan, cluster: Cluster, handshakes: Iterable[TargetStatus], at: float
) -> Iterator[Drift]:
    """Give one drift where services serve another certificate than the Secret's; ``at`` is seconds since the epoch."""
    name = declared.certificate_secret
    if name is None or name not in cluster.certificates:
        return
    subject, held = f"secret/{name}", cluster.certificates[name]
    if held is None:
        message = f"{subject}: declared is a certificate (tls.crt); observed none."
        remedy = read_object("secret", name)
        yield Drift("warning", subject, "certificate_missing", message, remedy, "a certificate", "none")
        return
    others = [each for each in handshakes if _serves_another(each, held)]
    if not others:
        return
    ends = [end for each in others if (end := _end(each)) is not None]
    services = names(dict.fromkeys(each.target.service for each in others))
    renewed = bool(ends) and held.not_after is not None and held.not_after > min(ends)
    wanted = f"one that ends {_date(held.not_after)}"
    observed = f"one that ends {_date(min(ends, default=None))} on {services}"
    what = "was renewed, and the services do not serve it yet" if renewed else "is not the one that is served"
    yield Drift(
        "critical" if ends and min(ends) - at < URGENT else "warning",
        subject,
        "certificate_not_served",
        f"The certificate in the Secret {name} {what}: declared is {wanted}; observed {observed}.",
        RESTART_MAILSERVER,
        wanted,
        observed,
    )


def _serves_another(status: TargetStatus, held: SecretCertificate) -> bool:
    tls = status.last.tls if status.last is not None and not status.stale else None
    return tls is not None and bool(tls.fingerprint) and tls.fingerprint != held.fingerprint


def _end(status: TargetStatus) -> float | None:
    return status.last.tls.not_after if status.last is not None and status.last.tls is not None else None


def _date(at: float | None) -> str:
    return "nobody knows when" if at is None else utc(at)
