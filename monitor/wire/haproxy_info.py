"""``show info``: one ``Name: value`` a line (management guide, section 9.3, "show info")."""

from monitor.core.errors import WireError
from monitor.core.haproxy import Dropped, HaproxyInfo
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_rows import Rows, printable

_MAX_DIGITS = 18


def parse_info(text: bytes | str) -> Rows[HaproxyInfo]:
    """Parse one answer to ``show info``; a line that cannot be read, or is missing, costs its own field alone.

    Raises:
        WireError: ``MALFORMED`` where none of the fields is there.

    """
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        name, _, value = line.partition(": ")
        fields.setdefault(name, value)
    bad: list[str] = []

    def number(name: str) -> int | None:
        value = fields.get(name, "")
        if value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS:
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
        raise WireError(Reason.MALFORMED, f"show info: {', '.join(bad)}", text.encode())
    bad += [] if info.version else ["no Version"]
    return Rows((info,), Dropped(len(bad), tuple(bad)) if bad else None)
