"""HAProxy's quoting, escapes and times."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.wire.haproxy_words import MAX_LINE, ConfigLine, config_lines, milliseconds

LINE = ConfigLine(7, ("timeout", "client"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("\tserver\t\t\tk8s-node1 10.0.20.101:30125  check ", ("server", "k8s-node1", "10.0.20.101:30125", "check")),
        ("a b # c", ("a", "b")),
        (r"a \# b", ("a", "#", "b")),
        ("a '#' b", ("a", "#", "b")),
        ('a "b c" d', ("a", "b c", "d")),
        ("a 'b \\n \"c' d", ("a", 'b \\n "c', "d")),
        (r"log-format %T\ %t", ("log-format", "%T %t")),
        (r'"a\"b" c\\ d', ('a"b', "c\\", "d")),
        (r"\x41\n\r\t.", ("A\n\r\t.",)),
        (r"\xzz", ("xzz",)),
        ('a "" b', ("a", "", "b")),
        ("a'b'\"c\"d", ("abcd",)),
        ("a\r", ("a",)),
        ("a \\\n b", ("a", "b")),
    ],
)
def test_words(line: str, words: tuple[str, ...]) -> None:
    """A line is cut as HAProxy cuts it."""
    assert [each.words for each in config_lines(line)] == [words]


def test_numbers() -> None:
    """Lines keep their numbers; empty ones and comments are left out, a continued one has its first."""
    lines = list(config_lines("# x\n\na \\\n b\nc\n"))
    assert [(line.number, line.words) for line in lines] == [(3, ("a", "b")), (5, ("c",))]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("a\nb 'c", "line 2: a quote without end"),
        ('a "b\n" c', "line 1: a quote without end"),
        ("a \\", "the last line goes on"),
        ("x" * (MAX_LINE + 1), "more than"),
        ("x\\\n" * MAX_LINE, "more than"),
    ],
)
def test_wrong(text: str, detail: str) -> None:
    """A quote or a line without end is refused, by the number of its line."""
    with pytest.raises(WireError) as caught:
        list(config_lines(text))
    assert detail in caught.value.detail


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("30000", 30_000),
        ("30000ms", 30_000),
        ("5s", 5000),
        ("30m", 1_800_000),
        ("1h", 3_600_000),
        ("2d", 172_800_000),
        ("1500us", 1),
        ("0", 0),
    ],
)
def test_times(value: str, expected: int) -> None:
    """A time without unit is milliseconds."""
    assert milliseconds(value, LINE) == expected


@pytest.mark.parametrize("value", ["", "s", "5 s", "5x", "-1", "1.5s", "³", "25d", "9" * 30])
def test_no_times(value: str) -> None:
    """What HAProxy would refuse, or could not count, is refused."""
    with pytest.raises(WireError, match="line 7"):
        milliseconds(value, LINE)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    """Any text gives words or a WireError."""
    with suppress(WireError):
        assert all(line.words for line in config_lines(text))
