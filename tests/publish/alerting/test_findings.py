"""Alerts on what no diagnosis names: roundtrips by kind, refusals, certificates, thin pools."""

import re

from monitor.publish.alerting.alert import Severity
from monitor.publish.alerting.findings import finding_alerts
from monitor.publish.alerting.thresholds import Thresholds

ALERTS = list(finding_alerts(Thresholds()))


def test_a_certificates_two_alerts_share_no_moment() -> None:
    """Where one ends the other begins: no certificate raises both, none between them raises neither."""
    thresholds = Thresholds(certificate_warning=10 * 86_400.0, certificate_critical=2 * 86_400.0)
    texts = {a.severity: a.expression for a in finding_alerts(thresholds) if a.name == "MailpathCertificateExpiring"}
    assert re.search(r"< 172800\) > 0\n", texts[Severity.CRITICAL])
    assert re.search(r"< 864000\) >= 172800\n", texts[Severity.WARNING])


def test_one_acceptance_of_what_must_be_refused_is_enough() -> None:
    """A negative probe runs once in an hour, and one answer is certain."""
    waits = {a.name: a.wait for a in ALERTS if "negative_probe_refused" in a.expression}
    assert waits == {"MailpathOpenRelay": 0.0, "MailpathHeaderBelieved": 0.0}
    [relay] = [a for a in ALERTS if a.name == "MailpathOpenRelay"]
    assert relay.severity is Severity.CRITICAL


def test_a_failing_roundtrip_is_one_of_three_kinds() -> None:
    """It failed, it is no longer reported, it never was: each excludes the others."""
    kinds = {a.name: a.expression for a in ALERTS if 'hop="roundtrip"' in a.expression}
    assert len(kinds) == 3
    success, ever = "(mailpath_roundtrip_success)", "(mailpath_roundtrip_last_success_timestamp_seconds)"
    assert success in kinds["MailpathRoundtripFailing"]
    assert f"unless on (path)\nmax by (path) {success}\nand on" in kinds["MailpathRoundtripStale"]
    assert kinds["MailpathRoundtripNeverRun"].endswith(f"unless on (path)\nmax by (path) {ever}")


def test_a_thin_pool_is_told_only_while_nothing_is_broken() -> None:
    """Else the diagnosis says why."""
    [thin] = [a for a in ALERTS if a.name == "MailpathPoolThin"]
    assert thin.expression.endswith('(max by (path, hop) (mailpath_diagnosis{hop="none"}) == 1)')
