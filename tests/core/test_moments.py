"""Moments: RFC 3339 and dates to seconds since the epoch, and back, in UTC wherever the machine stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.moments import rfc3339, seconds_of, start_of_day, utc

AT = 1776580020.0  # 2026-04-19 06:27:00 UTC


@pytest.mark.parametrize(
    "written",
    ["2026-04-19T06:27:00Z", "2026-04-19T06:27:00+00:00", "2026-04-19T08:27:00+02:00", "2026-04-18T23:27:00.000-07:00"],
)
def test_a_time_with_a_zone_is_one_moment_in_every_zone(written: str) -> None:
    """RFC 3339, section 5.6: the offset is part of the time."""
    assert seconds_of(written) == AT


@pytest.mark.parametrize(
    "written", ["", "2026-04-19T06:27:00", "2026-04-19", "Apr 19 06:27:00", "2026-13-19T06:27:00Z"]
)
def test_a_time_without_a_zone_is_no_moment(written: str) -> None:
    """Only the machine's own zone could make one of it, and that is not the writer's."""
    assert seconds_of(written) is None


@given(st.text())
def test_any_text_is_a_moment_or_none(written: str) -> None:
    """A peer's text never raises."""
    assert isinstance(seconds_of(written), float | None)


def test_a_date_begins_at_midnight_in_utc() -> None:
    """A backup named after its day was written in the course of it."""
    assert start_of_day(2026, 4, 19) == AT - (6 * 60 + 27) * 60


@pytest.mark.parametrize("date", [(2026, 2, 29), (2026, 13, 1), (2026, 4, 0), (0, 1, 1)])
def test_a_date_that_the_calendar_does_not_have_is_none(date: tuple[int, int, int]) -> None:
    """Eight digits in a file's name need not be a date."""
    assert start_of_day(*date) is None


def test_a_moment_is_written_for_machines_and_for_people() -> None:
    """RFC 3339 to the second; minutes, or any other form, with the zone behind it."""
    assert rfc3339(AT + 0.9) == "2026-04-19T06:27:00+00:00"
    assert utc(AT) == "2026-04-19 06:27 UTC"
    assert utc(AT, "%H:%M:%S") == "06:27:00 UTC"


@given(st.integers(min_value=0, max_value=253_402_300_799))
def test_what_is_written_is_read_back(at: int) -> None:
    """Up to the last second of the year 9999."""
    assert seconds_of(rfc3339(at)) == at
