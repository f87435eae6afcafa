"""The mail log as a file that others write, rotate, truncate, delete and make anew."""

import asyncio
import contextlib
import errno
import glob
import os
import stat
from pathlib import Path
from typing import Self

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.log_source import BLOCK_LIMIT, HEARTBEAT, LINE_LIMIT, LogBlock, Position

# long enough to hold the time of the last line, without which many lines of a mail log are alike
FINGERPRINT = 512


class FileTail:
    """Whole lines of a file, by plain polling.

    A poll is a ``stat`` or two; a read takes at most ``BLOCK_LIMIT`` bytes of a regular file and is done on the event
    loop: the page cache answers in well under a millisecond, a thread would cost more.

    - Rotation by rename, deletion and re-creation, a symbolic link that is swapped: the old file is read until the new
      one has its first byte (a daemon that has not reopened its log yet still writes to the old one), then the new one
      from its start. An unfinished last line of the old file counts as a line.
    - ``copytruncate``: noticed by the size, or, when the file has grown past our offset again, by the bytes before
      that offset, which are no longer those that we read. What was written between our last poll and the truncation
      is gone. The hole that a writer without ``O_APPEND`` leaves behind is skipped; a mail log holds no NUL.
    - A saved position whose file was rotated meanwhile: the file is looked for in the same directory by its inode and
      read to its end first. If it is gone (compressed, deleted, truncated), the present file is read from its start:
      all of that is newer.
    """

    name = "file"

    def __init__(
        self,
        path: Path,
        *,
        from_end: bool = True,
        position: Position | None = None,
        heartbeat: float = HEARTBEAT,
        poll: float = 0.2,
    ) -> None:
        """Follow ``path``, from its end or its start or a saved position; look every ``poll`` seconds."""
        self._path = path
        self._from_end = from_end
        self._saved = position
        self._heartbeat = heartbeat
        self._poll = poll
        self._file: _OpenFile | None = None
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Bytes of endless lines that were left out."""
        return self._dropped + (self._file.dropped if self._file else 0)

    async def read(self) -> LogBlock:
        """Return the next lines, or an empty block after ``heartbeat`` seconds without any.

        Raises:
            LinkError: NOT_FOUND or PERMISSION_DENIED, LOCAL_ERROR for anything else, such as a directory or a FIFO: at
                once before the first file was opened, else after ``heartbeat`` seconds (a rotation is no fault).

        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._heartbeat
        # a long backlog must not keep the loop from everybody else
        await asyncio.sleep(0)
        while True:
            fault: LinkError | None = None
            try:
                block = self._next_block()
            except OSError as e:
                fault = self._translated(e)
                if self._file is None:
                    raise fault from e
            else:
                if block.data:
                    return block
            if loop.time() >= deadline:
                if fault is not None:
                    raise fault
                return LogBlock()
            await asyncio.sleep(self._poll if self._file is None or self._file.at_end else 0)

    def position(self) -> Position:
        """Return inode, offset and fingerprint (hexadecimal) of what has been handed out.

        Not the device: its number changes with a reboot, inode and fingerprint do not.
        """
        if self._file is None:
            return self._saved or {}
        file = self._file
        return {"inode": file.identity[1], "offset": file.offset, "fingerprint": file.fingerprint.hex()}

    async def close(self) -> None:
        """Close the file; a later ``read`` opens it again, at the same position."""
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._saved = self.position()
            self._let_go(self._file)
            self._file = None

    def _let_go(self, file: "_OpenFile") -> None:
        self._dropped += file.dropped
        file.close()

    def _next_block(self) -> LogBlock:
        if self._file is None:
            self._file = self._first_file()
        missing: OSError | None = None
        successor = False
        try:
            # asked before the old file is read to its end: whoever writes to the new one has left the old one
            successor = self._has_successor(self._file)
        except OSError as e:
            missing = e
        try:
            block = self._file.read()
        except OSError:
            # a descriptor that a network file system has declared stale (ESTALE) stays so: open it anew
            self._close()
            raise
        if block.data or not self._file.at_end:
            return block
        if missing is not None:
            raise missing
        if successor:
            new = _OpenFile.open(self._path)
            block = self._file.last_words()
            self._let_go(self._file)
            self._file = new
            if not block.data:
                return new.read()
        return block

    def _has_successor(self, file: "_OpenFile") -> bool:
        status = os.stat(self._path)  # noqa: PTH116 - the system call's own word, as for all of them here
        return (status.st_dev, status.st_ino) != file.identity and status.st_size > 0

    def _first_file(self) -> "_OpenFile":
        if self._saved:
            return self._resumed(self._saved)
        try:
            file = _OpenFile.open(self._path)
        except FileNotFoundError:
            # what is not there yet has no past that we could have missed
            self._from_end = False
            raise
        if self._from_end:
            file.seek_end()
        return file

    def _resumed(self, saved: Position) -> "_OpenFile":
        for path in (self._path, *sorted(self._path.parent.glob(glob.escape(self._path.name) + "?*"))):
            with contextlib.suppress(OSError):
                if path.stat().st_ino != saved["inode"]:
                    continue
                file = _OpenFile.open(path)
                if file.resume(saved["offset"], bytes.fromhex(saved["fingerprint"])):
                    return file
                file.close()
        return _OpenFile.open(self._path)

    def _translated(self, error: OSError) -> LinkError:
        match error:
            case FileNotFoundError():
                reason = Reason.NOT_FOUND
            case PermissionError():
                reason = Reason.PERMISSION_DENIED
            case _:
                reason = Reason.LOCAL_ERROR
        return LinkError(reason, f"{self._path}: {error.strerror}")


class _OpenFile:
    """An open regular file, and how much of it has been handed out: everything before ``offset``.

    ``fingerprint`` is what stood right before ``offset``, at most ``FINGERPRINT`` bytes. An unfinished line is not
    kept but read again: so the offset alone is the position.
    """

    def __init__(self, fd: int) -> None:
        status = os.fstat(fd)
        self._fd = fd
        self._seen: tuple[int, int] | None = None
        self._skipping = False
        self.identity = status.st_dev, status.st_ino
        self.offset = 0
        self.fingerprint = b""
        self.dropped = 0

    @classmethod
    def open(cls, path: Path) -> Self:
        # looked at before it is opened: to open and leave a FIFO would kill its writer by SIGPIPE
        _require_regular(path.stat())
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            _require_regular(os.fstat(fd))
            return cls(fd)
        except BaseException:
            os.close(fd)
            raise

    @property
    def at_end(self) -> bool:
        """Whether the last read came to the end of the file."""
        return self._seen is not None

    def read(self) -> LogBlock:
        """Return the whole lines from ``offset`` on, as many as fit."""
        status = os.fstat(self._fd)
        state = status.st_size, status.st_mtime_ns
        if state == self._seen:
            return LogBlock()
        data = self._read_on(status.st_size)
        self._seen = state if len(data) < BLOCK_LIMIT else None
        return LogBlock(self._lines(self._beyond_hole(data)), status.st_mtime)

    def last_words(self) -> LogBlock:
        """Return the unfinished last line as a whole one: nobody will finish it."""
        rest = b"" if self._skipping else os.pread(self._fd, LINE_LIMIT, self.offset).translate(None, b"\0")
        return LogBlock(rest + b"\n" if rest else b"", os.fstat(self._fd).st_mtime)

    def seek_end(self) -> None:
        """Go to the start of the last, unfinished line, or to the very end."""
        size = os.fstat(self._fd).st_size
        start = max(0, size - LINE_LIMIT)
        tail = os.pread(self._fd, size - start, start)
        newline = tail.rfind(b"\n") + 1
        self._skipping = start > 0 and not newline
        self.offset = size if self._skipping else start + newline
        self.fingerprint = tail[: self.offset - start][-FINGERPRINT:]

    def resume(self, offset: int, fingerprint: bytes) -> bool:
        """Go to a saved position, if this is still the file that it was."""
        if os.pread(self._fd, len(fingerprint), offset - len(fingerprint)) != fingerprint:
            return False
        self.offset = offset
        self.fingerprint = fingerprint
        return True

    def close(self) -> None:
        os.close(self._fd)

    def _read_on(self, size: int) -> bytes:
        known = self.fingerprint
        if size >= self.offset:
            data = os.pread(self._fd, len(known) + BLOCK_LIMIT, self.offset - len(known))
            if data.startswith(known):
                return data[len(known) :]
        # truncated, and perhaps grown past us again: begin anew
        self.offset = 0
        self.fingerprint = b""
        self._skipping = False
        return os.pread(self._fd, BLOCK_LIMIT, 0)

    def _beyond_hole(self, data: bytes) -> bytes:
        rest = data.lstrip(b"\0")
        self._advance(data, len(data) - len(rest))
        if data and not rest:
            # a hole may be gigabytes long; ENXIO: nothing but hole up to the end
            with contextlib.suppress(OSError):
                self.offset = os.lseek(self._fd, self.offset, os.SEEK_DATA)
                self._seen = None
        return rest

    def _lines(self, data: bytes) -> bytes:
        if self._skipping:
            skipped = data.find(b"\n") + 1 or len(data)
            self._skipping = not data[:skipped].endswith(b"\n")
            self.dropped += skipped
            self._advance(data, skipped)
            data = data[skipped:]
        end = data.rfind(b"\n") + 1
        lines = data[:end]
        if not end and len(data) >= LINE_LIMIT:
            end = len(data)
            lines = data[:LINE_LIMIT] + b"\n"
            self.dropped += end - LINE_LIMIT
            self._skipping = True
        self._advance(data, end)
        return lines.translate(None, b"\0")

    def _advance(self, data: bytes, count: int) -> None:
        self.offset += count
        self.fingerprint = (self.fingerprint + data[:count])[-FINGERPRINT:]


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file")
