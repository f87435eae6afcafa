"""Passive proof: when clients come back as the edge, and when they merely stay away."""

from collections.abc import Callable
from random import Random

import pytest

from monitor.verdict.counting import MINUTE
from monitor.verdict.traffic import Traffic

HOUR = 3600.0
# How many clients come an hour: as the edge, as themselves.
Rates = Callable[[float], tuple[float, float]]


def poisson(random: Random, mean: float) -> int:
    """Draw a number of arrivals: exponential gaps within one unit of time."""
    number, at = 0, random.expovariate(mean) if mean else 2.0
    while at < 1.0:
        number, at = number + 1, at + random.expovariate(mean)
    return number


def raised(
    rates: Rates, hours: float, seed: int = 1, traffic: Traffic | None = None, start: float = 0.0
) -> list[float]:
    """Let clients come by chance, minute by minute; give the minutes at which a loss goes on, in hours."""
    random, found = Random(seed), []  # noqa: S311 - a simulation, not a secret
    traffic = traffic or Traffic(5587)
    for minute in range(int(start * 60), int((start + hours) * 60)):
        now, at = minute * MINUTE, minute / 60
        edge, external = (poisson(random, rate / 60) for rate in rates(at))
        traffic.add(now, edge=edge, external=external)
        if traffic.loss(now) is not None:
            found.append(at)
    return found


def broken_from(hour: float, share: float, rate: float, own: float = 0.0) -> Rates:
    """From an hour on a share of the clients comes as the edge; ``own`` is the edge's own mail."""

    def rates(at: float) -> tuple[float, float]:
        lost = share * rate if at >= hour else 0.0
        return lost + own, rate - lost

    return rates


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("own", [0.0, 3.0])
def test_quiet_nights_say_nothing(seed: int, own: float) -> None:
    """Three mails an hour, with and without as many of the edge's own: eight hours, and never a loss."""
    assert raised(broken_from(99, 0, 3.0, own), 8, seed) == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("rate", [15.0, 60.0, 600.0])
@pytest.mark.parametrize("own", [0.0, 3.0, 12.0])
def test_a_sound_day_says_nothing(seed: int, rate: float, own: float) -> None:
    """A day that grows and fades, with the edge's own mail in it: never a loss."""

    def rates(at: float) -> tuple[float, float]:
        return own, rate * (0.05 + abs((at % 24) - 12) / 12)

    assert raised(rates, 24, seed) == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("rate", "share", "within"), [(60, 1.0, 15), (600, 1.0, 5), (600, 0.25, 10), (120, 0.5, 25)])
def test_lost_clients_show_within_minutes(seed: int, rate: float, share: float, within: float) -> None:
    """All clients, or those of one node of four, become the edge: raised within minutes, and held."""
    found = raised(broken_from(3, share, rate), 5, seed)
    assert found
    assert 0 <= found[0] - 3 <= within / 60
    assert len(found) >= (5 - found[0]) * 60 - 1


@pytest.mark.parametrize("seed", range(5))
def test_it_ends_when_clients_come_as_themselves(seed: int) -> None:
    """Repaired after an hour: over a quarter of an hour later at most, and it stays over."""
    traffic = Traffic(5587)
    assert raised(broken_from(3, 1.0, 60.0), 4, seed, traffic)
    after = raised(broken_from(99, 0, 60.0), 3, seed, traffic, start=4)
    assert after[-1] - 4 < 0.3


def test_without_evidence_it_goes_on_for_an_hour() -> None:
    """When nobody comes any more, neither as the edge nor otherwise, a loss is forgotten after an hour."""
    traffic = Traffic(5587)
    assert raised(broken_from(3, 1.0, 60.0), 4, 1, traffic)
    assert traffic.loss(4.5 * HOUR) is not None
    assert traffic.loss(5.1 * HOUR) is None


def test_a_fault_that_begins_at_night_shows_in_the_morning() -> None:
    """Three clients an hour come as the edge all night; when sixty come in the morning they show within the hour."""

    def rates(at: float) -> tuple[float, float]:
        rate = 3.0 if 4 <= at < 12 else 60.0
        return (rate, 0.0) if at >= 6 else (0.0, rate)

    for seed in range(10):
        found = raised(rates, 14, seed)
        assert 12 <= found[0] <= 13


def test_a_burst_of_the_edges_own_mail_is_no_loss() -> None:
    """Thirty mails of the firewall within minutes, by day and by night: the others still come, or never came."""
    for rate in (0.0, 3.0, 60.0):
        traffic = Traffic(2525)
        assert raised(broken_from(99, 0, rate), 3, 1, traffic) == []
        for minute in range(6):
            now = 3 * HOUR + minute * MINUTE
            traffic.add(now, edge=3, external=int(rate / 60))
            assert traffic.loss(now) is None


def test_hairpin_clients_that_always_come_as_the_edge_are_usual() -> None:
    """Where NAT reflection shows the house's clients as the edge, day and night, that is no loss."""

    def rates(at: float) -> tuple[float, float]:
        return 60.0, 60.0 if at % 24 > 6 else 0.0

    for seed in range(5):
        assert raised(lambda at: rates(at + 8), 24, seed) == []


def test_the_numbers_are_told() -> None:
    """A loss carries what came, and what is usual, as it was when it was raised."""
    traffic = Traffic(5587)
    for minute in range(80):
        traffic.add(minute * MINUTE, edge=0, external=2)
    for minute in range(80, 90):
        traffic.add(minute * MINUTE, edge=2, external=0)
    loss = traffic.loss(89 * MINUTE)
    assert loss is not None
    assert (loss.listener, loss.edge, loss.external, loss.usual_edge) == (5587, 20, 0, 0.0)
    assert 15 < loss.usual_external <= 20
