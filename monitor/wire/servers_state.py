"""``show servers state``: a line with the format's version, a line with the columns' names, a line for each server.

The columns grow with HAProxy's versions (19 in 1.8, 25 in 2.6) and are therefore read by name; format 1 is the only one
there has been (management guide, section 9.3, "show servers state").
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial

from monitor.core.errors import WireError
from monitor.core.haproxy import AdminState, HaproxyServer, ServerState
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_rows import BadRowError, Rows, read_rows

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
UNRESOLVED = _NOTHING
"""The address of a server whose name has none."""
# A clock set back can make a duration negative.
_NUMBER = re.compile(r"-?[0-9]{1,18}")
# pfSense names a backend by the frontend's address family as well.
_PFSENSE_SUFFIXES = ("_ipvANY", "_ipv4", "_ipv6")


def parse_servers_state(text: bytes | str) -> Rows[HaproxyServer]:
    """Parse one answer to ``show servers state``, in HAProxy's order: by backend.

    A row that is short or holds what is no number is dropped, and no other with it.

    Raises:
        WireError: ``MALFORMED`` for another format or a missing column.

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
    return read_rows(lines[2:], partial(_server, columns))


def without_free_slots(servers: Iterable[HaproxyServer]) -> tuple[HaproxyServer, ...]:
    """The servers but for the slots of a ``server-template`` that stand empty while others of it have an address."""
    servers = tuple(servers)
    filled = {_source(server) for server in servers if server.resolved}
    return tuple(server for server in servers if server.resolved or _source(server) not in filled)


def backend_matches(configured: str, seen: str) -> bool:
    """Say whether two names are one backend's, where pfSense may have put its suffix behind either."""
    return configured == seen or any(
        seen == configured + suffix or configured == seen + suffix for suffix in _PFSENSE_SUFFIXES
    )


def _source(server: HaproxyServer) -> tuple[str, str | None]:
    return server.backend, server.record or server.fqdn


def _server(columns: Sequence[str], line: str) -> HaproxyServer:
    values = line.split(" ")
    if len(values) < len(columns):
        raise BadRowError(f"{len(values)} values for {len(columns)} columns: {line!r}")
    row = dict(zip(columns, values, strict=False))
    state = _number(row, "srv_op_state")
    if state not in range(len(_STATES)):
        raise BadRowError(f"{_name(row)}: srv_op_state {state} is none of 0 to {len(_STATES) - 1}")
    return HaproxyServer(
        backend=row["be_name"],
        name=row["srv_name"],
        address=row["srv_addr"],
        state=_STATES[state],
        # Bits that this set does not name say nothing here; an IntFlag would keep each combination for ever.
        admin=AdminState(_number(row, "srv_admin_state") & ~AdminState(0)),
        weight=_number(row, "srv_uweight"),
        since_change=_number(row, "srv_time_since_last_change"),
        check_status=_number(row, "srv_check_status"),
        check_result=_number(row, "srv_check_result"),
        check_health=_number(row, "srv_check_health"),
        check_state=_number(row, "srv_check_state"),
        port=_number_if_any(row, "srv_port"),
        check_port=_number_if_any(row, "srv_check_port"),
        check_address=_if_any(row, "srv_check_addr"),
        fqdn=_if_any(row, "srv_fqdn"),
        record=_if_any(row, "srvrecord"),
    )


def _number(row: dict[str, str], column: str) -> int:
    value = row[column]
    if not _NUMBER.fullmatch(value):
        raise BadRowError(f"{_name(row)}: {column} {value[:40]!r} is no number")
    return int(value)


def _number_if_any(row: dict[str, str], column: str) -> int | None:
    return None if _if_any(row, column) is None else _number(row, column)


def _if_any(row: dict[str, str], column: str) -> str | None:
    value = row.get(column, _NOTHING)
    return None if value == _NOTHING else value


def _name(row: dict[str, str]) -> str:
    return f"{row['be_name']}/{row['srv_name']}"


def _malformed(detail: str, line: str) -> WireError:
    return WireError(Reason.MALFORMED, f"show servers state: {detail}", line.encode())
