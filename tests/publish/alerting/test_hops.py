"""One alert a hop: its severity by harm, its wait by what may move."""

import pytest

from monitor.core.verdicts import Hop
from monitor.publish.alerting.alert import Severity
from monitor.publish.alerting.hops import HOP_ALERTS, HopAlert, Wait, diagnosed, hop_alerts
from monitor.publish.alerting.lists import SERVED
from monitor.publish.alerting.thresholds import Thresholds

ALERTS = list(hop_alerts(Thresholds()))


def test_each_hop_has_one_row() -> None:
    """But the roundtrip, whose kinds are told apart elsewhere, and that nothing is broken."""
    hops = [row.hop for row in HOP_ALERTS]
    assert len(set(hops)) == len(hops)
    assert {Hop.ROUNDTRIP, Hop.NONE}.isdisjoint(hops)
    assert hops == [hop for hop in Hop if hop in set(hops)]


@pytest.mark.parametrize("row", HOP_ALERTS, ids=lambda row: row.hop)
def test_harm_to_users_makes_any_hop_critical(row: HopAlert) -> None:
    """Whichever cause is shown first, an outage is critical; a lesser severity excludes it."""
    alerts = [alert for alert in ALERTS if alert.hop is row.hop]
    assert all(diagnosed(row.hop) in alert.expression for alert in alerts)
    assert [alert.severity for alert in alerts].count(Severity.CRITICAL) == 1
    harmed = f"({SERVED} == 0)"
    if row.severity is not Severity.CRITICAL:
        assert row.harmed
        for alert in alerts:
            word = "and" if alert.severity is Severity.CRITICAL else "unless"
            assert f"{word} on (path)\n{harmed}" in alert.expression


def test_a_rollout_is_given_its_time() -> None:
    """And no alert waits for less than the diagnosis takes to be certain."""
    patient = list(hop_alerts(Thresholds(settle=900.0, rollout=300.0)))
    assert all(alert.wait >= 900.0 for alert in patient)
    rolling = {row.hop for row in HOP_ALERTS if row.wait is Wait.ROLLOUT}
    assert {alert.wait for alert in ALERTS if alert.hop in rolling} == {Thresholds().rollout}


def test_a_cordoned_nodes_silence_is_told_late() -> None:
    """Someone works on it: at first it is information, after hours a warning."""
    told = [(alert.severity, alert.wait) for alert in ALERTS if alert.name == "MailpathNodeCordoned"]
    assert told == [(Severity.INFO, Thresholds().settle), (Severity.WARNING, Thresholds().cordoned)]
