"""How long trouble must last before an alert fires, and how such a time is written."""

import pytest

from monitor.publish.alerting.thresholds import Thresholds, spoken, written


def test_the_shipped_waits_are_ordered() -> None:
    """A rollout takes longer than certainty does, a cordoned node longer than both, and critical comes last."""
    shipped = Thresholds()
    assert shipped.settle < shipped.rollout < shipped.cordoned
    assert 0 < shipped.certificate_critical < shipped.certificate_warning
    assert 0 < shipped.objective < 1


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "500ms"), (90.0, "90s"), (120.0, "2m"), (7200.0, "2h"), (172_800.0, "2d")]
)
def test_a_time_is_written_as_prometheus_reads_it(seconds: float, text: str) -> None:
    """In the largest unit that leaves no fraction."""
    assert written(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.5, "1.5 seconds"), (90, "90 seconds"), (60, "1 minute"), (7200, "2 hours"), (86400, "1 day")],
)
def test_times_as_people_say_them(seconds: float, text: str) -> None:
    """In the largest unit that leaves no fraction."""
    assert spoken(seconds) == text
