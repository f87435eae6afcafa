"""What is handed in is read with care, and a fault is one sentence."""

import pytest

from monitor.publish.posted import LONGEST_SHOWN, ReportError, line_of, path_of, seconds_of, shown
from tests.publish.statuses import path_status


def test_a_value_is_shown_on_one_line() -> None:
    """Whatever it is, and never endless."""
    assert [shown(value) for value in (None, float("inf"), "a\nb", [1])] == [
        "nothing",
        "no finite number",
        "'a\\nb'",
        "[1]",
    ]
    assert len(shown("x" * 1000)) == LONGEST_SHOWN + 1


def test_the_only_path_need_not_be_named() -> None:
    """Among several it must; and none is none."""
    assert path_of(None, [path_status()]).name == "home"
    with pytest.raises(ReportError, match="expected one of home, home"):
        path_of(None, [path_status(), path_status()])
    with pytest.raises(ReportError):
        path_of("home", [])


def test_seconds_and_lines() -> None:
    """Truth is no number, an absent text is empty, a long one is cut."""
    assert seconds_of("length", 2, 10) == 2.0
    for wrong in (True, -1, 11, float("nan"), "1"):
        with pytest.raises(ReportError, match="length: expected a number from 0 to 10"):
            seconds_of("length", wrong, 10)
    assert (line_of("text", None, 5), line_of("text", "a\tb cdef", 5)) == ("", "a b c")
