"""``show servers state``: a line with the format's version, a line with the columns' names, a line for each server.

The columns grow with HAProxy's versions (19 in 1.8, 25 in 2.6) and are therefore read by name; format 1 is the only one
there has been (management guide, section 9.3, "show servers state").
"""

import re
from collections.abc import Iterator, Sequence

from monitor.core.errors import WireError
from monitor.core.haproxy import AdminState, HaproxyServer, ServerState
from monitor.core.taxonomy import Reason

_VERSION = "1"
_STATES = tuple(ServerState)  # by srv_op_state
_REQUIRED = (
    "be_name",
    "srv_name",
    "srv_addr",
    "srv_op_state",
    "srv_admin_state",
    "srv_uweight",
    "srv_time_since_last_change",
    "srv_check_status",
    "srv_check_result",
    "srv_check_health",
    "srv_check_state",
)
_NOTHING = "-"
# A clock set back can make a duration negative.
_NUMBER = re.compile(r"-?[0-9]{1,18}")
# pfSense names a backend by the frontend's address family as well.
_PFSENSE_SUFFIXES = ("_ipvANY", "_ipv4", "_ipv6")


def parse_servers_state(text: bytes | str) -> tuple[HaproxyServer, ...]:
    """Read the answer to ``show servers state``, in HAProxy's order: by backend.

    Raises:
        WireError: ``MALFORMED`` for another format, a missing column, a short line or a value that is no number.

    """
    lines = (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).rstrip("\n").split("\n")
    if lines[0] != _VERSION:
        raise _malformed(f"format version {_VERSION} expected", lines[0])
    if len(lines) == 1 or not lines[1].startswith("# "):
        raise _malformed("no line with the columns' names", "".join(lines[1:2]))
    columns = lines[1][2:].split()
    missing = [column for column in _REQUIRED if column not in columns]
    if missing:
        raise _malformed(f"no column {', '.join(missing)}", lines[1])
    return tuple(_servers(columns, lines[2:]))


def backend_matches(configured: str, seen: str) -> bool:
    """Say whether two names are one backend's, where pfSense may have put its suffix behind either."""
    return configured == seen or any(
        seen == configured + suffix or configured == seen + suffix for suffix in _PFSENSE_SUFFIXES
    )


def _servers(columns: Sequence[str], lines: Sequence[str]) -> Iterator[HaproxyServer]:
    for line in lines:
        values = line.split(" ")
        if len(values) < len(columns):
            raise _malformed(f"{len(values)} values for {len(columns)} columns", line)
        row = dict(zip(columns, values, strict=False))
        state = _number(row, "srv_op_state", line)
        if state not in range(len(_STATES)):
            raise _malformed(f"srv_op_state {state} is none of 0 to {len(_STATES) - 1}", line)
        check_address = row.get("srv_check_addr", _NOTHING)
        yield HaproxyServer(
            backend=row["be_name"],
            name=row["srv_name"],
            address=row["srv_addr"],
            state=_STATES[state],
            # Bits that this set does not name say nothing here; an IntFlag would keep each combination for ever.
            admin=AdminState(_number(row, "srv_admin_state", line) & ~AdminState(0)),
            weight=_number(row, "srv_uweight", line),
            since_change=_number(row, "srv_time_since_last_change", line),
            check_status=_number(row, "srv_check_status", line),
            check_result=_number(row, "srv_check_result", line),
            check_health=_number(row, "srv_check_health", line),
            check_state=_number(row, "srv_check_state", line),
            port=_number_if_any(row, "srv_port", line),
            check_port=_number_if_any(row, "srv_check_port", line),
            check_address=None if check_address == _NOTHING else check_address,
        )


def _number(row: dict[str, str], column: str, line: str) -> int:
    value = row[column]
    if not _NUMBER.fullmatch(value):
        raise _malformed(f"{column} {value[:40]!r} is no number", line)
    return int(value)


def _number_if_any(row: dict[str, str], column: str, line: str) -> int | None:
    return None if row.get(column, _NOTHING) == _NOTHING else _number(row, column, line)


def _malformed(detail: str, line: str) -> WireError:
    return WireError(Reason.MALFORMED, f"show servers state: {detail}", line.encode())
