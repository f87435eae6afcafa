"""Lines are cut the same however they arrive, and nothing that a peer sends is held without a bound."""

from collections.abc import Generator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.conversation import DialogueOutcome, Script, Step
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.lines import MAX_LINE_BYTES, MAX_REPLY_BYTES, MAX_REPLY_LINES, LineReader, printable
from tests.wire.playbook import Cut, drive, every_cut


def _read(data: bytes, cut: Cut, *, lines: int) -> list[bytes]:
    taken: list[bytes] = []

    def script() -> Script:
        reader = LineReader()
        while len(taken) < lines:
            line = yield from reader.line()
            taken.append(line)
        return DialogueOutcome()

    played = drive(script(), [cut.pieces(data)])
    if played.error:
        raise played.error
    return taken


@every_cut
def test_a_line_ends_at_crlf_or_bare_lf_and_a_lone_cr_is_data(cut: Cut) -> None:
    """CRLF and LF end a line, CR alone does not, and only one CR belongs to the line end."""
    assert _read(b"one\r\ntwo\nth\rree\r\r\n\r\n\x00\xff\n", cut, lines=5) == [
        b"one",
        b"two",
        b"th\rree\r",
        b"",
        b"\x00\xff",
    ]


@every_cut
def test_a_line_may_be_as_long_as_the_bound_and_no_longer(cut: Cut) -> None:
    """The longest allowed line passes; one byte more is too large, with or without its line end."""
    longest = b"x" * (MAX_LINE_BYTES - 1) + b"\r\n"
    assert _read(longest, cut, lines=1) == [longest[:-2]]
    for data in (b"x" + longest, b"x" * (MAX_LINE_BYTES + 1)):
        with pytest.raises(WireError) as caught:
            _read(data, cut, lines=1)
        assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("line", "count"),
    [(b"\n", MAX_REPLY_LINES), (b"x" * 1023 + b"\n", MAX_REPLY_BYTES // 1024)],
    ids=["lines", "bytes"],
)
def test_a_reply_is_bounded_and_the_next_one_is_counted_anew(line: bytes, count: int) -> None:
    """One line more than a reply may have is too large, unless it begins the next reply."""
    reader = LineReader()

    def take(lines: int) -> None:
        for _ in range(lines):
            _resume(reader.line(), line)

    take(count)
    reader.begin_reply()
    take(count)
    with pytest.raises(WireError) as caught:
        take(1)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("data", "lines", "detail"),
    [
        (b"", 1, "closed without a byte"),
        (b"22", 1, "closed in the middle of a reply"),
        (b"220-a\r\n", 2, "closed in the middle of a reply"),
    ],
)
def test_the_end_of_the_stream_says_how_far_the_peer_had_come(data: bytes, lines: int, detail: str) -> None:
    """A peer that closed without a byte is told from one that closed in the middle; its bytes are kept."""
    with pytest.raises(WireError) as caught:
        _read(data, Cut("whole", 100), lines=lines)
    assert (caught.value.reason, caught.value.detail, caught.value.data) == (Reason.CLOSED, detail, data)


def test_the_end_of_the_stream_between_replies_is_told_apart() -> None:
    """A peer that answered before and closes instead of the next reply was due to speak."""
    reader = LineReader()
    _resume(reader.line(), b"220 mail\r\n")
    reader.begin_reply()
    with pytest.raises(WireError, match="closed where a reply was due"):
        _resume(reader.line(), b"")


@given(st.lists(st.binary(min_size=1, max_size=5000), max_size=12))
@settings(max_examples=60, deadline=None)
def test_no_more_is_asked_for_when_a_line_has_come_or_cannot_come(chunks: list[bytes]) -> None:
    """Whatever arrives, more is asked for only while less than one line is held and no line end among it."""
    line = LineReader().line()
    held = b""
    with suppress(StopIteration, WireError):
        next(line)
        for chunk in [*chunks, b""]:
            assert b"\n" not in held
            assert len(held) <= MAX_LINE_BYTES
            held += chunk
            line.send(chunk)


def test_what_does_not_print_is_shown_as_an_escape() -> None:
    """UTF-8 stays readable; NUL, ESC and bytes that are no UTF-8 can neither hide nor move a cursor."""
    assert printable("Grüße".encode()) == "Grüße"
    assert printable(b"a\x00b\x1b[2J\xff\r") == "a\\x00b\\x1b[2J\\xff\\r"


def _resume(line: Generator[Step, bytes, bytes], data: bytes) -> None:
    next(line)
    with pytest.raises(StopIteration):
        line.send(data)
