"""All rules together: every alert in one group, behind what it reads."""

from monitor.publish.alerting.groups import all_alerts, rule_groups
from monitor.publish.alerting.thresholds import Thresholds

GROUPS = rule_groups(Thresholds())["groups"]


def test_every_alert_stands_in_one_group_in_its_order() -> None:
    """The table of the documents and the file list the same."""
    written = [rule["alert"] for group in GROUPS for rule in group["rules"] if "alert" in rule]
    listed = [alert.name for alert in all_alerts(Thresholds())]
    assert sorted(written) == sorted(listed)
    assert len({group["name"] for group in GROUPS}) == len(GROUPS)


def test_within_a_group_recording_comes_first() -> None:
    """Prometheus evaluates a group's rules one after the other."""
    for group in GROUPS:
        kinds = ["alert" in rule for rule in group["rules"]]
        assert kinds == sorted(kinds)
