"""What users can use, how much of the time, and whether the month's share of outage is being used up too fast.

Burn rates over several windows as the Site Reliability Workbook has them (chapter 5, "Alerting on SLOs"): the long
window says that it matters, the short one that it still goes on.
"""

from collections.abc import Iterator
from typing import NamedTuple

from monitor.core.runbook import CHECK
from monitor.core.verdicts import Hop
from monitor.publish import catalogue
from monitor.publish.alerting.alert import Alert, Rule, Severity
from monitor.publish.alerting.lists import SERVED
from monitor.publish.alerting.promql import aggregate
from monitor.publish.alerting.thresholds import Thresholds

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


class Burn(NamedTuple):
    """A pair of windows: outage in both at ``factor`` times the rate that would just use up the objective's month."""

    severity: Severity
    factor: float
    long: str
    short: str
    wait: float


# The short window forgets an outage that is over within its own length, hence the first one's wait.
BURNS = (
    Burn(Severity.CRITICAL, 14.4, "1h", "5m", 300.0),
    Burn(Severity.WARNING, 6.0, "6h", "30m", 0.0),
    Burn(Severity.WARNING, 3.0, "1d", "2h", 0.0),
    Burn(Severity.WARNING, 1.0, "3d", "6h", 0.0),
)

# A page that told of this outage already: the budget that it used up is its effect.
_PAGED = 'ALERTS{alertname=~"Mailpath.+",alertname!="MailpathBudgetBurning",alertstate="firing",severity="critical"}'


def recording_rules() -> list[Rule]:
    """Give what is recorded: whether users can use a service now, and in which share of each window."""
    door = aggregate("max", catalogue.FRONT_DOOR_UP, ("path", "service"))
    node = aggregate("max", catalogue.HANDSHAKE_UP, ("path", "service"))
    return [{"record": SERVED, "expr": f"{door}\nor\n{node}"}]


def share_rules() -> list[Rule]:
    """Give the share of each window in which users could use a service; what is not known does not count."""
    return [{"record": share_of(window), "expr": f"avg_over_time({SERVED}[{window}])"} for window in WINDOWS]


def burn_alerts(thresholds: Thresholds) -> Iterator[Alert]:
    """Give one alert for all pairs that have the same severity."""
    allowed = 1 - thresholds.objective
    for severity, wait in dict.fromkeys((burn.severity, burn.wait) for burn in BURNS):
        pairs = "\nor\n".join(
            f"(100 * (1 - {share_of(burn.long)}) > {100 * burn.factor * allowed:.6g}\n"
            f"  and 100 * (1 - {share_of(burn.short)}) > {100 * burn.factor * allowed:.6g}\n"
            # a share of less than the window says nothing: one bad minute is all of the first one
            f"  and {SERVED} offset {burn.long})"
            for burn in BURNS
            if burn.severity is severity
        )
        longest = next(burn.long for burn in BURNS if burn.severity is severity)
        yield Alert(
            name="MailpathBudgetBurning",
            severity=severity,
            hop=Hop.NONE,
            expression=f"(\n{pairs}\n)\nunless on (path)\nmax by (path) (max_over_time({_PAGED}[{longest}]))",
            wait=wait,
            summary="Mail path {{ $labels.path }}: {{ $labels.service }} fails again and again",
            what="Users could not use {{ $labels.service }} for {{ printf `%.0f` $value }} % of the time, "
            f"where {100 * allowed:.3g} % of a month is allowed, and no single outage was long enough to be told.",
            mail="Some clients fail, now and then. The status page shows when, and through which hop.",
            commands=(CHECK,),
        )


def share_of(window: str) -> str:
    """Name the series that holds the share of a window in which users could use a service."""
    return f"path_service:mailpath_served:avg_{window}"
