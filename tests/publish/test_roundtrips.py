"""A roundtrip's result in the metrics, the status, the page, and not in the health."""

from dataclasses import replace

import pytest

from monitor.core.roundtrip import Roundtrip, RoundtripStatus, Via
from monitor.core.status import Diagnosis
from monitor.core.verdicts import Hop
from monitor.publish import api, catalogue, healthz, page
from monitor.publish.gauges import gauges
from tests.publish.statuses import AT, path_status

ARRIVED = Roundtrip("home", AT - 120, success=True, duration=3.5, via=Via.BREVO, detail="seen as <77.32.148.20>")
LOST = Roundtrip("home", AT - 120, success=False, duration=300.0, detail="it did not arrive")
FAMILIES = (
    catalogue.ROUNDTRIP_SUCCESS,
    catalogue.ROUNDTRIP_DURATION,
    catalogue.ROUNDTRIP_LAST_SUCCESS,
    catalogue.ROUNDTRIP_VIA_BACKUP,
)


def values(status: RoundtripStatus | None) -> list[float | None]:
    """Give success, duration, last success, via backup; ``None`` where a metric is absent."""
    found = gauges([replace(path_status(), roundtrip=status)]).values
    return [found.get(family, {}).get(("home",)) for family in FAMILIES]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, [None] * 4),
        (RoundtripStatus(), [None] * 4),
        (RoundtripStatus(ARRIVED, AT - 120), [1.0, 3.5, AT - 120, 0.0]),
        (RoundtripStatus(replace(ARRIVED, via_backup=True), AT), [1.0, 3.5, AT, 1.0]),
        (RoundtripStatus(LOST, AT - 900), [0.0, 300.0, AT - 900, None]),
        (RoundtripStatus(LOST), [0.0, 300.0, None, None]),
        (RoundtripStatus(ARRIVED, AT - 120, overdue=9999.0), [None, None, AT - 120, None]),
    ],
)
def test_metrics(status: RoundtripStatus | None, expected: list[float | None]) -> None:
    """What is not known, or not known any more, is absent; the last success stays."""
    assert values(status) == expected


def test_the_status_has_it() -> None:
    """Under its own name, field by field; null where nothing is known."""
    status = replace(path_status(), roundtrip=RoundtripStatus(ARRIVED, AT - 120, None, "p/postscreen"))
    (shown,) = api.document([status])["paths"]
    assert shown["roundtrip"]["last"]["via"] == "brevo"
    assert shown["roundtrip"]["logged_as"] == "p/postscreen"
    assert api.document([path_status()])["paths"][0]["roundtrip"] is None


@pytest.mark.parametrize(
    ("status", "badge", "words"),
    [
        (RoundtripStatus(), "unknown", "none reported yet"),
        (
            RoundtripStatus(ARRIVED, AT, None, "p/postscreen"),
            "ok",
            "2 min ago seen as &lt;77.32.148.x&gt;; the mail log has that address at p/postscreen",
        ),
        (RoundtripStatus(replace(ARRIVED, via_backup=True), AT), "warn", "SUCCESS after 3.5 s"),
        (RoundtripStatus(LOST), "bad", "FAILED after 300.0 s</span><small> 2 min ago it did not arrive"),
        (RoundtripStatus(LOST, overdue=9999.0), "unknown", "FAILED after 300.0 s"),
    ],
)
def test_the_page_shows_it(status: RoundtripStatus, badge: str, words: str) -> None:
    """Briefly: how it went, when, and what was recorded; nothing where none is expected."""
    shown = page.render([replace(path_status(), roundtrip=status)]).decode().partition("<dt>Roundtrip</dt>")[2]
    assert shown.startswith(f'<dd><span class="badge {badge}">')
    assert words in shown
    assert b"Roundtrip" not in page.render([path_status()])


def test_health_says_nothing_of_it() -> None:
    """Who has failed asks here for the reason: it must not hear its own result."""
    known = replace(path_status(), roundtrip=RoundtripStatus(LOST), diagnosis=Diagnosis(Hop.ROUNDTRIP, "lost"))
    answer = healthz.answer([known], None, None)
    assert answer.document["notes"] == []
    assert answer.document["status"] == "pass"
