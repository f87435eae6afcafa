"""``POST /api/v1/maintenance``: work is announced with an end, and it is shown wherever the path is."""

import json
from dataclasses import replace

import pytest

from monitor.core.maintenance import Maintenance
from monitor.core.status import Health
from monitor.publish import api, healthz
from monitor.publish.deltas import summary
from monitor.publish.maintenance_endpoint import read_announcement
from monitor.publish.page import render
from monitor.publish.posted import ReportError
from tests.publish.client import asking
from tests.publish.reader import Reader
from tests.publish.scrape import metrics, scrape, value
from tests.publish.statuses import AT, FakeBackend, path_status

PATHS = (path_status(), replace(path_status(), name="away"))
WORK = Maintenance("home", AT, AT + 7200, "new nodes")
WORKED_ON = replace(path_status(), maintenance=WORK)


def announcement(**fields: object) -> bytes:
    """Write an announcement about one of two paths."""
    return json.dumps({"path": "home", "duration_seconds": 7200, "reason": "new nodes"} | fields).encode()


def test_an_announcement_begins_when_it_comes() -> None:
    """It has an end; a length of 0 says that it has ended, and a reason is one line."""
    assert read_announcement(announcement(), PATHS) == WORK
    assert not read_announcement(announcement(duration_seconds=0), PATHS).holds(AT)
    assert read_announcement(announcement(reason=" two\nlines "), PATHS).reason == "two lines"
    assert read_announcement(b'{"duration_seconds": 1}', PATHS[:1]) == Maintenance("home", AT, AT + 1)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"2h", "expected a JSON object, and this is no JSON"),
        (b"\xff", "expected a JSON object, in UTF-8"),
        (announcement(path="x"), "path: expected one of home, away, got 'x'"),
        (announcement(duration_seconds=None), "duration_seconds: expected a number from 0 to 86400, got nothing"),
        (announcement(duration_seconds=86401), "duration_seconds: expected a number from 0 to 86400, got 86401"),
        (announcement(reason=5), "reason: expected a text, got 5"),
    ],
)
def test_what_is_of_no_use(body: bytes, sentence: str) -> None:
    """One sentence says what was expected; a switch that nobody turns off cannot be announced."""
    with pytest.raises(ReportError) as caught:
        read_announcement(body, PATHS)
    assert str(caught.value) == sentence


async def test_over_http() -> None:
    """It is handed on and its end is answered; it changes state, and that must be allowed."""
    backend = FakeBackend(path_status())
    async with asking(backend) as client:
        answer = await client.post("/api/v1/maintenance", data=announcement())
        assert (answer.status, (await answer.json())["until"]) == (200, WORK.until)
        assert (await client.post("/api/v1/maintenance", data=b"{}")).status == 400
    async with asking(backend, lifecycle=False) as client:
        assert (await client.post("/api/v1/maintenance", data=announcement())).status == 403
    assert backend.announced == [WORK]


def test_it_is_shown_and_hides_nothing() -> None:
    """On the page, in the API, in the metrics and at /healthz, where what fails goes on to fail."""
    text = Reader(render([WORKED_ON]).decode()).text
    assert "Maintenance until 16:13:20 UTC, another 2 h: new nodes" in text
    assert "Nothing is broken." in text
    assert api.document([WORKED_ON])["paths"][0]["maintenance"]["until"] == WORK.until
    assert summary(WORKED_ON)["maintenance"] == WORK.until
    for status, expected in ((WORKED_ON, 1), (path_status(), 0)):
        assert value(scrape(metrics(), status), "maintenance", path="home") == expected
    found = healthz.answer([replace(WORKED_ON, health=Health("fail", ()))], None, None)
    assert found.status == 503
    assert "home: maintenance until 2026-09-21T16:13:20+00:00: new nodes" in found.document["notes"]


def test_without_work_nothing_speaks_of_it() -> None:
    """Neither the page nor /healthz."""
    assert "Maintenance" not in Reader(render([path_status()]).decode()).text
    assert "maintenance" not in str(healthz.answer([path_status()], None, None).document)
