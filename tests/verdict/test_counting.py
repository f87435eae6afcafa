"""Counting over time that passes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.verdict.counting import MINUTE, Minutes, Sustained


@given(st.lists(st.tuples(st.floats(0, 600), st.integers(0, 9)), max_size=50), st.floats(0, 600))
@settings(deadline=None, max_examples=80)
def test_minutes_are_what_was_added_within_them(steps: list[tuple[float, int]], wait: float) -> None:
    """A sum over the last five minutes is that of all numbers whose minute lies in it."""
    minutes, now, added = Minutes(10), 0.0, []
    for pause, number in steps:
        now += pause
        minutes.add(now, number)
        added.append((int(now // MINUTE), number))
    last = int((now + wait) // MINUTE)
    assert minutes.total(now + wait, 0, 5) == sum(number for minute, number in added if last - minute < 5)
    assert minutes.total(now + wait, 5, 10) == sum(number for minute, number in added if 5 <= last - minute < 10)


def test_thrice_within_five_minutes_raises_and_five_minutes_end_it() -> None:
    """Two are an accident; the third raises; each further one prolongs; then it ends, and must be raised anew."""
    deferrals = Sustained(3, 300.0)
    for now in (0.0, 100.0):
        deferrals.add(now, 1)
        assert not deferrals.goes_on(now)
    deferrals.add(299.0, 1)
    assert deferrals.goes_on(299.0)
    deferrals.add(500.0, 1)
    assert deferrals.goes_on(799.0)
    assert not deferrals.goes_on(800.0)
    deferrals.add(900.0, 1)
    assert not deferrals.goes_on(900.0)


def test_thrice_over_a_longer_time_is_nothing() -> None:
    """One every two minutes and a half and more never raises."""
    deferrals = Sustained(3, 300.0)
    for now in range(0, 7200, 151):
        deferrals.add(float(now), 1)
        assert not deferrals.goes_on(float(now))


def test_many_at_once_are_enough() -> None:
    """A batch that brings several counts each of them; a batch that brings none changes nothing."""
    deferrals = Sustained(3, 300.0)
    deferrals.add(10.0, 0)
    assert not deferrals.goes_on(10.0)
    deferrals.add(10.0, 1000)
    deferrals.add(200.0, 0)
    assert deferrals.goes_on(309.0)
    assert not deferrals.goes_on(310.0)
