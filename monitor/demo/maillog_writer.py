"""The mail log as docker-mailserver 15 writes it: RFC 3339 time, the pod's name, the daemon, the message."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from monitor.demo.layout import POD_NAME
from monitor.links.clock import wall_clock

Say = Callable[[str], None]
"""Writes one message of one process."""

MAX_BYTES = 4 * 1024 * 1024
_FIRST_PID = 1187


class MaillogWriter:
    """One file, rotated by rename when it has grown, as logrotate does it; a full disk loses lines, nothing else."""

    def __init__(self, path: Path) -> None:
        """Begin the file."""
        self.path = path
        self.stalled = False
        self._file = path.open("ab", buffering=0)
        self._pids = itertools.count(_FIRST_PID)
        self._idle: dict[str, list[int]] = {}

    def close(self) -> None:
        """Close the file; what is said later is lost."""
        self.stalled = True
        self._file.close()

    @contextmanager
    def process(self, program: str) -> Iterator[Say]:
        """Use an idle process of a Postfix program, as master(8) does, or start one."""
        idle = self._idle.setdefault(program, [])
        pid = idle.pop() if idle else next(self._pids)
        try:
            yield partial(self.write, f"{program}[{pid}]")
        finally:
            idle.append(pid)

    def write(self, tag: str, message: str) -> None:
        """Write one line; ``tag`` is the program, with its pid where it shows one."""
        if self.stalled:
            return
        stamp = datetime.fromtimestamp(wall_clock(), UTC).isoformat(timespec="microseconds")
        with suppress(OSError):
            self._file.write(f"{stamp} {POD_NAME} {tag}: {message}\n".encode("ascii", "replace"))
            if self._file.tell() > MAX_BYTES:
                self._rotate()

    def _rotate(self) -> None:
        self._file.close()
        self.path.rename(self.path.with_suffix(".log.1"))
        self._file = self.path.open("ab", buffering=0)


def quoted(data: bytes, limit: int = 100) -> str:
    """Show a client's bytes as Postfix does in its warnings: C's short escapes, octal for the rest."""
    return "".join(_QUOTED[byte] for byte in data[:limit])


def neutered(text: str, limit: int = 256) -> str:
    """Show a client's words as Postfix does in replies: ``?`` for whatever does not print."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:limit])


_QUOTED = [
    {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"}.get(
        chr(byte), chr(byte) if " " <= chr(byte) <= "~" else f"\\{byte:03o}"
    )
    for byte in range(256)
]
