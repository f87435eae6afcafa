"""What is remembered beyond the present moment, for those who look: events, days, rounds; and the feed of news."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from monitor.core.observations import AnyObservation, Observation
from monitor.core.status import PathStatus
from monitor.publish.deltas import Deltas
from monitor.publish.event_memory import Event, EventMemory
from monitor.publish.feed import Feed, Message
from monitor.publish.history import History, PathHistory
from monitor.publish.masking import masked, own_addresses
from monitor.publish.rounds import Rounds

Mask = Callable[[str], str]
SHOWN_EVENTS = 15


class View(NamedTuple):
    """What the page shows beside the statuses, as it was at one moment: newest events first, histories by path."""

    events: tuple[Event, ...] = ()
    histories: Mapping[str, PathHistory] = MappingProxyType({})
    mask: Mask = masked


class Journal:
    """The memory of the status page; every part of it is bounded."""

    def __init__(
        self, wall_clock: Callable[[], float], on_event: Callable[[Event], None] = lambda _event: None
    ) -> None:
        """Take the clock (epoch seconds) and who else is told of events. Belongs to the running event loop."""
        self.feed = Feed()
        self.events = EventMemory(wall_clock, self._tell)
        self.history = History()
        self.rounds = Rounds()
        self._deltas = Deltas()
        self._on_event = on_event
        # The house's own addresses by path, and all of them.
        self._own_of: dict[str, frozenset[str]] = {}
        self._own: frozenset[str] = frozenset()
        self._shows_addresses = False

    def configure(self, transcripts: Mapping[str, int], *, shows_addresses: bool = False) -> None:
        """Keep so many failed rounds by path; ``shows_addresses``: strangers' addresses are not masked."""
        self.rounds.keep(transcripts)
        self._shows_addresses = shows_addresses

    @property
    def mask(self) -> Mask:
        """What every text goes through that a stranger's address may stand in."""
        if self._shows_addresses:
            return lambda text: text
        own = self._own
        return lambda text: masked(text, own)

    def keep(self, level: str, name: str, fields: Mapping[str, str]) -> None:
        """Take an event in."""
        mask = self.mask
        self.events.keep(level, name, {key: mask(value) for key, value in fields.items()})

    def record(self, observation: AnyObservation) -> None:
        """Take in an ended round."""
        if isinstance(observation, Observation):
            self.rounds.record(observation)

    def update(self, statuses: Sequence[PathStatus]) -> None:
        """Take in what is known now of these paths, and tell what of it is new."""
        own = self._own_of | {path.name: own_addresses(path) for path in statuses}
        if own != self._own_of:
            self._know(own)
        self.history.update(statuses)
        self.rounds.forget(statuses)
        if not len(self.feed):
            return  # whoever comes is first told everything (``deltas.full``)
        mask = self.mask
        for delta in self._deltas.update(statuses):
            self.feed.tell(Message("status", mask(json.dumps(delta))))

    def keep_only(self, paths: Collection[str]) -> None:
        """Forget every path but these; events are kept for as long as there is room."""
        self._know({name: own for name, own in self._own_of.items() if name in paths})
        self.history.keep_only(paths)
        self.rounds.keep_only(paths)
        self._deltas.keep_only(paths)

    def view(self, statuses: Sequence[PathStatus]) -> View:
        """Give what the page shows beside these statuses."""
        events = self.events.since()[: -SHOWN_EVENTS - 1 : -1]
        return View(events, {path.name: self.history.of(path.name, path.at) for path in statuses}, self.mask)

    def _know(self, own: dict[str, frozenset[str]]) -> None:
        self._own_of = own
        self._own = frozenset[str]().union(*own.values())

    def _tell(self, event: Event) -> None:
        self.feed.tell(Message("event", json.dumps(event.document), event.number))
        self._on_event(event)
