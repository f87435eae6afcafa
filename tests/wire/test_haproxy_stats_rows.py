"""Rows of HAProxy's tables: a bad one costs itself, and what is shown of it is bounded."""

import pytest

from monitor.core.haproxy import Dropped
from monitor.wire.haproxy_stats import BadRowError, printable, read_rows


def number(row: str) -> int:
    """Read a whole number."""
    if not row.isdigit():
        raise BadRowError(f"{row} is no number")
    return int(row)


def test_a_sound_table_drops_nothing() -> None:
    """An empty one is sound too."""
    assert read_rows(["1", "2"], number) == ((1, 2), None)
    assert read_rows([], number) == ((), None)


def test_a_bad_row_costs_that_row_alone() -> None:
    """The others keep their order."""
    read, dropped = read_rows(["1", "x", "3"], number)
    assert read == (1, 3)
    assert dropped == Dropped(1, ("x is no number",))


def test_all_bad_rows_are_counted_and_a_few_are_shown() -> None:
    """A table of ten thousand bad rows fills neither memory nor a log."""
    _, dropped = read_rows(["x" * 500] * 10_000, number)
    assert dropped is not None
    count, examples = dropped.count, dropped.examples
    assert (count, len(examples), {len(each) for each in examples}) == (10_000, 8, {120})


def test_a_bug_of_a_reader_is_no_bad_row() -> None:
    """It is raised, and survived where bugs are."""
    with pytest.raises(ZeroDivisionError):
        read_rows(["0"], lambda row: 1 // int(row))


def test_a_peers_text_is_made_printable() -> None:
    """Control characters and bytes that are no text would disturb a terminal."""
    assert printable("a\x1b[31m\n\udc80é") == "a?[31m??é"
