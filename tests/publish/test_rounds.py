"""The last rounds: bounded for each target, the failed ones bounded for each path."""

from monitor.core.verdicts import Verdict
from monitor.publish.rounds import KEPT_ROUNDS, Rounds, TargetRounds
from tests import kinds
from tests.publish.statuses import REFUSED, observation, path_status, target

SMTP, IMAPS = target(), target(service="imaps")


def test_rounds_are_kept_with_their_length() -> None:
    """The last so many of them, oldest first; checks are no dialogues."""
    rounds = Rounds()
    rounds.record(observation(SMTP, Verdict.SLOW))
    for _ in range(KEPT_ROUNDS - 1):
        rounds.record(observation(SMTP))
    assert rounds.of(SMTP).rounds[0].verdict is Verdict.SLOW
    rounds.record(observation(SMTP))
    assert {each.verdict for each in rounds.of(SMTP).rounds} == {Verdict.OK}
    assert (len(rounds.of(SMTP).rounds), rounds.of(SMTP).rounds[0].duration) == (KEPT_ROUNDS, 0.25)
    rounds.record(observation(target(kinds.CHECK)))
    assert rounds.of(target(kinds.CHECK)) == TargetRounds()


def test_failed_rounds_are_kept_in_full() -> None:
    """Newest first; one target that fails all day does not push out the others."""
    rounds = Rounds()
    rounds.keep({"home": 3})
    rare = observation(IMAPS, Verdict.TURNED_AWAY, REFUSED)
    rounds.record(rare)
    often = [observation(SMTP, Verdict.PORT_CLOSED, REFUSED) for _ in range(5)]
    for each in often:
        rounds.record(each)
    assert [id(each) for each in rounds.of(SMTP).failed] == [id(often[4]), id(often[3])]
    assert rounds.of(IMAPS).failed == (rare,)


def test_fewer_are_kept_after_a_reload_that_says_so() -> None:
    """None, where handshakes.transcripts is 0 or the path is gone."""
    rounds = Rounds()
    rounds.keep({"home": 3})
    rounds.record(observation(SMTP, Verdict.PORT_CLOSED, REFUSED))
    rounds.keep({"home": 0})
    assert rounds.of(SMTP).failed == ()
    assert len(rounds.of(SMTP).rounds) == 1


def test_what_is_watched_no_more_is_forgotten() -> None:
    """A target that goes takes its rounds with it."""
    rounds = Rounds()
    rounds.keep({"home": 3})
    gone = target(node="gone")
    for each in (SMTP, gone):
        rounds.record(observation(each, Verdict.PORT_CLOSED, REFUSED))
    rounds.forget([path_status()])
    assert rounds.of(gone) == TargetRounds()
    assert len(rounds.of(SMTP).failed) == 1
    rounds.keep_only([])
    assert rounds.of(SMTP) == TargetRounds()
