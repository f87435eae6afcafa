"""What stands in a mail log already: its end, read once, for whoever looks once and follows nothing."""

import asyncio
import os
import stat
from pathlib import Path

# A busy server's ten minutes, and no more than may be read before anybody waits.
MOST = 4 * 1024 * 1024


async def end_of_file(path: Path, most: int = MOST) -> bytes:
    """Read the whole lines at a file's end, ``most`` bytes of it; nothing where it cannot be read.

    Who follows it tells what is wrong. A thread reads, since a file of the past need not be in the page cache.
    """
    try:
        return await asyncio.to_thread(_end, path, most)
    except OSError:
        return b""


def _end(path: Path, most: int) -> bytes:
    # a FIFO would be waited for by open(2)
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return b""
        begin = max(0, status.st_size - most)
        file.seek(begin)
        data = file.read(most)
    first = data.find(b"\n") + 1 if begin else 0
    return data[first : data.rfind(b"\n") + 1]
