"""Log events: said once when something changes, with stable names and fields."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
import structlog
from structlog.testing import LogCapture

from monitor.core.haproxy import ServerState
from monitor.core.observations import MaillogBatch
from monitor.core.status import ClusterStatus, Diagnosis, MaillogStatus, PathStatus
from monitor.core.verdicts import Hop, Verdict
from monitor.publish.events import EventLog
from tests import kinds
from tests.publish.statuses import (
    AT,
    REFUSED,
    broken_status,
    haproxy_round,
    observation,
    path_status,
    server,
    target,
    unknown,
)
from tests.views import showing

TARGET = {"path": "home", "probe": "handshake", "node": "k8s-node1", "service": "smtp"}
CAUSE = {"phase": "connect", "reason": "refused", "detail": "Connection refused"}


class Told:
    """An event log and what it has said."""

    def __init__(self) -> None:
        """Begin in silence."""
        self._capture = LogCapture()
        structlog.configure(processors=[self._capture], wrapper_class=structlog.BoundLogger)
        self.kept: list[tuple[str, str, Mapping[str, str]]] = []
        self.log = EventLog(structlog.get_logger(), lambda *event: self.kept.append(event))

    def since(self) -> list[dict[str, object]]:
        """Give what was said since the last call."""
        said = [dict(entry) for entry in self._capture.entries]
        self._capture.entries.clear()
        return said


@pytest.fixture(name="told")
def _told() -> Iterator[Told]:
    yield Told()
    structlog.reset_defaults()


def test_a_failure_is_a_warning_once(told: Told) -> None:
    """The first failed round is a warning, further ones are for debugging, the end is told."""
    failed = observation(target(), Verdict.PORT_CLOSED, REFUSED)
    told.log.observe(observation(target()))
    assert told.since() == []
    told.log.observe(failed)
    told.log.observe(failed)
    assert told.since() == [
        {"event": "probe.failed", "log_level": "warning", **TARGET, **CAUSE},
        {"event": "probe.failed", "log_level": "debug", **TARGET, **CAUSE},
    ]
    told.log.observe(observation(target()))
    assert told.since() == [{"event": "probe.recovered", "log_level": "info", **TARGET}]


def test_haproxy_out_of_reach_is_told_once(told: Told) -> None:
    """HAProxy's rounds have names of their own."""
    edge = {"path": "home", "probe": "haproxy", "node": "pfsense", "service": ""}
    for _ in range(2):
        told.log.observe(haproxy_round(failure=REFUSED))
    told.log.observe(haproxy_round())
    assert [(said["event"], said["log_level"]) for said in told.since()] == [
        ("haproxy.unreachable", "warning"),
        ("haproxy.unreachable", "debug"),
        ("haproxy.recovered", "info"),
    ]
    told.log.observe(haproxy_round(failure=REFUSED))
    assert told.since() == [{"event": "haproxy.unreachable", "log_level": "warning", **edge, **CAUSE}]


def test_a_server_that_changes_its_state_is_told(told: Told) -> None:
    """What it was is told with what it is; the first sight is no change, a failed round tells nothing."""
    told.log.observe(haproxy_round(server()))
    told.log.observe(haproxy_round(failure=REFUSED))
    told.log.observe(haproxy_round(replace(server(), state=ServerState.STOPPED)))
    told.log.observe(haproxy_round(server()))
    changes = [said for said in told.since() if said["event"] == "haproxy.server_state_changed"]
    assert [(said["log_level"], said["before"], said["after"]) for said in changes] == [
        ("warning", "RUNNING", "STOPPED"),
        ("info", "STOPPED", "RUNNING"),
    ]
    assert (changes[0]["path"], changes[0]["node"], changes[0]["server"]) == ("home", "pfsense", "k8s-node1")


def test_changed_verdicts_and_diagnosis_are_told_once(told: Told) -> None:
    """Each change is one event; the same status again is silence."""
    told.log.update([path_status()])
    assert {(said["event"], said["before"], said["after"]) for said in told.since()} == {
        ("verdict.changed", "unknown", "ok")
    }
    told.log.update([broken_status("refused")])
    said = {str(entry["event"]): entry for entry in told.since()}
    assert said["verdict.changed"] == {
        "event": "verdict.changed",
        "log_level": "warning",
        **TARGET,
        "before": "ok",
        "after": "listener_down",
    }
    assert said["diagnosis.changed"] == {
        "event": "diagnosis.changed",
        "log_level": "warning",
        "path": "home",
        "before": "none",
        "after": "listener",
        "detail": "refused",
        "remedy": "refused",
    }
    assert said["maillog.stalled"]["detail"] == "refused"
    told.log.update([broken_status("refused")])
    assert told.since() == []
    told.log.update([path_status()])
    assert {(entry["event"], entry["log_level"]) for entry in told.since()} == {
        ("verdict.changed", "info"),
        ("diagnosis.changed", "info"),
        ("maillog.recovered", "info"),
    }


def test_knowing_nothing_is_no_event(told: Told) -> None:
    """The daemon's start is silent, and a single batch of the mail log proves nothing."""
    path = path_status()
    ignorant: PathStatus = showing(
        path, handshakes=tuple(map(unknown, path.handshakes)), edges=(), front_doors=(), maillog=None
    )
    told.log.update([ignorant])
    told.log.observe(MaillogBatch("home", "file", 1.0, AT, failure=REFUSED))
    assert told.since() == []


def test_a_start_is_no_change_of_diagnosis(told: Told) -> None:
    """That not everything is known yet is said of a daemon that has run, not of one that begins."""
    path = path_status()
    blind = replace(path, diagnosis=Diagnosis(Hop.MONITOR, "nothing is known"))
    told.log.update([showing(blind, handshakes=tuple(map(unknown, path.handshakes)))])
    told.log.update([showing(blind, checks=tuple(map(unknown, path.checks)))])
    told.log.update([replace(blind, edges=tuple(replace(edge, looked_at=True, host=None) for edge in path.edges))])
    told.log.update([replace(blind, edges=tuple(replace(edge, haproxy_up=None, age=None) for edge in path.edges))])
    unasked = ClusterStatus(up=None, stale=True, age=None, at=None, reason="")
    told.log.update([replace(blind, cluster=unasked)])
    told.log.update([replace(blind, maillog=MaillogStatus("file", up=None, lag=None, reason=""))])
    early = replace(blind, diagnosis=Diagnosis(Hop.UNEXPLAINED, "a check fails, no handshake has ended"))
    told.log.update([showing(early, handshakes=tuple(map(unknown, path.handshakes)))])
    told.log.update([path])
    assert [said for said in told.since() if said["event"] == "diagnosis.changed"] == []
    told.log.update([blind])
    assert [said["after"] for said in told.since() if said["event"] == "diagnosis.changed"] == ["monitor"]


def test_what_is_watched_no_more_is_forgotten(told: Told) -> None:
    """A target that comes back after a reload begins anew."""
    told.log.update([broken_status()])
    told.log.observe(observation(target(), Verdict.PORT_CLOSED, REFUSED))
    told.log.observe(haproxy_round(server()))
    told.log.keep_only([])
    told.since()
    told.log.observe(haproxy_round(replace(server(), state=ServerState.STOPPED)))
    assert told.since() == []
    told.log.observe(observation(target(), Verdict.PORT_CLOSED, REFUSED))
    assert [said["log_level"] for said in told.since()] == ["warning"]


def test_a_check_that_fails_stays_remembered(told: Told) -> None:
    """Statuses that still hold the check do not make its failures news again."""
    failed = observation(target(kinds.CHECK), Verdict.PORT_CLOSED, REFUSED)
    told.log.observe(failed)
    told.log.update([path_status()])
    told.since()
    told.log.observe(failed)
    assert [said["log_level"] for said in told.since()] == ["debug"]


def test_a_bug_is_told_with_its_traceback(told: Told) -> None:
    """The exception itself is handed on, for the formatter to write out."""
    error = RuntimeError("unexpected")
    told.log.bug("handshake home", error)
    expected = {"event": "probe.bug", "log_level": "error", "task": "handshake home", "reason": "bug"}
    assert told.since() == [expected | {"exc_info": error}]


def test_what_changes_a_state_is_kept(told: Told) -> None:
    """Verdicts, diagnosis and sources are kept for the page; single rounds, and what is for debugging, are not."""
    told.log.observe(observation(target(), Verdict.PORT_CLOSED, REFUSED))
    told.log.update([path_status()])
    assert told.kept == []
    told.log.update([broken_status("refused")])
    assert [(level, name) for level, name, _ in told.kept] == [
        ("warning", "verdict.changed"),
        ("warning", "diagnosis.changed"),
        ("warning", "maillog.stalled"),
    ]
    assert told.kept[0][2] == {**TARGET, "before": "ok", "after": "listener_down"}
    told.log.bug("handshake home", RuntimeError("unexpected"))
    assert told.kept[-1] == ("error", "probe.bug", {"task": "handshake home", "reason": "bug"})
