"""The objective: which outage burns the budget fast enough to be told, and which was told already."""

import re

import pytest

from monitor.publish.alerting.alert import Severity
from monitor.publish.alerting.lists import SERVED
from monitor.publish.alerting.objective import BURNS, WINDOWS, burn_alerts, recording_rules, share_of, share_rules
from monitor.publish.alerting.thresholds import Thresholds


def test_the_share_of_every_window_is_recorded() -> None:
    """And every window that an alert reads is one of them."""
    recorded = {rule["record"]: rule["expr"] for rule in share_rules()}
    assert recorded == {share_of(window): f"avg_over_time({SERVED}[{window}])" for window in WINDOWS}
    assert {window for burn in BURNS for window in (burn.long, burn.short)} <= set(WINDOWS)
    assert [rule["record"] for rule in recording_rules()] == [SERVED]


def test_fast_burns_are_critical_and_slow_ones_are_not() -> None:
    """The factors of the SRE Workbook, chapter 5: 14.4, 6, 3 and 1 times the rate that uses up a month."""
    assert [(burn.factor, burn.severity is Severity.CRITICAL) for burn in BURNS] == [
        (14.4, True),
        (6.0, False),
        (3.0, False),
        (1.0, False),
    ]


@pytest.mark.parametrize(("objective", "limits"), [(0.99, {14.4}), (0.999, {1.44}), (0.95, {72.0})])
def test_limits_follow_the_objective(objective: float, limits: set[float]) -> None:
    """In percent of the window, the same for the long and the short one."""
    critical, warning = burn_alerts(Thresholds(objective=objective))
    found = {float(number) for number in re.findall(r"\) > ([\d.]+)", critical.expression)}
    assert found == limits
    assert len(re.findall(r"\) > ", warning.expression)) == 6


def test_an_outage_that_was_paged_for_is_not_told_twice() -> None:
    """As far back as the longest of the short windows, in which an outage must still show for an alert to fire."""
    critical, warning = burn_alerts(Thresholds())
    assert critical.expression.endswith("[1h]))")
    assert warning.expression.endswith("[6h]))")
    assert {burn.short for burn in BURNS} == {"5m", "30m", "2h", "6h"}
    assert 'alertname!="MailpathBudgetBurning"' in critical.expression
