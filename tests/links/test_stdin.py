"""Standard input: pipes, terminals, files."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.log_source import LINE_LIMIT
from monitor.links.stdin import StdinSource

Pipe = tuple[int, int]


@pytest.fixture(params=["pipe", "terminal"])
def ends(request: pytest.FixtureRequest) -> Iterator[Pipe]:
    """Give the reading and the writing end of a pipe or a terminal."""
    if request.param == "pipe":
        read, write = os.pipe()
    else:
        write, read = os.openpty()
    yield read, write
    os.close(read)
    with suppress(OSError):
        os.close(write)


async def test_lines_arrive_as_they_are_written(ends: Pipe) -> None:
    """Each read gives the lines that are there, without waiting for more."""
    read, write = ends
    source = StdinSource(read)
    os.write(write, b"one\ntwo\n")
    first = (await source.read()).data
    while first.count(b"\n") < 2:
        first += (await source.read()).data
    os.write(write, b"three\n")
    assert (first, (await source.read()).data) == (b"one\ntwo\n", b"three\n")


async def test_silence_is_a_heartbeat(ends: Pipe) -> None:
    """Without any line an empty block comes after the heartbeat."""
    assert (await StdinSource(ends[0], heartbeat=0.01).read()).data == b""


async def test_the_descriptor_stays_blocking(ends: Pipe) -> None:
    """The open file, which a terminal shares with standard output, is left as it was."""
    os.write(ends[1], b"x\n")
    await StdinSource(ends[0]).read()
    assert os.get_blocking(ends[0])


async def test_a_cancelled_read_loses_nothing(ends: Pipe) -> None:
    """A read that is given up leaves every byte to the next one."""
    read, write = ends
    source = StdinSource(read)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(source.read(), 0.01)
    os.write(write, b"kept\n")
    assert (await source.read()).data == b"kept\n"


async def test_the_end_is_closed_for_ever() -> None:
    """After the end the unfinished line is given, then each read says that the input has ended."""
    read, write = os.pipe()
    os.write(write, b"one\ntwo")
    os.close(write)
    source = StdinSource(read)
    assert [(await source.read()).data for _ in range(2)] == [b"one\n", b"two\n"]
    for _ in range(2):
        with pytest.raises(LinkError) as caught:
            await source.read()
        assert (caught.value.reason, caught.value.detail) == (Reason.CLOSED, "standard input ended")
    os.close(read)


async def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    """A regular file, which epoll refuses, is read block by block."""
    path = tmp_path / "mail.log"
    path.write_bytes(b"line\n" * 50_000)
    with path.open("rb") as file:
        source = StdinSource(file.fileno())
        data = b""
        with suppress(LinkError):
            while True:
                data += (await source.read()).data
    assert data == b"line\n" * 50_000


async def test_no_input_at_all_has_ended() -> None:
    """/dev/null, which a service manager gives, ends at once."""
    null = os.open(os.devnull, os.O_RDONLY)
    source = StdinSource(null)
    assert (await source.read()).data == b""
    with pytest.raises(LinkError):
        await source.read()
    os.close(null)


async def test_a_closed_descriptor_is_a_local_error() -> None:
    """A process that was started without standard input says so."""
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    with pytest.raises(LinkError) as caught:
        await StdinSource(read).read()
    assert caught.value.reason is Reason.LOCAL_ERROR


async def test_an_endless_line_is_bounded() -> None:
    """Megabytes without a line end are dropped and counted."""
    read, write = os.pipe()
    source = StdinSource(read)
    for _ in range(64):
        os.write(write, b"x" * 32768)
        await source.read()
    os.write(write, b"\nnext\n")
    assert (await source.read()).data == b"x" * LINE_LIMIT + b"\nnext\n"
    assert source.dropped == 64 * 32768 - LINE_LIMIT
    os.close(read)
    os.close(write)


async def test_a_stream_has_no_position() -> None:
    """There is nothing to go back to, and nothing to close."""
    source = StdinSource(0)
    assert source.position() == {}
    await source.close()
    assert source.name == "stdin"
