"""One small file that is read at the start and replaced as a whole, again and again."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason

# Far beyond what any number of paths needs; what is larger is not ours.
SIZE_LIMIT = 16 * 1024 * 1024
OWNER_ONLY = 0o600

_REASONS = {FileNotFoundError: Reason.NOT_FOUND, PermissionError: Reason.PERMISSION_DENIED}


class StateFile:
    """Whoever reads it finds what was written last, or what was written before that, and never a part of either.

    The new content goes to a file beside it, which is then given its name: rename(2) is atomic. Nothing is synchronised
    with the disk (fsync(2) would hold up the event loop): the death of the process loses nothing, the death of the
    host may lose the file.
    """

    def __init__(self, path: Path) -> None:
        """Take the place; its directory must exist, and ours is the only process that writes there."""
        self.path = path
        self._beside = path.with_name(f"{path.name}.new")

    def read(self) -> bytes:
        """Return the content.

        Raises:
            LinkError: NOT_FOUND, PERMISSION_DENIED, TOO_LARGE; LOCAL_ERROR for anything else, such as a directory.
        """
        try:
            # O_NONBLOCK: a FIFO of that name would never open
            fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(fd, "rb") as file:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise LinkError(Reason.LOCAL_ERROR, f"{self.path}: is not a regular file")
                content = file.read(SIZE_LIMIT + 1)
        except OSError as error:
            raise self._translated(error) from error
        if len(content) > SIZE_LIMIT:
            raise LinkError(Reason.TOO_LARGE, f"{self.path}: more than {SIZE_LIMIT} bytes")
        return content

    def write(self, content: bytes) -> None:
        """Replace the content; only the owner may read it. Where that fails the old content is removed as well.

        Raises:
            LinkError: PERMISSION_DENIED, NOT_FOUND (the directory), LOCAL_ERROR (such as a full disk).
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(self._beside, flags, OWNER_ONLY), "wb") as file:
                file.write(content)
            self._beside.replace(self.path)
        except OSError as error:
            for each in (self._beside, self.path):
                with suppress(OSError):
                    each.unlink()
            raise self._translated(error) from error

    def _translated(self, error: OSError) -> LinkError:
        return LinkError(_REASONS.get(type(error), Reason.LOCAL_ERROR), f"{self.path}: {error.strerror}")
