"""Alerts on mailpath itself. Where it is blind to the edge or to the mail log, the diagnosis says so: see ``hops``."""

from collections.abc import Iterator

from monitor.core import runbook
from monitor.core.maillog import Problem
from monitor.core.verdicts import Hop
from monitor.publish import catalogue
from monitor.publish.alerting.alert import Alert, Severity
from monitor.publish.alerting.promql import aggregate, increase, select
from monitor.publish.alerting.thresholds import Thresholds, written

_PATH = "Mail path {{ $labels.path }}"
# What is about the daemon as a whole is about every path.
_EVERY = "all"
# What disturbs others. A probe that gives up on a server that hangs leaves a lost connection, and harms nobody by it.
_HARMFUL = (
    Problem.GETPEERNAME,
    Problem.SERVNAME_FATAL,
    Problem.THROTTLING,
    Problem.PREGREET,
    Problem.COMMAND_PIPELINING,
    Problem.RATE_LIMIT,
)


def daemon_alerts(thresholds: Thresholds) -> Iterator[Alert]:
    """Give them."""
    yield Alert(
        name="MailpathAbsent",
        severity=Severity.WARNING,
        hop=Hop.MONITOR,
        expression=f"absent({select(catalogue.BUILD_INFO)})",
        wait=thresholds.absent,
        summary="mailpath is gone",
        what="Prometheus has no metric of it any more: it does not run, or it is not scraped.",
        mail="Mail is probably fine, and nobody watches it.",
        commands=(runbook.OWN_PODS, runbook.OWN_POD_LOG),
        path=_EVERY,
    )
    yield Alert(
        name="MailpathStuck",
        severity=Severity.WARNING,
        hop=Hop.MONITOR,
        expression=f"{increase(catalogue.PROBES, ('path',), written(thresholds.silence))} == 0",
        wait=thresholds.settle,
        summary=f"{_PATH}: mailpath runs and probes nothing",
        what="It answers scrapes, and no round of any probe has ended.",
        mail="Mail is probably fine, and nobody watches it.",
        commands=(runbook.OWN_POD_LOG,),
    )
    yield Alert(
        name="MailpathKubernetesBlind",
        severity=Severity.WARNING,
        hop=Hop.MONITOR,
        expression=f"{aggregate('max', catalogue.KUBERNETES_UP, ('path',))} == 0",
        wait=thresholds.settle,
        summary=f"{_PATH}: mailpath cannot ask the Kubernetes API",
        what="The API does not answer, or does not allow it.",
        mail="Mail is not touched by it. A rollout or a full volume would not be recognised as the cause of an outage.",
        commands=(runbook.READYZ, runbook.RBAC),
    )
    harm = ("=~", "|".join(_HARMFUL))
    yield Alert(
        name="MailpathSelfInflicted",
        severity=Severity.WARNING,
        hop=Hop.MONITOR,
        expression=f"{increase(catalogue.SELF_INFLICTED_PROBLEMS, ('path', 'problem'), '1h', problem=harm)} > 0",
        wait=0.0,
        summary=f"{_PATH}: mailpath itself causes {{{{ $labels.problem }}}}",
        what="Problems in the mail log carry the address of mailpath's own probes.",
        mail="The monitor disturbs what it watches. If mail suffers, stop it.",
        commands=(runbook.MAIL_LOG, runbook.OWN_STOP),
    )
    yield Alert(
        name="MailpathConfigRefused",
        severity=Severity.WARNING,
        hop=Hop.MONITOR,
        expression=f"min({select(catalogue.CONFIG_RELOAD_SUCCESSFUL)}) == 0",
        wait=thresholds.settle,
        summary="mailpath has refused its new configuration",
        what="The configuration file has faults; the one before it is still in force.",
        mail="Mail is not touched by it. What was changed is not watched yet.",
        commands=(runbook.CONFIG_CHECK,),
        path=_EVERY,
    )
    yield Alert(
        name="MailpathProbeBug",
        severity=Severity.INFO,
        hop=Hop.MONITOR,
        expression=f"sum(increase({select(catalogue.PROBE_BUGS)}[1h])) > 0",
        wait=0.0,
        summary="mailpath has met a bug of its own",
        what="A probe ended in an exception that nobody expected. It was survived.",
        mail="Mail is not touched by it; that round told nothing.",
        commands=(runbook.OWN_BUGS,),
        path=_EVERY,
    )
    yield Alert(
        name="MailpathMaintenance",
        severity=Severity.INFO,
        hop=Hop.MONITOR,
        expression=f"{aggregate('max', catalogue.MAINTENANCE, ('path',))} == 1",
        wait=0.0,
        summary=f"{_PATH}: somebody works on it",
        what="Maintenance was announced to mailpath, and its end has not come yet.",
        mail="What breaks meanwhile is expected: nobody is told of it, but of an open relay. It ends by itself.",
        commands=(runbook.MAINTENANCE_END,),
    )
