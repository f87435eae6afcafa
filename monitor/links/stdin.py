"""The mail log by standard input: ``kubectl logs -f … | mailpath run``, a terminal, or a file."""

import asyncio
import os

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links.log_source import HEARTBEAT, LINE_LIMIT, LineBuffer, LogBlock, Position


class StdinSource:
    """Lines from a file descriptor that somebody else has opened.

    The descriptor is never made non-blocking: that flag belongs to the open file, which a terminal's standard input
    shares with standard output, and our own prints would fail with EAGAIN. It is read only when the loop calls it
    readable.
    """

    name = "stdin"

    def __init__(self, fd: int = 0, *, heartbeat: float = HEARTBEAT) -> None:
        """Read ``fd``, which stays open; give a sign of life every ``heartbeat`` seconds."""
        self._fd = fd
        self._heartbeat = heartbeat
        self._lines = LineBuffer()
        self._ended = False

    @property
    def dropped(self) -> int:
        """Bytes of endless lines that were left out."""
        return self._lines.dropped

    async def read(self) -> LogBlock:
        """Return the next lines, or an empty block after ``heartbeat`` seconds without any.

        Raises:
            LinkError: CLOSED for ever once the input has ended, LOCAL_ERROR when it cannot be read.

        """
        if self._ended:
            raise LinkError(Reason.CLOSED, "standard input ended")
        try:
            async with asyncio.timeout(self._heartbeat):
                await self._readable()
        except TimeoutError:
            return LogBlock()
        try:
            chunk = os.read(self._fd, LINE_LIMIT)
        except OSError as e:
            raise LinkError(Reason.LOCAL_ERROR, f"standard input: {e.strerror}") from e
        if chunk:
            return LogBlock(self._lines.feed(chunk))
        self._ended = True
        return LogBlock(self._lines.flush())

    def position(self) -> Position:
        """Return nothing: a stream cannot be gone back to."""
        return {}

    async def close(self) -> None:
        """Do nothing: the descriptor is the process's own."""

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        readable = loop.create_future()
        try:
            loop.add_reader(self._fd, _wake, readable)
        except PermissionError:
            # epoll_ctl(2) knows no regular files and no /dev/null: they never keep a reader waiting
            await asyncio.sleep(0)
            return
        except OSError as e:
            raise LinkError(Reason.LOCAL_ERROR, f"standard input: {e.strerror}") from e
        try:
            await readable
        finally:
            loop.remove_reader(self._fd)


def _wake(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)
