"""What all sources of mail log lines have in common: the ``maillog`` probe need not know where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

BLOCK_LIMIT = 256 * 1024
LINE_LIMIT = 64 * 1024

HEARTBEAT = 5.0

Position = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogBlock:
    """Whole lines, the last one ended as well; empty as a sign of life.

    ``written`` is the time (seconds since the epoch) at which the newest of them was written, as far as the source
    itself knows it: the file's modification time, Kubernetes' stamp; ``None`` where it knows nothing.
    """

    data: bytes = b""
    written: float | None = None


class LogSource(Protocol):
    """A mail log that is followed; one reader at a time.

    ``read`` may be cancelled and called again at any time: nothing is lost or doubled, the position is kept here.
    """

    @property
    def name(self) -> str:
        """The ``source`` label: ``file``, ``stdin``, ``kubernetes``."""

    @property
    def dropped(self) -> int:
        """Bytes of endless lines, beyond ``LINE_LIMIT``, that were left out so far."""

    async def read(self) -> LogBlock:
        """Return the next lines, or an empty block after ``heartbeat`` seconds without any.

        Raises:
            LinkError: the source is broken. Wait a little and call again: it goes on where it was.

        """

    def position(self) -> Position:
        """Return where the next ``read`` goes on, as data for JSON: for the constructor of a later process."""

    async def close(self) -> None:
        """Let go of the file or the connection."""


class LineBuffer:
    """Cuts a stream into whole lines; keeps the unfinished one, at most ``LINE_LIMIT`` bytes of it.

    A chunk is at most ``LINE_LIMIT`` bytes, so that no line is ever longer than that.
    """

    def __init__(self) -> None:
        """Begin at the start of a line."""
        self._unfinished = bytearray()
        self.dropped = 0

    def feed(self, chunk: bytes) -> bytes:
        """Return the lines that this chunk completes, ``b""`` where there are none."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._keep(chunk)
            return b""
        first = chunk.index(b"\n")
        self._keep(chunk[:first])
        lines = bytes(self._unfinished) + chunk[first:end]
        self._unfinished.clear()
        self._keep(chunk[end:])
        return lines

    def flush(self) -> bytes:
        """Return the unfinished line as if it were whole: its stream has ended."""
        lines = bytes(self._unfinished) + b"\n" if self._unfinished else b""
        self._unfinished.clear()
        return lines

    def _keep(self, piece: bytes) -> None:
        room = LINE_LIMIT - len(self._unfinished)
        self._unfinished += piece[:room]
        self.dropped += max(0, len(piece) - room)
