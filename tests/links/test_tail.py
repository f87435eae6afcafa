"""A log file that is written, rotated, truncated, deleted and made anew, by real operations on real files."""

# ruff: noqa: ASYNC240 - the files are what is tested, and the loop has nothing else to do

import asyncio
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.log_source import BLOCK_LIMIT, LINE_LIMIT, Position
from monitor.links.tail import FileTail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a log that does not exist yet."""
    return tmp_path / "mail.log"


def _follow(path: Path, *, from_end: bool = False, position: Position | None = None) -> FileTail:
    return FileTail(path, from_end=from_end, position=position, heartbeat=0.02, poll=0.001)


async def _drain(source: FileTail) -> bytes:
    """Read until nothing comes any more."""
    data = b""
    while (block := await source.read()).data:
        data += block.data
    return data


async def _failure(source: FileTail) -> LinkError:
    with pytest.raises(LinkError) as caught:
        await source.read()
    return caught.value


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


async def test_it_starts_at_the_end(path: Path) -> None:
    """By default only what is written from now on is read, beginning with the line that is being written."""
    path.write_bytes(b"old\nbegun")
    source = _follow(path, from_end=True)
    assert await _drain(source) == b""
    _append(path, b" and ended\nnew\n")
    assert await _drain(source) == b"begun and ended\nnew\n"
    await source.close()


async def test_it_starts_at_the_start_if_asked(path: Path) -> None:
    """Everything that is there is read, block by block, and then what is added."""
    path.write_bytes(b"0123456789abcde\n" * 50_000)
    source = _follow(path)
    assert len((await source.read()).data) <= BLOCK_LIMIT
    assert len(await _drain(source)) == 800_000 - BLOCK_LIMIT
    await source.close()


async def test_silence_is_a_heartbeat(path: Path) -> None:
    """Without any line an empty block comes after the heartbeat."""
    path.touch()
    source = _follow(path)
    assert (await source.read()).data == b""
    await source.close()


async def test_a_block_tells_when_it_was_written(path: Path) -> None:
    """The file's modification time goes with the lines."""
    path.write_bytes(b"line\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    source = _follow(path)
    assert (await source.read()).written == 1_700_000_000
    await source.close()


async def test_a_partial_line_waits_for_its_end(path: Path) -> None:
    """A line is handed on when it is whole, once."""
    source = _follow(path)
    path.touch()
    for piece in (b"on", b"e li", b"ne\ntw"):
        _append(path, piece)
        data = await _drain(source)
    assert data == b"one line\n"
    await source.close()


async def test_rotation_by_rename(path: Path) -> None:
    """The old file is read to its end, then the new one from its start."""
    path.write_bytes(b"1\n")
    source = _follow(path)
    assert await _drain(source) == b"1\n"
    _append(path, b"2\n")
    path.rename(path.with_suffix(".log.1"))
    path.write_bytes(b"3\n")
    assert await _drain(source) == b"2\n3\n"
    await source.close()


async def test_a_writer_that_reopens_late_loses_nothing(path: Path) -> None:
    """As long as the new file is empty the old one is still read: logrotate makes it before it tells the daemon."""
    path.write_bytes(b"1\n")
    source = _follow(path)
    await _drain(source)
    with path.open("ab", buffering=0) as writer:
        path.rename(path.with_suffix(".log.1"))
        path.touch()
        assert await _drain(source) == b""
        writer.write(b"2\nunfinis")
        assert await _drain(source) == b"2\n"
    _append(path, b"3\n")
    assert await _drain(source) == b"unfinis\n3\n"
    await source.close()


async def test_deletion_and_re_creation(path: Path) -> None:
    """A file that is gone is told as not found, after what was still in it; when it is back, all of it is read."""
    path.write_bytes(b"1\n")
    source = _follow(path, from_end=True)
    await _drain(source)
    _append(path, b"2\n")
    path.unlink()
    assert (await source.read()).data == b"2\n"
    for _ in range(2):
        error = await _failure(source)
        assert (error.reason, error.detail) == (Reason.NOT_FOUND, f"{path}: No such file or directory")
    path.write_bytes(b"3\n")
    assert await _drain(source) == b"3\n"
    await source.close()


async def test_a_file_that_comes_later_is_read_from_its_start(path: Path) -> None:
    """What did not exist when we came has no past to skip."""
    source = _follow(path, from_end=True)
    assert (await _failure(source)).reason is Reason.NOT_FOUND
    path.write_bytes(b"first\n")
    assert await _drain(source) == b"first\n"
    await source.close()


async def test_the_moment_between_rename_and_creation_is_no_fault(path: Path) -> None:
    """A file that is missing for less than a heartbeat is not reported."""
    path.write_bytes(b"1\n")
    source = FileTail(path, from_end=False, heartbeat=5.0, poll=0.001)
    await source.read()
    path.rename(path.with_suffix(".log.1"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(source.read())
        await asyncio.sleep(0.02)
        assert not task.done()
        path.write_bytes(b"2\n")
    assert task.result().data == b"2\n"
    await source.close()


async def test_copytruncate_is_seen_by_the_size(path: Path) -> None:
    """A file that has shrunk is read from its start."""
    path.write_bytes(b"one\ntwo\n")
    source = _follow(path)
    await _drain(source)
    os.truncate(path, 0)
    _append(path, b"3\n")
    assert await _drain(source) == b"3\n"
    await source.close()


@pytest.mark.parametrize("extra", [0, 1, 100_000])
async def test_copytruncate_is_seen_even_when_the_file_has_grown_past_us(path: Path, extra: int) -> None:
    """A file that is as long as before, or longer, but another one, is read from its start."""
    path.write_bytes(b"old line\n" * 3)
    source = _follow(path)
    await _drain(source)
    os.truncate(path, 0)
    new = b"new line\n" * 3 + b"n\n" * extra
    _append(path, new)
    assert await _drain(source) == new
    await source.close()


async def test_the_hole_of_a_writer_without_append_is_skipped(path: Path) -> None:
    """After a truncation such a writer goes on at its old offset: gigabytes of hole are not read, its lines are."""
    with path.open("wb", buffering=0) as writer:
        writer.write(b"old line\n")
        source = _follow(path)
        await _drain(source)
        os.truncate(path, 0)
        writer.seek(8 * 1024**3)
        writer.write(b"new line\n")
        assert await _drain(source) == b"new line\n"
        os.truncate(path, 0)
        writer.write(b"newer line\n")
        assert await _drain(source) == b"newer line\n"
    await source.close()


async def test_an_endless_line_is_cut_and_counted(path: Path) -> None:
    """Of a line of megabytes only the beginning is kept, and the next line is whole."""
    path.write_bytes(b"x" * 3_000_000)
    source = _follow(path)
    assert await _drain(source) == b"x" * LINE_LIMIT + b"\n"
    _append(path, b"yy\nnext\n")
    assert await _drain(source) == b"next\n"
    assert source.dropped == 3_000_003 - LINE_LIMIT
    await source.close()
    assert source.dropped == 3_000_003 - LINE_LIMIT


async def test_starting_within_an_endless_line(path: Path) -> None:
    """Where the last line is longer than any line may be, we begin with the one after it."""
    path.write_bytes(b"x" * 3_000_000)
    source = _follow(path, from_end=True)
    await _drain(source)
    _append(path, b"yy\nnext\n")
    assert await _drain(source) == b"next\n"
    await source.close()


async def test_a_symbolic_link_that_is_swapped(path: Path, tmp_path: Path) -> None:
    """A link that points elsewhere is a rotation."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"of %s\n" % name.encode())
    path.symlink_to(tmp_path / "a")
    source = _follow(path)
    assert await _drain(source) == b"of a\n"
    _append(tmp_path / "a", b"more\n")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    (tmp_path / "link").rename(path)
    assert await _drain(source) == b"more\nof b\n"
    await source.close()


def _make_directory(path: Path) -> None:
    path.mkdir()


def _make_fifo(path: Path) -> None:
    os.mkfifo(path)


def _make_loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("make", [_make_directory, _make_fifo, _make_loop])
async def test_what_is_no_file_is_told(path: Path, make: Callable[[Path], None]) -> None:
    """A directory, a FIFO or a link to itself is a local error that names the path."""
    make(path)
    error = await _failure(_follow(path))
    assert error.reason is Reason.LOCAL_ERROR
    assert error.detail.startswith(f"{path}: ")


async def test_a_fifo_is_not_opened(path: Path) -> None:
    """Looking at a FIFO does not open it: its writer would die of SIGPIPE when we leave."""
    os.mkfifo(path)
    assert (await _failure(_follow(path))).detail == f"{path}: is not a regular file"
    with pytest.raises(OSError, match="No such device"):
        os.open(path, os.O_WRONLY | os.O_NONBLOCK)


async def test_a_file_that_we_may_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing permission is told as such, and when it is given the file is read."""
    path.write_bytes(b"line\n")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    source = _follow(path)
    with monkeypatch.context() as patch:
        # root, as which tests may run, may read everything
        patch.setattr(os, "open", refuse)
        assert (await _failure(source)).reason is Reason.PERMISSION_DENIED
    assert await _drain(source) == b"line\n"
    await source.close()


async def test_a_stale_descriptor_is_opened_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the file system disowns the open file, the next read goes on in the file that has its place."""
    path.write_bytes(b"one\n")
    source = _follow(path)
    await _drain(source)

    def stale(_: int) -> os.stat_result:
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", stale)
        assert (await _failure(source)).detail == f"{path}: Stale file handle"
    _append(path, b"two\n")
    assert await _drain(source) == b"two\n"
    await source.close()


async def test_a_cancelled_read_loses_nothing(path: Path) -> None:
    """A read that is given up leaves everything to the next one."""
    path.touch()
    source = FileTail(path, from_end=False, heartbeat=5.0, poll=0.001)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(source.read(), 0.01)
    _append(path, b"kept\n")
    assert (await source.read()).data == b"kept\n"
    await source.close()


async def test_a_backlog_leaves_the_loop_to_others(path: Path) -> None:
    """Reading a long backlog lets other tasks run between the blocks."""
    path.write_bytes(b"line\n" * 400_000)
    source = _follow(path)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        other = group.create_task(count())
        await _drain(source)
        other.cancel()
    assert turns >= 2_000_000 // BLOCK_LIMIT
    await source.close()


def _after_saving(path: Path) -> None:
    _append(path, b"3\n")


def _rotated(path: Path) -> None:
    _append(path, b"3\n")
    path.rename(path.with_name("mail.log.1"))
    path.write_bytes(b"4\n")


def _rotated_and_compressed(path: Path) -> None:
    _append(path, b"3\n")
    path.with_name("mail.log.1.gz").write_bytes(b"\x1f\x8b")
    path.write_bytes(b"4\n")


def _truncated(path: Path) -> None:
    os.truncate(path, 0)
    _append(path, b"5\n6\n7\n")


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        (_after_saving, b"3\n"),
        (_rotated, b"3\n4\n"),
        (_rotated_and_compressed, b"4\n"),
        (_truncated, b"5\n6\n7\n"),
    ],
)
async def test_a_saved_position_is_found_again(path: Path, meanwhile: Callable[[Path], None], expected: bytes) -> None:
    """A later process goes on where the earlier one was, through one rotation; else it reads the present file."""
    path.write_bytes(b"1\n2\n")
    source = _follow(path)
    await _drain(source)
    saved: Any = json.loads(json.dumps(source.position()))
    await source.close()
    meanwhile(path)
    later = _follow(path, from_end=True, position=saved)
    assert later.position() == saved
    assert await _drain(later) == expected
    await later.close()


async def test_a_position_does_not_count_an_unfinished_line(path: Path) -> None:
    """A partial line that nobody has been given is read by the later process."""
    path.write_bytes(b"1\nbegun")
    source = _follow(path)
    await _drain(source)
    await source.close()
    _append(path, b" and ended\n")
    assert await _drain(source) == b"begun and ended\n"
    await source.close()


async def test_nothing_stays_open(path: Path) -> None:
    """After close, and after every rotation, no descriptor is left."""
    before = set(Path("/proc/self/fd").iterdir())
    path.write_bytes(b"0\n")
    source = _follow(path)
    for n in range(20):
        await source.read()
        path.unlink()
        path.write_bytes(b"%d\n" % n)
    await _drain(source)
    await source.close()
    assert set(Path("/proc/self/fd").iterdir()) == before


class _Writer:
    """A daemon that logs, and a logrotate that interferes."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        self.path = path
        self.rng = rng
        self.written = b""
        self.line = 0
        self.file = path.open("ab", buffering=0)

    def append(self) -> None:
        """Write some lines, the last one perhaps in part."""
        data = b""
        for _ in range(self.rng.randint(1, 5)):
            self.line += 1
            data += b"%06d %s\n" % (self.line, b"x" * self.rng.choice([0, 3, 70, 300]))
        cut = self.rng.randint(0, len(data))
        for piece in (data[:cut], data[cut:]):
            self.file.write(piece)
        self.written += data

    def rename(self) -> None:
        """Rotate; the daemon goes on writing to the old file for a while, then reopens."""
        self.path.rename(self.path.with_name(f"mail.log.{self.line}"))
        if self.rng.random() < 0.5:
            self.path.touch()
            self.append()
        self.reopen()

    def recreate(self) -> None:
        """Delete and begin anew."""
        self.path.unlink()
        self.reopen()

    def reopen(self) -> None:
        """Open the path, as on SIGHUP."""
        self.file.close()
        self.file = self.path.open("ab", buffering=0)
        self.append()

    def copytruncate(self) -> None:
        """Truncate; the daemon notices nothing."""
        os.truncate(self.path, 0)
        for _ in range(self.rng.randint(0, 10)):
            self.append()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["append", "append", "rename", "recreate", "copytruncate", "restart"]), max_size=25),
    st.randoms(use_true_random=False),
)
def test_every_line_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str], rng: random.Random
) -> None:
    """Whatever happens to the file between two reads, each line comes once, in order."""
    path = tmp_path_factory.mktemp("log") / "mail.log"

    async def play(writer: _Writer) -> bytes:
        source = FileTail(path, from_end=False, heartbeat=0.002, poll=0.0)
        read = await _drain(source)
        for action in actions:
            if action == "restart":
                await source.close()
                source = FileTail(path, position=source.position(), heartbeat=0.002, poll=0.0)
            else:
                getattr(writer, action)()
            read += await _drain(source)
        await source.close()
        return read

    writer = _Writer(path, rng)
    try:
        writer.append()
        assert asyncio.run(play(writer)) == writer.written
    finally:
        writer.file.close()
