"""``show stat``: CSV with the fields' names in the first line (management guide, section 9.1, "CSV format")."""

import csv

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyStat
from monitor.core.taxonomy import Reason

_REQUIRED = ("pxname", "svname", "status")
_MAX_DIGITS = 18
# HAProxy's mark of a check that is under way, before the result of the last one.
_CHECKING = "* "


def parse_stat(text: bytes | str) -> tuple[HaproxyStat, ...]:
    """Read the answer to ``show stat``: a row for each frontend, server and backend.

    Fields that a version does not have, or leaves empty, are ``None`` or ``""``.

    Raises:
        WireError: ``MALFORMED`` for anything but such a table.

    """
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if not text.startswith("# "):
        raise _malformed("no line with the fields' names", text)
    rows = csv.reader((f"{line}\n" for line in text[2:].split("\n")), strict=True)
    try:
        fields = next(rows)
        missing = [field for field in _REQUIRED if field not in fields]
        if missing:
            raise _malformed(f"no field {', '.join(missing)}", text)
        return tuple(_stat(fields, row) for row in rows if row)
    except csv.Error as error:
        raise _malformed(str(error), text) from error


def _stat(fields: list[str], values: list[str]) -> HaproxyStat:
    if len(values) < len(fields):
        raise _malformed(f"{len(values)} values for {len(fields)} fields", ",".join(values))
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


def _number(row: dict[str, str], field: str) -> int | None:
    value = row.get(field, "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
        raise _malformed(f"{field} {value[:40]!r} is no number", ",".join(row.values()))
    return int(value)


def _malformed(detail: str, text: str) -> WireError:
    return WireError(Reason.MALFORMED, f"show stat: {detail}", text.encode())
