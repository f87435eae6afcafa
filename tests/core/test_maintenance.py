"""Announced work: it goes on until its end, and no longer."""

from monitor.core.maintenance import LONGEST, Maintenance


def test_work_goes_on_up_to_its_end() -> None:
    """At its last moment it is over: what breaks then is no longer expected."""
    work = Maintenance("home", began=100.0, until=200.0)
    assert [work.holds(at) for at in (100.0, 199.9, 200.0, 300.0)] == [True, True, False, False]


def test_work_is_expected_for_a_day_at_most() -> None:
    """A forgotten announcement must not silence alerts for long."""
    assert LONGEST == 24 * 3600
