"""monitor.daemon.first_rounds: when the daemon is ready."""

from monitor.core.model import Target
from monitor.daemon.first_rounds import FirstRounds
from monitor.probes.watch import key_of
from tests import kinds

FIRST, SECOND = (Target("home", kinds.CHECK, node, "smtp") for node in ("node1", "node2"))


def test_nothing_is_over_before_it_is_known_what_to_wait_for() -> None:
    """A round that ends earlier ends nothing."""
    rounds = FirstRounds()
    rounds.ended(FIRST)
    assert not rounds.known()
    assert not rounds.over()


def test_all_of_them_are_waited_for() -> None:
    """Each once, in whatever order; those of others do not matter."""
    rounds = FirstRounds()
    rounds.wait_for([key_of(FIRST), key_of(SECOND)])
    for target in (SECOND, SECOND, Target("home", kinds.HANDSHAKE, "node1", "smtp")):
        rounds.ended(target)
        assert not rounds.over()
    rounds.ended(FIRST)
    assert rounds.over()


def test_where_there_is_none_nothing_is_waited_for() -> None:
    """Without targets the daemon is ready at once."""
    rounds = FirstRounds()
    rounds.wait_for([])
    assert rounds.known()
    assert rounds.over()
