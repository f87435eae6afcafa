"""What can be broken in the demo, by name."""

import pytest

from monitor.core.errors import ConfigError
from monitor.demo.faults import FAULTS, described, plan


def test_every_fault_has_a_name_and_a_sentence() -> None:
    """The list is what ``--fault list`` prints: one line each."""
    lines = described().splitlines()
    assert [line.split()[0] for line in lines] == [fault.name for fault in FAULTS]
    assert all(line.endswith(".") for line in lines)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) == 9


def test_a_fault_may_strike_later() -> None:
    """``NAME`` strikes at once, ``NAME@30s`` after half a minute; several may be given."""
    planned = plan(["node-down", "ssh-down@30s"])
    assert [(fault.name, delay) for fault, delay in planned] == [("node-down", 0.0), ("ssh-down", 30.0)]


def test_wrong_words_are_all_reported() -> None:
    """Each says what was expected in its place."""
    with pytest.raises(ConfigError) as raised:
        plan(["nonsense", "node-down@soon", "node-down@"])
    first, second, third = map(str, raised.value.faults)
    assert first.startswith("--fault nonsense: expected one of node-down, proxy-off")
    assert second == "--fault node-down@soon: expected a duration such as 30s behind node-down@"
    assert third.startswith("--fault node-down@:")
