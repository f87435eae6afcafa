"""The mail server's cluster as outsiders see it: metrics, log events, the status document."""

import json
from dataclasses import replace

import pytest
import structlog
from structlog.testing import capture_logs

from monitor.core.conversation import Failure
from monitor.core.kube import Cluster, CronJob, Deployment, Pod
from monitor.core.observations import KubernetesObservation
from monitor.core.status import ClusterStatus, Drift, Finding, PathStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.publish.api import document
from monitor.publish.events import EventLog
from tests.publish.scrape import metrics, scrape, select, value
from tests.publish.statuses import AT, path_status

FORBIDDEN = Failure(Phase.FOLLOW, Reason.PERMISSION_DENIED, "HTTP 403", b"\x00\xff")
KNOWN = Cluster(
    pods=(Pod("mailserver-1", "Running", labels={"app": "mailserver"}),),
    deployment=Deployment("mailserver", {"app": "mailserver"}, 1, 1),
    config_maps={"mailserver-user-patches": {2525: True}},
    listeners={25: True, 2525: False},
)
DRIFT = Drift("warning", "mailserver-proxy/smtp", "target_port", "differs", declared="2525", observed="25")


def path_with(findings: tuple[Finding, ...] = (), **changes: object) -> PathStatus:
    """Give the path with a cluster."""
    cluster = ClusterStatus(up=True, stale=False, age=1.0, at=AT, reason="", known=KNOWN, gaps={"jobs": FORBIDDEN})
    return replace(path_status(), findings=findings, cluster=replace(cluster, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("up", [True, False, None])
def test_the_api_is_up_down_or_unknown(up: bool | None) -> None:  # noqa: FBT001 - all three answers
    """Unknown is absent, and so is a cluster that nobody looks at."""
    assert value(scrape(metrics(), path_with(up=up)), "kubernetes_up", path="home") == up
    assert value(scrape(metrics(), path_status()), "kubernetes_up", path="home") is None


def test_listeners_are_shown_while_they_are_known() -> None:
    """One series for each port; what is too old is absent."""
    text = scrape(metrics(), path_with())
    assert {port: value(text, "listener_up", path="home", port=port) for port in ("25", "2525", "465")} == {
        "25": 1,
        "2525": 0,
        "465": None,
    }
    assert select(scrape(metrics(), path_with(stale=True)), "listener_up") == []


def test_the_cronjobs_times_are_shown_while_they_are_known() -> None:
    """The last start is the CronJob's own word, the last success that of the Jobs too."""
    known = replace(KNOWN, cronjobs=(CronJob("email-roundtrip-monitor", "*/20 * * * *", last_schedule=AT - 60),))
    text = scrape(metrics(), path_with(known=known, last_success=AT - 90))
    name = "roundtrip_cronjob_last_{}_timestamp_seconds"
    assert value(text, name.format("schedule"), path="home") == AT - 60
    assert value(text, name.format("success"), path="home") == AT - 90
    stale = scrape(metrics(), path_with(known=known, last_success=AT - 90, stale=True))
    assert select(stale, name.format("schedule")) == select(stale, name.format("success")) == []


def test_drift_is_one_until_it_is_gone_or_acknowledged() -> None:
    """Subject and kind are labels; other findings are none."""
    labels = {"path": "home", "subject": DRIFT.subject, "kind": DRIFT.kind}
    other = Finding("warning", "x", "y", "not a drift")
    assert value(scrape(metrics(), path_with((DRIFT, other))), "config_drift", **labels) == 1
    assert len(select(scrape(metrics(), path_with((DRIFT, other))), "config_drift")) == 1
    acknowledged = replace(DRIFT, acknowledged=True)
    assert select(scrape(metrics(), path_with((acknowledged,))), "config_drift") == []


def test_the_status_document_has_it_all() -> None:
    """Everything that is known is JSON, with gaps in words and drift with both values."""
    (path,) = json.loads(json.dumps(document([path_with((DRIFT,))])))["paths"]
    assert path["cluster"]["known"]["pods"][0]["name"] == "mailserver-1"
    assert path["cluster"]["gaps"]["jobs"]["reason"] == "permission_denied"
    assert (path["findings"][0]["declared"], path["findings"][0]["observed"]) == ("2525", "25")
    assert json.loads(json.dumps(document([path_status()])))["paths"][0]["cluster"] is None


def test_an_api_that_falls_silent_is_said_once() -> None:
    """And once that it is back."""
    failure = Failure(Phase.API, Reason.TIMEOUT, "the Kubernetes API does not answer")
    good = KubernetesObservation("home", 1.0, 2.0, AT, KNOWN)
    with capture_logs() as logs:
        events = EventLog(structlog.get_logger())
        for observation in (good, replace(good, failure=failure), replace(good, failure=failure), good):
            events.observe(observation)
            events.update([path_with()])
    said = [entry for entry in logs if entry["event"].startswith("kubernetes.") and entry["log_level"] != "debug"]
    assert [entry["event"] for entry in said] == ["kubernetes.unreachable", "kubernetes.recovered"]
    assert (said[0]["phase"], said[0]["reason"]) == ("api", "timeout")
