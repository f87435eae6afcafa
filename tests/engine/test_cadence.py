"""When rounds are due: absolute slots, spread phases, and what happens to those who overrun."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.engine.cadence import FIRST_ROUND_WITHIN, Cadence, Pace, phase_of

KEYS = st.text(min_size=1, max_size=40)
INTERVALS = st.floats(min_value=0.1, max_value=3600)


@given(KEYS)
def test_phase_is_stable_and_within_the_interval(key: str) -> None:
    """The same key has the same phase every time, and it lies in [0, 1)."""
    assert phase_of(key) == phase_of(key)
    assert 0 <= phase_of(key) < 1


def test_a_thousand_targets_do_not_fire_together() -> None:
    """Hashed phases spread a thousand targets so that no twentieth of the interval holds twice its share."""
    buckets = [0] * 20
    for number in range(1000):
        buckets[int(phase_of(f"home/check/k8s-node{number}/smtp") * 20)] += 1
    assert max(buckets) < 100


@given(INTERVALS, KEYS, st.floats(min_value=0, max_value=1e6))
def test_first_round_starts_soon(interval: float, key: str, now: float) -> None:
    """The first round starts within a second of the start, whatever the interval."""
    cadence = Cadence(interval, interval, phase_of(key))
    assert now <= cadence.first(now) <= now + FIRST_ROUND_WITHIN


def test_a_rare_probe_waits_its_delay() -> None:
    """A probe that is rare by intent does not run at start."""
    assert Cadence(3600.0, 3600.0, 0.5, delay=3600.0).first(100.0) == 3700.0


@given(INTERVALS, KEYS)
def test_rounds_never_drift(interval: float, key: str) -> None:
    """A thousand rounds later the due times still lie on the same grid, an interval apart."""
    cadence = Cadence(interval, interval, phase_of(key))
    due, _ = cadence.after(cadence.first(0.0), 0.0, Pace.NORMAL)
    start = due
    for _ in range(1000):
        following, missed = cadence.after(due, due + interval / 10, Pace.NORMAL)
        assert missed == 0
        due = following
    assert due == pytest.approx(start + 1000 * interval, rel=1e-9)


def test_second_round_is_never_right_behind_the_first() -> None:
    """The slot after the first round is skipped when less than half an interval would lie between."""
    cadence = Cadence(60.0, 10.0, 0.02)
    due, missed = cadence.after(1.0, 1.1, Pace.NORMAL)
    assert due == pytest.approx(61.2)
    assert missed == 0


def test_an_overrun_takes_the_next_free_slot_and_counts_the_others() -> None:
    """A round of 23 s at an interval of 5 s misses four of its own slots and goes on upon the grid."""
    cadence = Cadence(5.0, 5.0, 0.0)
    due, missed = cadence.after(10.0, 33.0, Pace.NORMAL)
    assert (due, missed) == (35.0, 4)


def test_doubt_is_resolved_fast() -> None:
    """While in doubt the next round follows after fast_interval, at once when the round itself took longer."""
    cadence = Cadence(60.0, 10.0, 0.3)
    assert cadence.after(100.0, 101.0, Pace.FAST) == (110.0, 0)
    assert cadence.after(100.0, 120.5, Pace.FAST) == (120.5, 2)
