"""Schedules: the plain forms give their pause, all others nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.cron import longest_pause


@pytest.mark.parametrize(
    ("schedule", "pause"),
    [
        ("*/20 * * * *", 1200.0),
        ("* * * * *", 60.0),
        ("5 * * * *", 3600.0),
        ("*/40 * * * *", 2400.0),
        ("*/90 * * * *", 3600.0),
        ("0 */6 * * *", 6 * 3600.0),
        ("*/10 */6 * * *", 6 * 3600.0),
        ("0 4 * * *", 86_400.0),
        ("@hourly", 3600.0),
        ("@daily", 86_400.0),
        ("0,30 * * * *", None),
        ("0 4 * * 1", None),
        ("0 4 1 * *", None),
        ("1-5 * * * *", None),
        ("x 4 * * *", None),
        ("*/0 * * * *", None),
        ("@reboot", None),
        ("", None),
    ],
)
def test_pauses(schedule: str, pause: float | None) -> None:
    """What is not plain is not judged, rather than judged wrongly."""
    assert longest_pause(schedule) == pause


@given(st.text(max_size=40))
def test_any_text(schedule: str) -> None:
    """Whatever stands there, the answer is a time or none."""
    assert longest_pause(schedule) is None or longest_pause(schedule) > 0  # type: ignore[operator]
