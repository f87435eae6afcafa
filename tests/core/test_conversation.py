"""monitor.core.conversation: what a transcript shows."""

import pytest

from monitor.core.conversation import TranscriptLine, readable


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"EHLO probe\r\n", "EHLO probe\\r\\n"),
        (b"a\\b\tc", "a\\\\b\\tc"),
        (b"220 caf\xc3\xa9", "220 caf\\xc3\\xa9"),
        (b"\x16\x03\x01", "3 bytes: 160301"),
        (b"\0" * 600, f"600 bytes: {'00' * 512}…"),
        (b"", ""),
    ],
)
def test_bytes_are_shown_on_one_line(data: bytes, shown: str) -> None:
    """Text is escaped, anything binary is hexadecimal."""
    assert readable(data) == shown


def test_a_transcript_shows_bytes_and_remarks_alike() -> None:
    """Bytes become readable when somebody reads them; a remark is text already."""
    assert TranscriptLine(0.5, "<", b"220 mail\r\n").text == "220 mail\\r\\n"
    assert TranscriptLine(0.5, ".", "EOF").text == "EOF"
