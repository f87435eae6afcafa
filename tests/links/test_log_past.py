"""The end of a file that others have written: whole lines, bounded, and nothing of what is no file."""

import os
from pathlib import Path

import pytest

from monitor.links.log_past import end_of_file


@pytest.mark.parametrize(
    ("content", "most", "end"),
    [
        (b"one\ntwo\n", 100, b"one\ntwo\n"),
        (b"one\ntwo\nhalf", 100, b"one\ntwo\n"),
        (b"one\ntwo\nthree\n", 8, b"three\n"),
        (b"one\ntwo\nthree\n", 6, b""),
        (b"endless", 100, b""),
        (b"", 100, b""),
    ],
)
async def test_whole_lines_at_the_end(tmp_path: Path, content: bytes, most: int, end: bytes) -> None:
    """What is cut at either side is no line."""
    log = tmp_path / "mail.log"
    log.write_bytes(content)
    assert await end_of_file(log, most) == end


async def test_what_is_no_file_says_nothing(tmp_path: Path) -> None:
    """Missing, a directory, a FIFO that nobody writes to: nothing, and at once."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (tmp_path / "missing", tmp_path, fifo):
        assert await end_of_file(path) == b""
