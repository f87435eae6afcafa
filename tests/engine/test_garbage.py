"""What has survived a long search for garbage is not searched again, until it may have been dropped."""

import gc
from collections.abc import Iterator

import pytest

from monitor.engine import garbage
from monitor.engine.garbage import Garbage


@pytest.fixture
def watching() -> Iterator[Garbage]:
    """Give one that watches; afterwards all is as it was."""
    watcher = Garbage()
    watcher.start()
    yield watcher
    watcher.stop()


def test_what_survives_a_long_search_is_left_alone(watching: Garbage, monkeypatch: pytest.MonkeyPatch) -> None:
    """After it nothing old is searched; a reload makes all of it searched once more."""
    monkeypatch.setattr(garbage, "LONG", 0.0)
    gc.collect()
    assert gc.get_freeze_count() > 0
    watching.thaw()
    assert gc.get_freeze_count() == 0


def test_a_short_search_changes_nothing(watching: Garbage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a search that took no time to speak of, nor one of the young alone."""
    monkeypatch.setattr(garbage, "LONG", 3600.0)
    gc.collect()
    assert gc.get_freeze_count() == 0
    monkeypatch.setattr(garbage, "LONG", 0.0)
    gc.collect(1)
    assert gc.get_freeze_count() == 0
    watching.thaw()


def test_after_the_end_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that has ended leaves nothing in the interpreter."""
    monkeypatch.setattr(garbage, "LONG", 0.0)
    watcher = Garbage()
    before = list(gc.callbacks)
    watcher.start()
    watcher.stop()
    watcher.stop()
    gc.collect()
    assert (gc.callbacks, gc.get_freeze_count()) == (before, 0)
