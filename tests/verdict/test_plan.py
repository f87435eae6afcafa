"""Plans: when what was learned is too old to conclude from."""

import pytest

from monitor.core.model import Target
from monitor.verdict.plan import HostPlan, Measure, stale_after
from tests import kinds
from tests.verdict.build import negative

CANARY = Target("home", kinds.RELAY_CANARY, "", "smtp")


@pytest.mark.parametrize(("interval", "timeout", "stale"), [(60.0, 20.0, 180.0), (5.0, 20.0, 60.0), (10.0, 10.0, 30.0)])
def test_knowledge_is_stale_after_three_intervals_or_timeouts(interval: float, timeout: float, stale: float) -> None:
    """Whichever is longer; alike for targets, what must be refused, and an edge's host."""
    nothing = frozenset[int]()
    assert stale_after(interval, timeout) == stale
    assert Measure(interval, timeout, 1, 2).stale_after == stale
    assert negative(CANARY, interval, timeout).stale_after == stale
    assert HostPlan(interval, timeout, nothing, nothing, nothing, None).stale_after == stale
