"""How full file systems are: ``df -P`` (POSIX, ``df``, "STDOUT")."""

import re
from collections.abc import Mapping

COMMAND = ("df", "-P")

# name, blocks, used, available, capacity, mount point
_ROW = re.compile(r"\S+ +\d+ +\d+ +-?\d+ +(\d{1,3})% +(/.*)")
# Of a container they hold no mail, or are its image's own, which the node's pressure tells of.
_NOT_MAIL = re.compile(r"/\Z|/(?:dev|proc|sys|run)(?:/|\Z)|/etc/(?:hosts|hostname|resolv\.conf)\Z")


def volumes(text: str) -> Mapping[str, float]:
    """Give the used share (0 to 1) of each volume that is mounted, by its mount point."""
    rows = (_ROW.fullmatch(line.rstrip()) for line in text.splitlines())
    return {row[2]: int(row[1]) / 100 for row in rows if row is not None and _NOT_MAIL.match(row[2]) is None}
