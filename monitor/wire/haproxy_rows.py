"""Rows of HAProxy's tables, each read on its own: what is wrong with one costs that row alone, and is counted."""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from monitor.core.haproxy import Dropped

T = TypeVar("T")

_EXAMPLES = 8
_EXAMPLE_LENGTH = 120


class Rows(NamedTuple, Generic[T]):
    """What could be read of a table, in its order, and what could not."""

    read: tuple[T, ...]
    dropped: Dropped | None = None


class BadRowError(ValueError):
    """A row that cannot be read; the message says what is wrong with it."""


def read_rows(rows: Iterable[str], read: Callable[[str], T]) -> Rows[T]:
    """Read each row by ``read``, which raises ``BadRowError`` for a bad one."""
    bad: list[str] = []
    count = 0

    def good() -> Iterator[T]:
        nonlocal count
        for row in rows:
            try:
                yield read(row)
            except BadRowError as error:
                count += 1
                if count <= _EXAMPLES:
                    bad.append(printable(str(error)))

    found = tuple(good())
    return Rows(found, Dropped(count, tuple(bad)) if count else None)


def printable(text: str) -> str:
    """Text from a peer, fit for a sentence: bounded, with ``?`` for what cannot be printed."""
    return "".join(char if char.isprintable() else "?" for char in text[:_EXAMPLE_LENGTH])
