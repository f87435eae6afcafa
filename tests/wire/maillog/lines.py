"""Lines for tests: the heads that a mail log may have, and real lines made of normalised templates."""

import re
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "maillog"

RFC3339 = "2026-04-19T12:20:31.482913+00:00"
KUBERNETES = "2026-04-19T12:20:32.000000001Z"
RFC3164 = "Apr  8 14:23:52"
HOST = "mailserver-6d9c7b8f5d-x2x9z"

# What stands for what in templates.txt, longest first.
_PLACEHOLDERS = {
    "[ip]:port": "[192.0.2.77]:40101",
    "[ip6]:port": "[2001:db8::77]:40101",
    "ip6": "2001:db8::77",
    "ip": "192.0.2.77",
    "<S>": "<P9FZT9lgpZzAAAJN>",
    "<bytes>": r"EHLO \303\244\r\nconnect from unknown[198.51.100.66]\r\n",
    "host[": "client.example.net[",
    "CMD": "EHLO",
    "n": "3",
}
_PLACEHOLDER = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in _PLACEHOLDERS))


def line(program: str, message: str, *, pid: int | None = 1234, stamp: str = RFC3339) -> bytes:
    """Write a line as rsyslog does, without its end."""
    tag = program if pid is None else f"{program}[{pid}]"
    return f"{stamp} {HOST} {tag}: {message}".encode()


def fill(template: str) -> str:
    """Put real values in a template's places."""
    return _PLACEHOLDER.sub(lambda match: _PLACEHOLDERS[match[0]], template)


def annotated() -> dict[str, list[bytes]]:
    """Give the laboratory's lines by case: what was done to the servers, and what they wrote."""
    cases: dict[str, list[bytes]] = {}
    case = ""
    for text in (DATA / "annotated.txt").read_bytes().split(b"\n"):
        if text.startswith(b"### "):
            case = text[4:].decode()
        elif text[:2] == b"20":
            cases.setdefault(case, []).append(text)
    return cases
