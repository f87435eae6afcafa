"""The kinds of probe: names that outsiders match, and the facts that judges and publishers read."""

from copy import deepcopy

from monitor.core.kinds import ProbeKind, Shown
from tests import kinds


def test_the_documented_kinds_of_probe_keep_their_names() -> None:
    """Values of the ``probe`` label: the contract names these, and only adds to them."""
    assert (kinds.CHECK, kinds.HANDSHAKE, kinds.FRONT_DOOR) == ("check", "handshake", "front_door")


def test_a_kind_is_its_name_wherever_a_name_is_wanted() -> None:
    """In a label, a key or a sentence; and a copy of it has the same facts."""
    assert {kinds.CHECK} == {"check"}
    assert f"{kinds.CHECK}" == str(kinds.CHECK) == "check"
    assert deepcopy(kinds.CHECK).shown is Shown.CHECK


def test_a_kind_that_says_nothing_else_is_treated_as_a_handshake() -> None:
    """Only the leader probes it, ``mailpath check`` does, and it has a verdict and rows of its own."""
    kind = ProbeKind("greeting")
    assert (kind.shown, kind.leader_only, kind.awaited, kind.rare) == (Shown.TARGET, True, False, False)
