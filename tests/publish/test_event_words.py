"""Events as sentences."""

import pytest

from monitor.publish.event_memory import Event
from monitor.publish.event_words import level_of_event, words_of_event
from monitor.publish.picture import Level

TARGET = {"path": "home", "probe": "handshake", "node": "k8s-node1", "service": "smtp"}
EDGE = {"path": "home", "probe": "haproxy", "node": "pfsense", "service": ""}


def event(name: str, level: str = "warning", **fields: str) -> Event:
    """Give an event."""
    return Event(1, 5.0, level, name, fields)


@pytest.mark.parametrize(
    ("told", "words", "level"),
    [
        (event("verdict.changed", **TARGET, before="ok", after="slow"), "k8s-node1 smtp: ok → slow", Level.WARN),
        (
            event("verdict.changed", **TARGET, before="ok", after="slow", expected="maintenance"),
            "k8s-node1 smtp: ok → slow (expected: maintenance)",
            Level.WARN,
        ),
        (
            event("maintenance.began", "info", path="home", until="2026-09-21T15:46:40+00:00", detail=""),
            "maintenance until 2026-09-21T15:46:40+00:00: no reason was given",
            Level.OK,
        ),
        (
            event("maintenance.ended", "info", path="home"),
            "the maintenance has ended: what is broken now is not expected",
            Level.OK,
        ),
        (
            event("diagnosis.changed", path="home", before="none", after="nat", detail="25 goes astray", remedy="x"),
            "nat: 25 goes astray",
            Level.BAD,
        ),
        (
            event(
                "diagnosis.changed", "info", path="home", before="nat", after="none", detail="All is fine.", remedy=""
            ),
            "nat is mended: All is fine.",
            Level.OK,
        ),
        (
            event("diagnosis.changed", path="home", before="none", after="monitor", detail="no answer", remedy=""),
            "monitor: no answer",
            Level.UNKNOWN,
        ),
        (
            event("haproxy.server_state_changed", backend="b", server="s", before="RUNNING", after="STOPPED"),
            "HAProxy's b/s: RUNNING → STOPPED",
            Level.WARN,
        ),
        (
            event("haproxy.unreachable", **EDGE, reason="timeout", detail="after 10 s"),
            "HAProxy on pfsense does not answer: timeout: after 10 s",
            Level.WARN,
        ),
        (event("haproxy.recovered", "info", **EDGE), "HAProxy on pfsense answers again", Level.OK),
        (
            event("maillog.stalled", path="home", source="file", detail="no sign of life"),
            "the mail log (file) stands still: no sign of life",
            Level.WARN,
        ),
        (event("maillog.recovered", "info", source="file"), "the mail log (file) flows again", Level.OK),
        (
            event("negative.accepted", "error", **TARGET),
            "handshake on k8s-node1: what must be refused was accepted",
            Level.BAD,
        ),
        (event("probe.bug", "error", task="x", reason="bug"), "a bug of mailpath in x: see its log", Level.BAD),
        (event("something.new", "info", path="home"), "something.new path=home", Level.OK),
    ],
)
def test_an_event_reads_as_a_sentence(told: Event, words: str, level: Level) -> None:
    """And has a level: that of the state after it, else the log's."""
    assert words_of_event(told) == words
    assert level_of_event(told) is level
