"""The journal: what the page remembers, masked where strangers may stand in it."""

import json

from monitor.publish.event_memory import Event
from monitor.publish.journal import SHOWN_EVENTS, Journal
from tests.publish.statuses import AT, broken_status, path_status


def test_the_view_holds_what_the_page_shows() -> None:
    """The newest events first, and the history of each path."""
    journal = Journal(lambda: AT)
    journal.update([path_status()])
    for index in range(SHOWN_EVENTS + 5):
        journal.keep("info", "something", {"index": str(index)})
    view = journal.view([path_status()])
    assert len(view.events) == SHOWN_EVENTS
    assert view.events[0].fields["index"] == str(SHOWN_EVENTS + 4)
    assert set(view.histories) == {"home"}


async def test_the_feed_tells_of_events_and_of_changed_states() -> None:
    """Both as JSON; events with their number."""
    heard: list[Event] = []
    journal = Journal(lambda: AT, heard.append)
    with journal.feed.listening() as queue:
        journal.update([path_status()])
        journal.keep("warning", "verdict.changed", {"path": "home"})
        status, event = queue.get_nowait(), queue.get_nowait()
    assert status is not None
    assert event is not None
    assert (status.kind, status.number, json.loads(status.data)["path"]) == ("status", None, "home")
    assert (event.kind, event.number) == ("event", heard[0].number)
    assert json.loads(event.data)["event"] == "verdict.changed"


def test_strangers_are_masked_unless_configured() -> None:
    """In events as on the page; our own addresses never are."""
    journal = Journal(lambda: AT)
    journal.update([path_status()])
    journal.keep("info", "something", {"detail": "8.8.4.4 by 10.0.20.1"})
    journal.configure({}, shows_addresses=True)
    journal.keep("info", "something", {"detail": "8.8.4.4"})
    assert [event.fields["detail"] for event in journal.events.since()] == ["8.8.4.x by 10.0.20.1", "8.8.4.4"]


def test_failed_rounds_are_remembered() -> None:
    """As many as the path's configuration says."""
    journal = Journal(lambda: AT)
    journal.configure({"home": 1})
    last = broken_status().handshakes[0].last
    assert last is not None
    journal.record(last)
    journal.record(last)
    assert len(journal.rounds.of(last.target).failed) == 1
