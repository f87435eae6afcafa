"""The daemon dies at any moment and starts again: no line of the mail log is counted twice, none is forgotten."""

import json
import random
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.life import PATIENCE, life
from tests.waiting import eventually

LINE = (
    "2026-11-22T08:25:33.782348+00:00 mail postfix/smtpd-proxy587/smtpd[17377]: connect from unknown[198.51.100.{}]\n"
)
KILLS = 4


class GrowingLog:
    """A mail log that somebody writes to, a few lines at a time, and that is rotated by rename on demand."""

    def __init__(self, path: Path) -> None:
        """Begin with an empty file."""
        self.path = path
        self._path_of_part = [path]
        self._lock = threading.Lock()
        self._file = path.open("ab", buffering=0)
        self._ended = threading.Event()
        self._writer = threading.Thread(target=self._write)
        self._writer.start()

    def _write(self) -> None:
        chance = random.Random(1)  # noqa: S311 - no secret
        while not self._ended.wait(chance.uniform(0.0, 0.02)):
            lines = "".join(LINE.format(chance.randrange(256)) for _ in range(chance.randrange(1, 8)))
            with self._lock:
                self._file.write(lines.encode())

    def rotate(self) -> None:
        """Rename the file, and go on in a new one."""
        with self._lock:
            self._file.close()
            rotated = self.path.with_name(f"{self.path.name}.{len(self._path_of_part)}")
            self.path.rename(rotated)
            self._path_of_part[-1:] = [rotated, self.path]
            self._file = self.path.open("ab", buffering=0)

    def end(self) -> None:
        """Write no more."""
        self._ended.set()
        self._writer.join()
        self._file.close()

    def lines(self, inode: int, offset: int) -> int:
        """Count the lines before a position."""
        before = 0
        for part in self._path_of_part:
            content = part.read_bytes()
            if part.stat().st_ino == inode:
                return before + content[:offset].count(b"\n")
            before += content.count(b"\n")
        raise LookupError(inode)

    @property
    def all_lines(self) -> int:
        """Count all lines."""
        return sum(part.read_bytes().count(b"\n") for part in self._path_of_part)


def _position(state: Path) -> dict[str, int]:
    position: dict[str, int] = json.loads(state.read_text())["paths"]["home"]["maillog"]["file"]
    return position


def test_killed_at_any_moment_it_counts_each_line_once(tmp_path: Path) -> None:
    """The log grows and is rotated, while the daemon lives and while it is dead.

    What a process had counted when it was killed, nobody knows but by its last scrape. But the saved position says what
    it had taken; all lines behind it, and no other, are the next process's.
    """
    log = GrowingLog(tmp_path / "mail.log")
    state = tmp_path / "state.json"
    chance = random.Random(20261125)  # noqa: S311 - no secret
    taken = 0
    try:
        for number in range(KILLS):
            with life(tmp_path, "--state.file", str(state)) as daemon:
                assert ("state.loaded" if number else "state.absent") in daemon.events
                daemon.until_counted(1)
                if number % 2:
                    # of two rotations within a moment the middle file is passed over: it must have come to this one
                    daemon.until(lambda: _position(state)["inode"] == log.path.stat().st_ino)
                    log.rotate()
                time.sleep(chance.uniform(0.0, 0.5))
                counted = daemon.counted()
            position = _position(state)
            # While it was alive only the first life could begin at a place that we do not know: the end of the file.
            before, taken = taken, log.lines(position["inode"], position["offset"])
            if number:
                assert 0 < counted <= taken - before
            if not number % 2:
                log.rotate()
        with life(tmp_path, "--state.file", str(state)) as daemon:
            daemon.until_counted(1)
            log.end()
            assert daemon.until_counted(log.all_lines - taken) == log.all_lines - taken
            time.sleep(0.5)  # nothing follows
            assert daemon.counted() == log.all_lines - taken
    finally:
        log.end()


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_state_that_is_lost_is_reported_and_harmless(content: bytes | None, tmp_path: Path) -> None:
    """The log is then followed from its end, as at the first start, and the file is made anew."""
    log, state = tmp_path / "mail.log", tmp_path / "state.json"
    log.write_text(LINE.format(1) * 5)
    if content is not None:
        state.write_bytes(content)
    with life(tmp_path, "--state.file", str(state)) as daemon:
        assert ("state.absent" if content is None else "state.unusable") in daemon.events

        def saved() -> bool:
            with log.open("a") as file:  # until the file is followed, its end is where it is
                file.write(LINE.format(2))
            return state.exists() and state.read_bytes() != content

        eventually(saved, PATIENCE, every=0.1)
        assert daemon.counted() <= len(log.read_text().splitlines()) - 5
    with life(tmp_path, "--state.file", str(state)) as daemon:
        assert "state.loaded" in daemon.events


def test_a_state_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """The daemon does its work all the same."""
    log = tmp_path / "mail.log"
    log.touch()
    with life(tmp_path, "--state.file", str(tmp_path / "nowhere" / "state.json")) as daemon:

        def told() -> bool:
            with log.open("a") as file:
                file.write(LINE.format(3))
            return "state.unwritable" in daemon.events

        eventually(told, PATIENCE, every=0.1)
        daemon.until_counted(1)
