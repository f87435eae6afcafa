"""When a line was written, where the line shows it."""

import re
from datetime import datetime

from monitor.wire.maillog.template import RFC3339

_TIME = re.compile(rf"(?:{RFC3339} )?({RFC3339}) ", re.ASCII)


def time_of(line: str) -> float | None:
    """Give seconds since the epoch: the mail log's own time where it names its zone, else Kubernetes', else ``None``.

    RFC 3164's ``Apr 18 14:23:52`` names neither zone nor year.
    """
    match = _TIME.match(line)
    if match is None:
        return None
    try:
        return datetime.fromisoformat(match[1]).timestamp()
    except ValueError:
        return None
