"""What HAProxy's stats socket answers: ``show servers state``, ``show stat`` and ``show info`` (management guide, 9.3).

Each row of a table is read on its own: what is wrong with one costs that row alone, and is counted. Columns grow with
HAProxy's versions (``show servers state`` has 19 in 1.8, 25 in 2.6) and are therefore read by name.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from monitor.core.errors import WireError
from monitor.core.haproxy import AdminState, Dropped, HaproxyInfo, HaproxyServer, HaproxyStat, ServerState
from monitor.core.taxonomy import Reason

T = TypeVar("T")

_EXAMPLES = 8
_EXAMPLE_LENGTH = 120
_NUMBER = re.compile(r"[0-9]{1,18}")
# A clock set back can make a duration of "show servers state" negative.
_SIGNED = re.compile(r"-?[0-9]{1,18}")

# The only format of "show servers state" that there has been.
_VERSION = "1"
_STATES = tuple(ServerState)  # by srv_op_state
_SERVER_COLUMNS = tuple(
    """
    be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_time_since_last_change srv_check_status
    srv_check_result srv_check_health srv_check_state
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)
_NOTHING = "-"
UNRESOLVED = _NOTHING
"""The address of a server whose name has none."""

_STAT_FIELDS = ("pxname", "svname", "status")
# A quoted field may hold line ends (a check's answer does): a row goes over so many lines at most.
_MAX_LINES_OF_A_ROW = 16
# HAProxy's mark of a check that is under way, before the result of the last one.
_CHECKING = "* "


class Rows(NamedTuple, Generic[T]):
    """What could be read of a table, in its order, and what could not."""

    read: tuple[T, ...]
    dropped: Dropped | None = None


class BadRowError(ValueError):
    """A row that cannot be read; the message says what is wrong with it."""


def read_rows(rows: Iterable[str], read: Callable[[str], T]) -> Rows[T]:
    """Read each row by ``read``, which raises ``BadRowError`` for a bad one."""
    bad: list[str] = []
    count = 0

    def good() -> Iterator[T]:
        nonlocal count
        for row in rows:
            try:
                yield read(row)
            except BadRowError as error:
                count += 1
                if count <= _EXAMPLES:
                    bad.append(printable(str(error)))

    found = tuple(good())
    return Rows(found, Dropped(count, tuple(bad)) if count else None)


def printable(text: str) -> str:
    """Text from a peer, fit for a sentence: bounded, with ``?`` for what cannot be printed."""
    return "".join(char if char.isprintable() else "?" for char in text[:_EXAMPLE_LENGTH])


def parse_servers_state(text: bytes | str) -> Rows[HaproxyServer]:
    """Parse one answer to ``show servers state``, in HAProxy's order: by backend.

    A line with the format's version, a line with the columns' names, a line for each server. A row that is short or
    holds what is no number is dropped, and no other with it.

    Raises:
        WireError: ``MALFORMED`` for another format or a missing column.

    """
    command = "show servers state"
    lines = _decoded(text).rstrip("\n").split("\n")
    if lines[0] != _VERSION:
        raise _malformed(command, f"format version {_VERSION} expected", lines[0])
    if len(lines) == 1 or not lines[1].startswith("# "):
        raise _malformed(command, "no line with the columns' names", "".join(lines[1:2]))
    columns = lines[1][2:].split()
    missing = [column for column in _SERVER_COLUMNS if column not in columns]
    if missing:
        raise _malformed(command, f"no column {', '.join(missing)}", lines[1])
    return read_rows(lines[2:], partial(_server, columns))


def without_free_slots(servers: Iterable[HaproxyServer]) -> tuple[HaproxyServer, ...]:
    """The servers but for the slots of a ``server-template`` that stand empty while others of it have an address."""
    servers = tuple(servers)
    filled = {_source(server) for server in servers if server.resolved}
    return tuple(server for server in servers if server.resolved or _source(server) not in filled)


def parse_stat(text: bytes | str) -> Rows[HaproxyStat]:
    """Parse one answer to ``show stat``: a row for each frontend, server and backend (9.1, "CSV format").

    Fields that a version does not have, or leaves empty, are ``None`` or ``""``. A row that is short, holds what is no
    number or is quoted wrongly is dropped, and no other with it.

    Raises:
        WireError: ``MALFORMED`` where the first line does not name the fields.

    """
    command, text = "show stat", _decoded(text)
    if not text.startswith("# "):
        raise _malformed(command, "no line with the fields' names", text)
    header, *lines = text[2:].rstrip("\n").split("\n")
    fields = header.split(",")
    missing = [field for field in _STAT_FIELDS if field not in fields]
    if missing:
        raise _malformed(command, f"no field {', '.join(missing)}", text)
    return read_rows(_csv_rows(lines), partial(_stat, fields))


def parse_info(text: bytes | str) -> Rows[HaproxyInfo]:
    """Parse one answer to ``show info``, one ``Name: value`` a line.

    A line that cannot be read, or is missing, costs its own field alone.

    Raises:
        WireError: ``MALFORMED`` where none of the fields is there.

    """
    text = _decoded(text)
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        name, _, value = line.partition(": ")
        fields.setdefault(name, value)
    bad: list[str] = []

    def number(name: str) -> int | None:
        value = fields.get(name, "")
        if _NUMBER.fullmatch(value):
            return int(value)
        bad.append(printable(f"{name} {value[:40]!r} is no number" if value else f"no {name}"))
        return None

    info = HaproxyInfo(
        version=fields.get("Version"),
        uptime_seconds=number("Uptime_sec"),
        current_connections=number("CurrConns"),
        max_connections=number("Maxconn"),
        pid=number("Pid"),
    )
    if info == HaproxyInfo(None, None, None, None, None):
        raise _malformed("show info", ", ".join(bad), text)
    bad += [] if info.version else ["no Version"]
    return Rows((info,), Dropped(len(bad), tuple(bad)) if bad else None)


def _source(server: HaproxyServer) -> tuple[str, str | None]:
    return server.backend, server.record or server.fqdn


def _server(columns: Sequence[str], line: str) -> HaproxyServer:
    row = _named(columns, line.split(" "), "columns", line)
    name = f"{row['be_name']}/{row['srv_name']}"
    state = _number(row, "srv_op_state", name)
    if state not in range(len(_STATES)):
        raise BadRowError(f"{name}: srv_op_state {state} is none of 0 to {len(_STATES) - 1}")
    return HaproxyServer(
        backend=row["be_name"],
        name=row["srv_name"],
        address=row["srv_addr"],
        state=_STATES[state],
        # Bits that this set does not name say nothing here; an IntFlag would keep each combination for ever.
        admin=AdminState(_number(row, "srv_admin_state", name) & ~AdminState(0)),
        weight=_number(row, "srv_uweight", name),
        since_change=_number(row, "srv_time_since_last_change", name),
        check_status=_number(row, "srv_check_status", name),
        check_result=_number(row, "srv_check_result", name),
        check_health=_number(row, "srv_check_health", name),
        check_state=_number(row, "srv_check_state", name),
        port=None if _if_any(row, "srv_port") is None else _number(row, "srv_port", name),
        check_port=None if _if_any(row, "srv_check_port") is None else _number(row, "srv_check_port", name),
        check_address=_if_any(row, "srv_check_addr"),
        fqdn=_if_any(row, "srv_fqdn"),
        record=_if_any(row, "srvrecord"),
    )


def _if_any(row: dict[str, str], column: str) -> str | None:
    value = row.get(column, _NOTHING)
    return None if value == _NOTHING else value


def _csv_rows(lines: Sequence[str]) -> Iterator[str]:
    """Join the lines of a row whose quotes span several; a quote that is never closed spoils its own line alone."""
    at = 0
    while at < len(lines):
        end = at + 1
        quotes = lines[at].count('"')
        while quotes % 2 and end < min(len(lines), at + _MAX_LINES_OF_A_ROW):
            quotes += lines[end].count('"')
            end += 1
        end = at + 1 if quotes % 2 else end
        yield "\n".join(lines[at:end])
        at = end


def _stat(fields: Sequence[str], line: str) -> HaproxyStat:
    row = _named(fields, _csv_values(line) if '"' in line else line.split(","), "fields", line)
    name = f"{row['pxname']}/{row['svname']}"
    return HaproxyStat(
        proxy=row["pxname"],
        name=row["svname"],
        status=row["status"],
        current_sessions=_number(row, "scur", name, _NUMBER) if row.get("scur") else None,
        failed_checks=_number(row, "chkfail", name, _NUMBER) if row.get("chkfail") else None,
        last_change=_number(row, "lastchg", name, _NUMBER) if row.get("lastchg") else None,
        check_status=row.get("check_status", "").removeprefix(_CHECKING),
        last_check=row.get("last_chk", ""),
    )


def _csv_values(line: str) -> list[str]:
    try:
        return next(csv.reader(line.splitlines(keepends=True), strict=True), [])
    except csv.Error as error:
        raise BadRowError(f"{error}: {line!r}") from error


def _named(names: Sequence[str], values: Sequence[str], what: str, line: str) -> dict[str, str]:
    if len(values) < len(names):
        raise BadRowError(f"{len(values)} values for {len(names)} {what}: {line!r}")
    return dict(zip(names, values, strict=False))


def _number(row: dict[str, str], column: str, name: str, shape: re.Pattern[str] = _SIGNED) -> int:
    value = row[column]
    if not shape.fullmatch(value):
        raise BadRowError(f"{name}: {column} {value[:40]!r} is no number")
    return int(value)


def _decoded(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _malformed(command: str, detail: str, evidence: str) -> WireError:
    return WireError(Reason.MALFORMED, f"{command}: {detail}", evidence.encode())
