"""The place in a container's log: stamps taken off, lines that come again known."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.links import kube_cursor
from monitor.links.kube_cursor import Cursor
from tests.links.kube_server import stamped


def test_stamps_are_taken_off() -> None:
    """Lines come out as the container wrote them, spaces, carriage returns and all."""
    cursor = Cursor("pod", "container")
    block = stamped(1, 5, "one") + stamped(1, 6, "  two \r") + stamped(2, 0, "")
    assert cursor.take(block) == b"one\n  two \r\n\n"
    assert cursor.since == "2026-03-01T10:00:02Z"


def test_the_newest_line_s_time_is_known() -> None:
    """The time is the stamp's, with its fraction, whatever the node's time zone."""
    cursor = Cursor("pod", "container")
    cursor.take(b"2026-03-01T12:00:01.250000000+02:00 x\n")
    assert cursor.written == 1772359201.25


def test_lines_that_come_again_are_known() -> None:
    """After a reconnect the last second's lines come again, and only what is new is handed on."""
    cursor = Cursor("pod", "container")
    second = [stamped(3, nano, "connect") for nano in range(3)]
    cursor.take(stamped(2, 0, "old") + b"".join(second))
    assert cursor.take(b"".join(second) + stamped(3, 3, "connect") + stamped(4, 0, "new")) == b"connect\nnew\n"


def test_an_older_second_does_not_move_the_cursor() -> None:
    """A line of stderr that was stamped a moment earlier is handed on, and the cursor stays."""
    cursor = Cursor("pod", "container")
    cursor.take(stamped(3, 0, "stdout"))
    assert cursor.take(stamped(2, 999, "stderr")) == b"stderr\n"
    assert cursor.since == "2026-03-01T10:00:03Z"


def test_summer_time_does_not_stop_the_cursor() -> None:
    """When the node's clock is put back the stamps look older, and are not."""
    cursor = Cursor("pod", "container")
    cursor.take(b"2026-10-25T03:59:59.9+03:00 before\n")
    assert cursor.take(b"2026-10-25T03:00:00.1+02:00 after\n") == b"after\n"
    assert cursor.since == "2026-10-25T03:00:00+02:00"


@pytest.mark.parametrize("line", [b"no stamp here\n", b"\n", b"2026-99-99T99:99:99.0Z x\n", b"\xff\xfe x\n"])
def test_a_remark_without_a_stamp_is_handed_on(line: bytes) -> None:
    """What the kubelet itself has to say is not lost, and moves nothing."""
    cursor = Cursor("pod", "container")
    taken = cursor.take(line)
    assert taken in {line, b"x\n"}
    assert cursor.since == ""


def test_it_survives_a_restart() -> None:
    """A later process knows the lines of the last second as well."""
    cursor = Cursor("pod", "container")
    cursor.take(stamped(3, 1, "a") + stamped(3, 2, "b"))
    later = Cursor.load(json.loads(json.dumps(cursor.dump())))
    assert (later.pod, later.container, later.since) == ("pod", "container", "2026-03-01T10:00:03Z")
    assert later.take(stamped(3, 1, "a") + stamped(3, 2, "b") + stamped(3, 3, "c")) == b"c\n"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of very many lines is not remembered without end."""
    monkeypatch.setattr(kube_cursor, "SEEN_LIMIT", 10)
    cursor = Cursor("pod", "container")
    cursor.take(b"".join(stamped(3, nano, "x") for nano in range(50)))
    assert len(cursor.dump()["seen"]) == 10


@given(st.binary(max_size=200))
def test_any_bytes_are_borne(data: bytes) -> None:
    """Whatever a log holds, taking it neither fails nor makes lines out of nothing."""
    cursor = Cursor("pod", "container")
    taken = cursor.take(data + b"\n")
    assert taken.count(b"\n") <= data.count(b"\n") + 1
