"""Files and file systems as commands tell of them: ``df -P``, ``ls -l`` of one file (POSIX), and the newest backup.

The time of a backup is whatever a shell has at hand: seconds since the epoch (``date +%s``, ``stat -f %m``), and names
of files with a date (``config-20260419.xml``) or with seconds since the epoch in them (pfSense's ``/cf/conf/backup``).
"""

import re
import shlex
from collections.abc import Mapping

from monitor.core.edge import FileMode
from monitor.core.errors import WireError
from monitor.core.moments import start_of_day
from monitor.core.taxonomy import Reason

DF = ("df", "-P")
# name, blocks, used, available, capacity, mount point
_ROW = re.compile(r"\S+ +\d+ +\d+ +-?\d+ +(\d{1,3})% +(/.*)")
# Of a container they hold no mail, or are its image's own, which the node's pressure tells of.
_NOT_MAIL = re.compile(r"/\Z|/(?:dev|proc|sys|run)(?:/|\Z)|/etc/(?:hosts|hostname|resolv\.conf)\Z")

# A letter behind the nine (``+``, ``@``, ``.``) tells of further access methods.
_FILE = re.compile(
    r"(?P<kind>[-bcdlpsw])(?P<mode>(?:[r-][w-][-xsStT]){3})[+@. ]? +[0-9]+ +(?P<owner>\S+) +(?P<group>\S+) .*"
)
_EXECUTES = "xst"
_MAX_LINE = 4096

# 2001-09-09 to 2286-11-20, and no other ten digits
_EPOCH = re.compile(r"(?<!\d)[1-9]\d{9}(?!\d)")
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)")
_MAX_ANSWER = 1024 * 1024


def volumes(text: str) -> Mapping[str, float]:
    """Return the used share (0 to 1) of each volume that is mounted, by its mount point."""
    rows = (_ROW.fullmatch(line.rstrip()) for line in text.splitlines())
    return {row[2]: int(row[1]) / 100 for row in rows if row is not None and _NOT_MAIL.match(row[2]) is None}


def ls_command(path: str) -> str:
    """Return the command line for a file, for the edge's ``/bin/sh``."""
    return f"ls -l {shlex.quote(path)}"


def parse_ls(text: bytes | str) -> FileMode:
    """Read the line of one file.

    Raises:
        WireError: ``NOT_FOUND`` for no output, ``MALFORMED`` for anything that is not one such line.

    """
    text = text[: _MAX_LINE + 1].decode("utf-8", "replace") if isinstance(text, bytes) else text[: _MAX_LINE + 1]
    if not text.strip():
        raise WireError(Reason.NOT_FOUND, "ls said nothing")
    match = _FILE.fullmatch(text.strip()) if len(text) <= _MAX_LINE else None
    if match is None:
        raise WireError(Reason.MALFORMED, f"ls: not the line of a file: {text.strip()[:80]!r}", text.encode())
    bits = 0
    for letter in match["mode"]:
        bits = bits << 1 | (letter in "rw" or letter in _EXECUTES)
    return FileMode(match["kind"], bits, match["owner"], match["group"])


def newest_backup(output: bytes) -> float:
    """Return the newest time that is told, in seconds since the epoch; of a date, its first moment in UTC.

    Raises:
        WireError: ``TOO_LARGE``; ``NOT_FOUND`` where no time is told.

    """
    if len(output) > _MAX_ANSWER:
        raise WireError(Reason.TOO_LARGE, f"{len(output)} bytes about backups")
    text = output.decode("ascii", "replace")
    times = [float(found[0]) for found in _EPOCH.finditer(text)]
    times += [day for found in _DATE.finditer(text) if (day := start_of_day(*map(int, found.groups()))) is not None]
    if not times:
        raise WireError(Reason.NOT_FOUND, f"no time of a backup in {text.strip()[:80]!r}", output[:200])
    return max(times)
