"""What all sources have in common: cutting a stream into lines, and the contract."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from monitor.links.kube_log import KubernetesPodLog
from monitor.links.log_source import LINE_LIMIT, LineBuffer, LogSource
from monitor.links.stdin import StdinSource
from monitor.links.tail import FileTail


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"") + b"\n")), st.data())
def test_lines_are_the_same_however_the_stream_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    """Whole lines come out once each, in order, whatever the chunks were."""
    stream = b"".join(lines)
    buffer = LineBuffer()
    out = b""
    while stream:
        size = data.draw(st.integers(1, 60))
        got = buffer.feed(stream[:size])
        assert got.endswith(b"\n") or not got
        out += got
        stream = stream[size:]
    assert out == b"".join(lines)
    assert buffer.flush() == b""


def test_an_endless_line_is_cut_and_counted() -> None:
    """Of a line that does not end only the limit is kept; the rest is counted, and the next line is whole."""
    buffer = LineBuffer()
    for _ in range(5):
        assert buffer.feed(b"x" * LINE_LIMIT) == b""
    assert buffer.feed(b"yy\nnext\n") == b"x" * LINE_LIMIT + b"\nnext\n"
    assert buffer.dropped == 4 * LINE_LIMIT + 2


def test_the_last_line_may_lack_its_end() -> None:
    """What is left when the stream ends counts as a line."""
    buffer = LineBuffer()
    assert buffer.feed(b"one\ntwo") == b"one\n"
    assert buffer.flush() == b"two\n"
    assert buffer.flush() == b""


def test_all_sources_keep_the_contract() -> None:
    """A probe can take any of the sources (the type checker proves the rest of it)."""
    sources: list[LogSource] = [FileTail(Path("mail.log")), StdinSource(), KubernetesPodLog("mail", "app=mail", "mail")]
    assert [(source.name, source.dropped, source.position()) for source in sources] == [
        ("file", 0, {}),
        ("stdin", 0, {}),
        ("kubernetes", 0, {}),
    ]
