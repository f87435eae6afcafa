"""Faults of one file: each with line, column and key path, all of them at once, in the order of the file."""

import re
from typing import NamedTuple, Protocol

from monitor.core.errors import ConfigError, Fault

_LONGEST_SHOWN = 80


class Mark(Protocol):
    """A place in a text as YAML's parsers know it."""

    @property
    def line(self) -> int:
        """The line, from 0."""

    @property
    def column(self) -> int:
        """The column, from 0."""


class Complaint(NamedTuple):
    """A fault of meaning: the key path it is about, the sentence, and further key paths that it rests on.

    It is not raised where something at or below ``place`` could not be read, nor any of ``rests_on`` itself.
    """

    place: str
    message: str
    rests_on: tuple[str, ...] = ()


class Faults:
    """Collects the faults of one file; knows where each key path stands in it."""

    def __init__(self, file: str) -> None:
        """Begin without faults; ``file`` is the name that faults begin with."""
        self.file = file
        self.places: dict[str, Mark] = {}
        self._broken: list[str] = []
        self._found: list[tuple[tuple[int, int], Fault]] = []

    def add(self, place: str, message: str, mark: Mark | None = None) -> None:
        """Note that a key path (``""``: all of it) cannot be used; without ``mark`` it stands where it was read."""
        self._broken.append(place)
        mark = mark or self._nearest(place)
        where = f"{self.file}:{mark.line + 1}:{mark.column + 1}" if mark else self.file
        order = (mark.line, mark.column) if mark else (-1, -1)
        self._found.append((order, Fault(f"{where}: {place}" if place else where, message)))

    def complain(self, complaint: Complaint) -> None:
        """Note a fault of meaning, unless what it rests on is at fault already: then nobody knows."""
        for broken in self._broken:
            if _within(broken, complaint.place):
                return
            if any(_within(place, broken) for place in (complaint.place, *complaint.rests_on)):
                return
        self.add(complaint.place, complaint.message)

    def raise_if_any(self) -> None:
        """Raise ``ConfigError`` with every fault, in the order of the file, if there is one."""
        if self._found:
            raise ConfigError(
                *(fault for _, fault in sorted(self._found, key=lambda found: (found[0], found[1].place)))
            )

    def _nearest(self, place: str) -> Mark | None:
        # A default stands nowhere: the block that it belongs to does.
        known = [outer for outer in self.places if _within(place, outer)]
        return self.places[max(known, key=len)] if known else None


def _within(place: str, outer: str) -> bool:
    return outer in {place, ""} or place.startswith((f"{outer}.", f"{outer}["))


def below(place: str, key: str) -> str:
    """Return the key path of a key: ``paths[0].checks`` and ``interval`` make ``paths[0].checks.interval``."""
    shown = key if re.fullmatch(r"[\w<-]{1,80}", key, re.ASCII) else shortened(key)
    return f"{place}.{shown}" if place else shown


def shortened(text: str) -> str:
    """Quote a text from the file for a fault's sentence: one line, bounded, nothing unprintable."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
