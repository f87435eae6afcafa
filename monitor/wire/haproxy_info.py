"""``show info``: one ``Name: value`` a line (management guide, section 9.3, "show info")."""

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyInfo
from monitor.core.taxonomy import Reason

_MAX_DIGITS = 18


def parse_info(text: bytes | str) -> HaproxyInfo:
    """Read the answer to ``show info``.

    Raises:
        WireError: ``MALFORMED`` where a field is missing or is no number.

    """
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        name, _, value = line.partition(": ")
        fields.setdefault(name, value)
    if "Version" not in fields:
        raise _malformed("no Version", text)
    return HaproxyInfo(
        version=fields["Version"],
        uptime_seconds=_number(fields, "Uptime_sec", text),
        current_connections=_number(fields, "CurrConns", text),
        max_connections=_number(fields, "Maxconn", text),
        pid=_number(fields, "Pid", text),
    )


def _number(fields: dict[str, str], name: str, text: str) -> int:
    value = fields.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
        raise _malformed(f"{name} {value[:40]!r} is no number" if value else f"no {name}", text)
    return int(value)


def _malformed(detail: str, text: str) -> WireError:
    return WireError(Reason.MALFORMED, f"show info: {detail}", text.encode())
