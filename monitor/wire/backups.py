"""The time of the newest backup, as a command of the operator's own prints it.

Read are whatever a shell has at hand: seconds since the epoch (``date +%s``, ``stat -f %m``), and names of files with a
date (``config-20260419.xml``) or with seconds since the epoch in them (pfSense's ``/cf/conf/backup``).
"""

import re
from datetime import UTC, datetime

from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason

# 2001-09-09 to 2286-11-20, and no other ten digits
_EPOCH = re.compile(r"(?<!\d)[1-9]\d{9}(?!\d)")
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)")
_MAX_TEXT = 1024 * 1024


def newest_backup(output: bytes) -> float:
    """Give the newest time that is told, in seconds since the epoch; of a date, its first moment in UTC.

    Raises:
        WireError: ``TOO_LARGE``; ``NOT_FOUND`` where no time is told.

    """
    if len(output) > _MAX_TEXT:
        raise WireError(Reason.TOO_LARGE, f"{len(output)} bytes about backups")
    text = output.decode("ascii", "replace")
    times = [float(found[0]) for found in _EPOCH.finditer(text)]
    times += [moment for found in _DATE.finditer(text) if (moment := _moment(*map(int, found.groups()))) is not None]
    if not times:
        raise WireError(Reason.NOT_FOUND, f"no time of a backup in {text.strip()[:80]!r}", output[:200])
    return max(times)


def _moment(year: int, month: int, day: int) -> float | None:
    try:
        return datetime(year, month, day, tzinfo=UTC).timestamp()
    except ValueError:
        return None
