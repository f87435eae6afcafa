"""``show stat``: CSV with the fields' names in the first line (management guide, section 9.1, "CSV format")."""

import csv
from collections.abc import Iterator, Sequence
from functools import partial

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyStat
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_rows import BadRowError, Rows, read_rows

_REQUIRED = ("pxname", "svname", "status")
_MAX_DIGITS = 18
# A quoted field may hold line ends (a check's answer does): a row goes over so many lines at most.
_MAX_LINES_OF_A_ROW = 16
# HAProxy's mark of a check that is under way, before the result of the last one.
_CHECKING = "* "


def parse_stat(text: bytes | str) -> Rows[HaproxyStat]:
    """Parse one answer to ``show stat``: a row for each frontend, server and backend.

    Fields that a version does not have, or leaves empty, are ``None`` or ``""``. A row that is short, holds what is no
    number or is quoted wrongly is dropped, and no other with it.

    Raises:
        WireError: ``MALFORMED`` where the first line does not name the fields.

    """
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if not text.startswith("# "):
        raise _malformed("no line with the fields' names", text)
    header, *lines = text[2:].rstrip("\n").split("\n")
    fields = header.split(",")
    missing = [field for field in _REQUIRED if field not in fields]
    if missing:
        raise _malformed(f"no field {', '.join(missing)}", text)
    return read_rows(_rows(lines), partial(_stat, fields))


def _rows(lines: Sequence[str]) -> Iterator[str]:
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
    values = _values(line) if '"' in line else line.split(",")
    if len(values) < len(fields):
        raise BadRowError(f"{len(values)} values for {len(fields)} fields: {line!r}")
    row = dict(zip(fields, values, strict=False))
    return HaproxyStat(
        proxy=row["pxname"],
        name=row["svname"],
        status=row["status"],
        current_sessions=_number(row, "scur"),
        failed_checks=_number(row, "chkfail"),
        last_change=_number(row, "lastchg"),
        check_status=row.get("check_status", "").removeprefix(_CHECKING),
        last_check=row.get("last_chk", ""),
    )


def _values(line: str) -> list[str]:
    try:
        return next(csv.reader(line.splitlines(keepends=True), strict=True), [])
    except csv.Error as error:
        raise BadRowError(f"{error}: {line!r}") from error


def _number(row: dict[str, str], field: str) -> int | None:
    value = row.get(field, "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
        raise BadRowError(f"{row['pxname']}/{row['svname']}: {field} {value[:40]!r} is no number")
    return int(value)


def _malformed(detail: str, text: str) -> WireError:
    return WireError(Reason.MALFORMED, f"show stat: {detail}", text.encode())
