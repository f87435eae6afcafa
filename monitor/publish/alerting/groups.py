"""All rules together, as the content of a Prometheus rule file."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from monitor.publish.alerting.alert import Alert, rules_of
from monitor.publish.alerting.daemon import daemon_alerts
from monitor.publish.alerting.findings import finding_alerts
from monitor.publish.alerting.hops import hop_alerts
from monitor.publish.alerting.objective import burn_alerts, recording_rules, share_rules
from monitor.publish.alerting.thresholds import Thresholds
from monitor.publish.alerting.unexplained import unexplained_alerts


def all_alerts(thresholds: Thresholds) -> Iterator[Alert]:
    """Give every alert, in the order of the file."""
    return chain(_path_alerts(thresholds), daemon_alerts(thresholds), burn_alerts(thresholds))


def rule_groups(thresholds: Thresholds) -> dict[str, Any]:
    """Give the rule file's content. Within a group rules see what the ones before them have recorded."""
    path = [*recording_rules(), *rules_of(_path_alerts(thresholds), thresholds)]
    return {
        "groups": [
            {"name": "mailpath", "rules": path},
            {"name": "mailpath-daemon", "rules": rules_of(daemon_alerts(thresholds), thresholds)},
            {"name": "mailpath-objective", "rules": [*share_rules(), *rules_of(burn_alerts(thresholds), thresholds)]},
        ]
    }


def _path_alerts(thresholds: Thresholds) -> Iterator[Alert]:
    return chain(hop_alerts(thresholds), unexplained_alerts(thresholds), finding_alerts(thresholds))
