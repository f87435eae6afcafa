"""`mailpath maintenance`: tells a running daemon that there is work on a path, or that it has ended."""

import asyncio
import json
from datetime import UTC, datetime

from monitor.core.errors import LinkError
from monitor.links.http_client import request

WITHIN = 10.0


def announce(daemon: str, path: str | None, seconds: float, reason: str) -> tuple[int, str]:
    """Announce work on a path for so many seconds from now (0: it has ended); gives the exit code and what to print.

    The code is 0 where the daemon has taken it in, else 1. Without ``path`` the only one is meant that it watches.
    """
    asked = {"path": path, "duration_seconds": seconds, "reason": reason}
    body = json.dumps({key: value for key, value in asked.items() if value is not None}).encode()
    headers = {"content-type": "application/json"}
    url = f"{daemon.rstrip('/')}/api/v1/maintenance"
    try:
        answer = asyncio.run(request("POST", url, within=WITHIN, body=body, headers=headers))
    except LinkError as error:
        return 1, f"mailpath's daemon cannot be told: {error}"
    text = answer.body.decode(errors="replace").strip()
    if answer.status != 200:  # noqa: PLR2004 - success
        return 1, f"mailpath's daemon answered {answer.status}: {text}"
    taken = json.loads(text)
    if seconds == 0:
        return 0, f"{taken['path']}: the maintenance has ended"
    until = datetime.fromtimestamp(taken["until"], UTC)
    return 0, f"{taken['path']}: maintenance until {until:%H:%M UTC on %A %-d %B}; what breaks meanwhile is expected"
