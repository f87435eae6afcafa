"""What must be refused, as outsiders see it: a metric, counters, log events and the status document."""

import json
from dataclasses import replace

import pytest
import structlog
from structlog.testing import capture_logs

from monitor.core.conversation import Failure
from monitor.core.model import Target
from monitor.core.observations import NegativeObservation
from monitor.core.status import NegativeStatus, PathStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.publish.api import document
from monitor.publish.events import EventLog
from tests import kinds
from tests.publish.scrape import metrics, scrape, select, value
from tests.publish.statuses import AT, REFUSED, path_status

CANARY = Target("home", kinds.RELAY_CANARY, "", "smtp")
LABELS = {"path": "home", "probe": "relay_canary", "service": "smtp"}
TAKEN = Failure(Phase.PROOF, Reason.ACCEPTED, "250 2.1.5 Ok")


def told(*, refused: bool | None) -> NegativeObservation:
    """Give one round."""
    failure = {True: None, False: TAKEN, None: REFUSED}[refused]
    return NegativeObservation(CANARY, "k8s-node2", 10.0, 10.1, AT, refused, failure=failure)


def path_with(*, refused: bool | None) -> PathStatus:
    """Give the path with the canary's last answer."""
    return replace(path_status(), negatives=(NegativeStatus(CANARY, refused, "k8s-node2", "250 2.1.5 Ok", AT),))


@pytest.mark.parametrize("refused", [True, False])
def test_the_answer_is_a_gauge(refused: bool) -> None:  # noqa: FBT001 - both answers
    """1 for refused, 0 for accepted."""
    assert value(scrape(metrics(), path_with(refused=refused)), "negative_probe_refused", **LABELS) == refused


def test_what_is_not_known_is_absent() -> None:
    """Before the first round, and when the last one is too old, there is no such series."""
    assert not select(scrape(metrics(), path_with(refused=None)), "negative_probe_refused")


@pytest.mark.parametrize(
    ("refused", "success", "failures"),
    [
        (True, 1, set()),
        (False, 0, {("proof", "accepted")}),
        (None, 0, {("connect", "refused")}),
    ],
)
def test_rounds_are_counted(refused: bool | None, success: int, failures: set[tuple[str, str]]) -> None:  # noqa: FBT001 - a column
    """Success means refused as it must be; what was accepted and what did not come about have a reason each."""
    source = metrics()
    source.expect([CANARY])
    source.observe(told(refused=refused))
    series = scrape(source)
    assert value(series, "probes_total", **LABELS, node="", result="success") == success
    assert value(series, "probes_total", **LABELS, node="", result="failure") == 1 - success
    assert bool(select(series, "probe_last_success_timestamp_seconds")) is bool(success)
    counted = select(series, "probe_failures_total", **LABELS)
    assert {(each["phase"], each["reason"]) for each in counted} == failures


def test_an_acceptance_is_an_error_each_time_it_is_seen() -> None:
    """It is rare and grave; the event has the node that was asked and the server's words."""
    with capture_logs() as said:
        log = EventLog(structlog.get_logger())
        log.observe(told(refused=None))
        log.observe(told(refused=False))
        log.observe(told(refused=False))
        log.observe(told(refused=True))
    assert [(each["event"], each["log_level"]) for each in said if each["log_level"] != "debug"] == [
        ("probe.failed", "warning"),
        ("negative.accepted", "error"),
        ("negative.accepted", "error"),
        ("probe.recovered", "info"),
    ]
    accepted = next(each for each in said if each["event"] == "negative.accepted")
    assert (accepted["node"], accepted["reason"], accepted["detail"]) == ("k8s-node2", "accepted", "250 2.1.5 Ok")


def test_the_status_document_tells_it() -> None:
    """The probe, the answer, where and when."""
    (path,) = json.loads(json.dumps(document([path_with(refused=False)])))["paths"]
    assert path["negatives"] == [
        {
            "probe": "relay_canary",
            "service": "smtp",
            "refused": False,
            "node": "k8s-node2",
            "reply": "250 2.1.5 Ok",
            "at": AT,
            "reason": "",
        }
    ]
