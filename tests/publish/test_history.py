"""The last day of every hop: the worst of each five minutes, for a day and no longer."""

from dataclasses import replace

from monitor.core.status import PathStatus
from monitor.publish.history import SLOT, SLOTS, History, Run
from monitor.publish.picture import Level
from tests.publish.statuses import AT, broken_status, path_status, unknown
from tests.views import showing

START = AT // SLOT * SLOT


def at(path: PathStatus, seconds: float) -> PathStatus:
    """Give the path as it was so many seconds after the beginning of a slot."""
    return replace(path, at=START + seconds)


def runs(history: History, seconds: float, hop: str = "Listeners") -> tuple[Run, ...]:
    """Give the runs of a hop at a moment."""
    return history.of("home", START + seconds).days[hop].runs


def test_a_slot_shows_the_worst_of_it() -> None:
    """A fault of a moment is seen in its five minutes, and in no others."""
    history = History()
    for seconds, path in ((0, path_status()), (310, broken_status()), (320, path_status()), (650, path_status())):
        history.update([at(path, seconds)])
    assert runs(history, 650) == (
        Run(SLOTS - 3, 1, Level.OK),
        Run(SLOTS - 2, 1, Level.BAD),
        Run(SLOTS - 1, 1, Level.OK),
    )


def test_not_knowing_for_a_moment_is_no_news() -> None:
    """A restart leaves no mark where something was known soon after; where nothing was, it does."""
    history = History()
    ignorant = showing(path_status(), handshakes=tuple(map(unknown, path_status().handshakes)))
    history.update([at(ignorant, 0)])
    assert runs(history, 0) == (Run(SLOTS - 1, 1, Level.UNKNOWN),)
    history.update([at(path_status(), 5)])
    assert runs(history, 5) == (Run(SLOTS - 1, 1, Level.OK),)


def test_equal_slots_are_one_run_and_gaps_stay_empty() -> None:
    """What was not seen is not guessed."""
    history = History()
    for slot in (0, 1, 4):
        history.update([at(path_status(), slot * SLOT)])
    assert runs(history, 4 * SLOT) == (Run(SLOTS - 5, 2, Level.OK), Run(SLOTS - 1, 1, Level.OK))


def test_a_day_is_kept() -> None:
    """Older slots go, also when nothing new has come."""
    history = History()
    for slot in range(SLOTS + 10):
        history.update([at(path_status(), slot * SLOT)])
    assert runs(history, (SLOTS + 9) * SLOT) == (Run(0, SLOTS, Level.OK),)
    assert runs(history, (2 * SLOTS + 9) * SLOT) == ()


def test_a_clock_that_is_set_back_breaks_nothing() -> None:
    """What comes from the past counts for the newest slot."""
    history = History()
    history.update([at(path_status(), 900)])
    history.update([at(broken_status(), 0)])
    assert runs(history, 900) == (Run(SLOTS - 1, 1, Level.BAD),)


def test_since_when_the_diagnosis_stands() -> None:
    """It begins anew when the hop changes, not when its words do."""
    history = History()
    history.update([at(path_status(), 0)])
    history.update([at(broken_status("a"), 10)])
    history.update([at(broken_status("b"), 20)])
    assert history.of("home", START + 20).diagnosed_since == START + 10


def test_what_is_watched_no_more_is_forgotten() -> None:
    """A path that goes leaves nothing."""
    history = History()
    history.update([at(broken_status(), 0)])
    history.keep_only([])
    assert history.of("home", START) == ({}, START)
