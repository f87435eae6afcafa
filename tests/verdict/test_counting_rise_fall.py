"""rise/fall, as HAProxy counts."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.verdict.counting import RiseFall


def test_the_first_result_counts_at_once() -> None:
    """Nobody waits for ``rise`` results to learn what the first one said."""
    state = RiseFall(rise=3, fall=3)
    assert state.up is None
    assert state.record(ok=False)
    assert state.up is False


def test_fall_results_in_a_row_turn_it() -> None:
    """Two failures of three are doubt, the third is certainty; a success between starts the count anew."""
    state = RiseFall(rise=2, fall=3)
    state.record(ok=True)
    assert [state.record(ok=ok) for ok in (False, False, True, False, False, False)] == [False] * 5 + [True]
    assert state.up is False


def test_rise_results_in_a_row_turn_it_back() -> None:
    """One success after an outage is doubt, the second is certainty."""
    state = RiseFall(rise=2, fall=1)
    state.record(ok=False)
    assert not state.record(ok=True)
    assert state.contradicted
    assert state.record(ok=True)
    assert not state.contradicted


@given(st.lists(st.booleans(), min_size=1), st.integers(1, 5), st.integers(1, 5))
def test_the_state_follows_the_last_long_run(results: list[bool], rise: int, fall: int) -> None:
    """Whenever the last results agree for max(rise, fall) rounds, the state agrees with them."""
    state = RiseFall(rise, fall)
    for ok in results:
        state.record(ok=ok)
    longest = max(rise, fall)
    if len(results) >= longest and len(set(results[-longest:])) == 1:
        assert state.up is results[-1]
    assert state.contradicted <= (state.up is not results[-1])
