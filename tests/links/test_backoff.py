"""Delays: growing, bounded, jittered."""

from monitor.links.backoff import Backoff


def test_delays_double_up_to_the_longest() -> None:
    """Without jitter the delays are first, twice that, and so on, and never more than the longest."""
    backoff = Backoff(1.0, 5.0, rand=lambda: 0.0)
    assert [backoff.next_delay() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_jitter_takes_away_at_most_half() -> None:
    """The random number shortens a delay, by half at the very most."""
    chances = iter([0.0, 0.5, 0.999])
    backoff = Backoff(8.0, 8.0, rand=lambda: next(chances))
    first, second, third = (backoff.next_delay() for _ in range(3))
    assert (first, second) == (8.0, 6.0)
    assert 4.0 < third < 4.01


def test_a_success_begins_anew() -> None:
    """After reset the next delay is the first one again."""
    backoff = Backoff(1.0, 60.0, rand=lambda: 0.0)
    for _ in range(4):
        backoff.next_delay()
    backoff.reset()
    assert backoff.next_delay() == 1.0
