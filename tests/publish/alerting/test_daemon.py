"""Alerts on mailpath itself: mail is not touched by any of them."""

from monitor.core.verdicts import Hop
from monitor.publish.alerting.alert import Severity
from monitor.publish.alerting.daemon import daemon_alerts
from monitor.publish.alerting.thresholds import Thresholds

ALERTS = {alert.name: alert for alert in daemon_alerts(Thresholds())}


def test_no_alert_on_mailpath_itself_wakes_anyone() -> None:
    """Mail is probably fine; the hop is ours."""
    assert {alert.hop for alert in ALERTS.values()} == {Hop.MONITOR}
    assert Severity.CRITICAL not in {alert.severity for alert in ALERTS.values()}


def test_what_concerns_the_whole_daemon_is_about_every_path() -> None:
    """Its expressions have no label ``path``, by which receivers route."""
    everywhere = {name for name, alert in ALERTS.items() if alert.path}
    assert everywhere == {"MailpathAbsent", "MailpathConfigRefused", "MailpathProbeBug"}
    assert all("path" in alert.expression for name, alert in ALERTS.items() if name not in everywhere)


def test_waits_and_windows_follow_the_thresholds() -> None:
    """Longer intervals make a daemon silent for longer without being stuck."""
    slow = {alert.name: alert for alert in daemon_alerts(Thresholds(settle=600.0, absent=900.0, silence=3600.0))}
    assert (slow["MailpathAbsent"].wait, slow["MailpathStuck"].wait) == (900.0, 600.0)
    assert "[1h]" in slow["MailpathStuck"].expression


def test_only_problems_that_disturb_others_are_self_inflicted() -> None:
    """A probe that gives up on a hanging server leaves a lost connection, and harms no one."""
    expression = ALERTS["MailpathSelfInflicted"].expression
    assert "servname_fatal" in expression
    assert "lost_connection" not in expression
