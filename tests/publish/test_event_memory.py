"""The last events: numbered, bounded, told as they come."""

from monitor.publish.event_memory import KEPT_EVENTS, Event, EventMemory


def test_events_are_numbered_and_bounded() -> None:
    """The oldest go; whoever names the last number it knows gets what came after."""
    told: list[Event] = []
    memory = EventMemory(lambda: 1_790_000_000.0, told.append)
    for index in range(KEPT_EVENTS + 5):
        memory.keep("info", "verdict.changed", {"node": str(index)})
    kept = memory.since()
    assert len(kept) == KEPT_EVENTS
    assert [event.fields["node"] for event in kept[:2]] == ["5", "6"]
    assert len(told) == KEPT_EVENTS + 5
    assert memory.since(kept[-3].number) == kept[-2:]


def test_numbers_grow_over_a_restart() -> None:
    """A later life begins beyond the numbers of an earlier one."""
    first, second = EventMemory(lambda: 1_790_000_000.0, print), EventMemory(lambda: 1_790_000_060.0, print)
    first.keep("info", "a", {})
    second.keep("info", "a", {})
    assert first.since()[0].number < second.since()[0].number


def test_an_event_is_json_with_its_fields() -> None:
    """Number, time, level and name stand beside the fields of the log."""
    event = Event(7, 5.0, "warning", "verdict.changed", {"path": "home"})
    assert event.document == {"id": 7, "at": 5.0, "level": "warning", "event": "verdict.changed", "path": "home"}
