"""What a real daemon exports, everything configured: well formed to Prometheus' own tools, and the whole catalogue."""

import re
from collections.abc import Iterator

import pytest
import yaml

from monitor.publish import catalogue
from monitor.publish.families import PREFIX, Family
from tests.alerts.promtools import PROMTOOLS, promtool
from tests.lab.daemon import SOUND, Daemon
from tests.lab.lab import Lab
from tests.lab.pace import PATIENT
from tests.publish.scrape import OPENMETRICS, Series, read

CATALOGUE = {f"{PREFIX}{each.name}" for each in vars(catalogue).values() if isinstance(each, Family)}
ELSEWHERE = {
    f"{PREFIX}{each.name}"
    for each in (
        catalogue.KUBERNETES_UP,
        catalogue.LISTENER_UP,
        catalogue.CRONJOB_LAST_SCHEDULE,
        catalogue.CRONJOB_LAST_SUCCESS,
        catalogue.LEADING,
        catalogue.CONFIG_DRIFT,
        catalogue.MAILLOG_OLDEST_DEFERRED,
    )
}
"""What takes a cluster, something that differs from what is declared, or mail that is stuck."""
ROUNDTRIP = {
    "sender": "a@example.org",
    "recipient": "b@example.org",
    "imap": {"user": "b@example.org", "password": "not-used"},
}


@pytest.fixture(scope="module", autouse=True)
def _daemon(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run a daemon that has seen everything that a path without a cluster can show, a failure included."""
    configuration = PATIENT.configuration(
        lab, handshakes={"negative_interval": "2s", "header_negatives": True}, roundtrip=ROUNDTRIP
    )
    document = yaml.safe_load(configuration)
    document["paths"][0]["edges"][0]["backup"] = {"command": "date +%s"}
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), yaml.safe_dump(document), "--web.enable-lifecycle") as daemon:
        lab.nodes["k8s-node4"].blackhole()
        daemon.until(lambda: daemon.total("probe_failures_total") > 0, within=20)
        lab.nodeports.heal()
        assert lab.http("POST", "/api/v1/roundtrip", b'{"success": true, "duration_seconds": 3}').status == 200
        daemon.until_view(SOUND, daemon.view, within=30)
        daemon.until(lambda: daemon.total("negative_probe_refused") > 0, within=20)
        yield


@pytest.mark.parametrize("tool", PROMTOOLS)
def test_promtool_finds_nothing(tool: str, lab: Lab) -> None:
    """Neither a fault nor a breach of Prometheus' conventions."""
    assert promtool(tool, "check", "metrics", stdin=_scrape(lab)) == ""


def test_both_formats_say_the_same(lab: Lab) -> None:
    """OpenMetrics' own parser takes one, the text parser the other, and no metric is in one of them alone."""
    text, openmetrics = read(_scrape(lab)), read(_scrape(lab, OPENMETRICS), openmetrics=True)
    assert _ours(text) == _ours(openmetrics)


def test_what_is_exported_is_what_is_documented(lab: Lab) -> None:
    """Every metric of the catalogue, from which docs/metrics.md and the rules are made, and no other."""
    exported = set(re.findall(rf"^# TYPE ({PREFIX}\w+)", _scrape(lab), re.MULTILINE))
    assert exported == CATALOGUE - ELSEWHERE


def _ours(series: Series) -> set[str]:
    """Give the names of our own; a series may have come between two scrapes, a name may not."""
    return {name for name, _ in series if name.startswith(PREFIX)}


def _scrape(lab: Lab, accept: str = "text/plain") -> str:
    return lab.http("GET", "/metrics", headers={"Accept": accept}).body
