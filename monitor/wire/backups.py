"""The time of the newest backup, as a command of the operator's own prints it.

Read are whatever a shell has at hand: seconds since the epoch (``date +%s``, ``stat -f %m``), and names of files with a
date (``config-20260419.xml``) or with seconds since the epoch in them (pfSense's ``/cf/conf/backup``).
"""

import re

from monitor.core.errors import WireError
from monitor.core.moments import start_of_day
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
    times += [day for found in _DATE.finditer(text) if (day := start_of_day(*map(int, found.groups()))) is not None]
    if not times:
        raise WireError(Reason.NOT_FOUND, f"no time of a backup in {text.strip()[:80]!r}", output[:200])
    return max(times)
