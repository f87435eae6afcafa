"""The small parts of the page."""

import pytest

from monitor.publish.picture import Level
from monitor.publish.words import LEVEL_WORDS, breakable, duration, listing, moment, prose


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0042, "4 ms"), (6.02, "6.0 s"), (42, "42 s"), (119, "119 s"), (600, "10 min"), (7200, "2 h"), (200000, "2 d")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    """One unit, two or three digits."""
    assert duration(seconds) == text


def test_every_level_has_a_word() -> None:
    """Shape and colour are never the only sign."""
    assert set(LEVEL_WORDS) == set(Level)


def test_a_long_name_breaks_behind_its_underscores() -> None:
    """The text is the same; only the places are named, and what is in it stays text."""
    assert breakable("a_<b>") == "a_<wbr>&lt;b&gt;"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("its `check port` is <wrong>", "its <code>check port</code> is &lt;wrong&gt;"),
        ("`a`, `<b>`", "<code>a</code>, <code>&lt;b&gt;</code>"),
        ("a lone `", "a lone `"),
        ("nothing: ``", "nothing: ``"),
        ("", ""),
    ],
)
def test_what_stands_between_backticks_is_code(text: str, html: str) -> None:
    """A pair of them, and nothing else; whatever it is, it stays text."""
    assert prose(text) == html


def test_a_moment_can_be_read_by_people_and_scripts() -> None:
    """UTC in words, with its date for the script."""
    assert moment(1_790_000_000.0) == '<time datetime="2026-09-21T14:13:20+00:00">14:13:20 UTC</time>'


def test_a_long_list_is_folded() -> None:
    """A few stand there at once; one alone is not hidden behind a word of its own length."""
    assert "<details>" not in listing("Evidence", ["a", "b", "c", "d"])
    folded = listing("Evidence", ["a", "b", "c", "d", "e"])
    assert "<summary>2 more</summary><ul><li>d</li><li>e</li></ul>" in folded
