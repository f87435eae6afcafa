"""The settings of probes."""

import pytest

from monitor.config.probing import FrontDoorSettings, HandshakeSettings


@pytest.mark.parametrize(("fast_interval", "on_demand"), [(1.0, 10.0), (10.0, 10.0), (30.0, 30.0)])
def test_a_round_by_hand_keeps_its_distance(fast_interval: float, on_demand: float) -> None:
    """A round on demand comes no sooner after another than ten seconds, nor than the fastest scheduled one."""
    assert HandshakeSettings(fast_interval=fast_interval).on_demand_interval == on_demand
    assert FrontDoorSettings(fast_interval=fast_interval).on_demand_interval == on_demand
