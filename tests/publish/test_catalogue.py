"""The catalogue keeps to the conventions of Prometheus."""

import re

import pytest

from monitor.publish import catalogue
from monitor.publish.families import Family, HistogramFamily, Kind

FAMILIES = {name: family for name, family in vars(catalogue).items() if isinstance(family, Family)}


CONTRACT = {
    "build_info": "version, revision, pythonversion",
    "check_up": "path, node, service",
    "handshake_up": "path, node, service",
    "front_door_up": "path, edge, service",
    "front_door_verdict": "path, edge, service, verdict",
    "probe_duration_seconds": "path, probe, service, phase",
    "probes_total": "path, probe, node, service, result",
    "probe_failures_total": "path, probe, node, service, phase, reason",
    "probe_last_success_timestamp_seconds": "path, probe, node, service",
    "client_ip_recovered": "path, node, service, evidence",
    "verdict": "path, node, service, verdict",
    "lb_agreement": "path, node, service, state",
    "diagnosis": "path, hop",
    "maintenance": "path",
    "finding": "path, severity, kind, subject",
    "negative_probe_refused": "path, probe, service",
    "leading": "path",
    "tls_certificate_not_after_timestamp_seconds": "path, service, node",
    "tls_info": "path, service, node",
    "edge_up": "path, edge",
    "haproxy_up": "path, edge",
    "haproxy_scrape_duration_seconds": "path, edge",
    "kubernetes_up": "path",
    "haproxy_server_state": "path, edge, backend, server, state",
    "haproxy_server_admin_state": "path, edge, backend, server, state",
    "haproxy_server_check_failed_total": "path, edge, backend, server",
    "haproxy_backend_sessions": "path, edge, backend, server",
    "haproxy_server_last_change_seconds": "path, edge, backend, server",
    "frontend_listening": "path, edge, port",
    "nat_redirect_ok": "path, edge, port",
    "listener_up": "path, port",
    "config_drift": "path, subject, kind",
    "maillog_up": "path, source",
    "maillog_lag_seconds": "path, source",
    "maillog_lines_total": "path, source",
    "maillog_lines_unrecognised_total": "path, source",
    "maillog_connections_total": "path, listener, origin",
    "maillog_last_connection_timestamp_seconds": "path, listener, origin",
    "maillog_problems_total": "path, problem",
    "self_inflicted_problems_total": "path, problem",
    "roundtrip_success": "path",
    "roundtrip_duration_seconds": "path",
    "roundtrip_last_success_timestamp_seconds": "path",
    "roundtrip_via_backup": "path",
    "schedule_lag_seconds": "",
    "schedule_skipped_total": "",
    "event_loop_lag_seconds": "",
    "probe_bugs_total": "",
    "config_last_reload_successful": "",
    "config_last_reload_success_timestamp_seconds": "",
}
"""What others rely on: these names, with these labels and no further one."""


def test_the_names_and_labels_that_others_rely_on() -> None:
    """Rules, dashboards and recorded history join on them: there may be more metrics, never more labels."""
    labels = {family.name: ", ".join(family.labels) for family in FAMILIES.values()}
    assert {name: labels.get(name) for name in CONTRACT} == CONTRACT


def test_no_name_is_given_twice() -> None:
    """Each family has a name of its own."""
    names = [family.name for family in FAMILIES.values()]
    assert len(names) == len(set(names)) > 30


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_family_keeps_the_conventions(family: Family) -> None:
    """Names are snake case, help is a sentence, only counters end in _total, and no client is ever a label."""
    assert re.fullmatch(r"[a-z][a-z_]+[a-z]", family.name)
    assert family.help[0].isupper()
    assert family.help.endswith(".")
    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
    assert not {"client", "client_ip", "address", "ip", "user"} & set(family.labels)
    assert len(family.labels) == len(set(family.labels))


def test_the_greet_wait_is_an_edge_of_the_probes_histogram() -> None:
    """Buckets end at 6 and at 15 seconds, so that postscreen's wait can be told from slowness."""
    assert {6.0, 15.0} <= set(catalogue.PROBE_DURATION.bounds)


def test_histograms_have_rising_bounds() -> None:
    """Bucket edges rise."""
    histograms = [family for family in FAMILIES.values() if isinstance(family, HistogramFamily)]
    assert [list(each.bounds) for each in histograms] == [sorted(set(each.bounds)) for each in histograms]
