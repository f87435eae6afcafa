"""Where we are in a container's log, by the stamps that Kubernetes puts before its lines.

A log is asked for from a whole second on (``sinceTime`` keeps no more than that on its way to the kubelet), so that
after each reconnect up to a second of lines comes again: those are known by stamp and text together.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, Self

# RFC 3339 with nanoseconds; the offset is that of the node, and changes with its summer time
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$")

# one second's lines; beyond, at a rate that no mail server reaches, lines may come twice
SEEN_LIMIT = 50_000


@dataclass
class Cursor:
    """How far the log of one container has been handed on.

    ``pod`` is the pod's uid and ``container`` the container's id, as the API names them, ``""`` for nowhere yet;
    ``since`` is the second of the newest line (its stamp without fraction), ``""`` before the first; ``written`` that
    line's time in seconds since the epoch.
    """

    pod: str = ""
    container: str = ""
    since: str = ""
    written: float | None = None
    _second: float = 0.0
    _seen: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, data: Any) -> Self:  # noqa: ANN401 - what JSON has kept
        """Make a cursor of what ``dump`` gave."""
        cursor = cls(data["pod"], data["container"], data["since"], _seen=set(data["seen"]))
        if cursor.since:
            cursor._second = datetime.fromisoformat(cursor.since).timestamp()
        return cursor

    def dump(self) -> dict[str, Any]:
        """Give all that a later process needs, as data for JSON."""
        return {"pod": self.pod, "container": self.container, "since": self.since, "seen": sorted(self._seen)}

    def take(self, lines: bytes) -> bytes:
        """Return those of the stamped lines that are new, without their stamps, and remember them.

        A line without a stamp is a remark of the kubelet's own, and is handed on as it is.
        """
        return b"".join(line for stamped in lines.split(b"\n")[:-1] if (line := self._take(stamped + b"\n")))

    def _take(self, stamped: bytes) -> bytes:
        stamp, _, line = stamped.partition(b" ")
        parts = _STAMP.match(stamp)
        if parts is None:
            return stamped
        since = (parts[1] + parts[3]).decode()
        if since != self.since and not self._advance(since):
            return line
        mark = blake2b(stamped, digest_size=8).hexdigest()
        if mark in self._seen:
            return b""
        if len(self._seen) < SEEN_LIMIT:
            self._seen.add(mark)
        self.written = self._second + float(parts[2] or 0)
        return line

    def _advance(self, since: str) -> bool:
        """Go on to another second; ``False`` for an older one (stdout and stderr are stamped apart)."""
        try:
            second = datetime.fromisoformat(since).timestamp()
        except ValueError:
            return False
        if second < self._second:
            return False
        if second > self._second:
            self._seen.clear()
        self.since, self._second = since, second
        return True
