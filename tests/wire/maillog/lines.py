"""Lines for tests: the heads that a mail log may have, and real lines made of normalised templates."""

import re
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent.parent / "data" / "maillog"

RFC3339 = "2026-04-19T12:20:31.482913+00:00"
KUBERNETES = "2026-04-19T12:20:32.000000001Z"
RFC3164 = "Apr  8 14:23:52"
# Servers of 2023 (Debian 12) to 2026 (Debian 13, sid) in the laboratory.
VERSIONS = (
    *("dovecot-2.3.19.1", "dovecot-2.4.1", "dovecot-2.4.5"),
    *("postfix-3.7.11", "postfix-3.10.13", "postfix-3.11.7"),
    *("postfix-3.10.13-deliveries", "postfix-3.11.7-deliveries"),
)
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


class Right(NamedTuple):
    """A line and its right value: the record's, and what the ledger counts it as (``listener/origin`` or a problem)."""

    servers: str
    what: str
    record: str
    address: str
    port: str
    destination: str
    counted: str
    line: str


def lines_to_read() -> list[Right]:
    """Give the lines whose wording newer servers changed, verbatim, each with its right value."""
    rows = (DATA / "2026" / "lines.tsv").read_text().splitlines()
    return [Right(*row.split("\t")) for row in rows if not row.startswith("#")]


class Written(NamedTuple):
    """A line written from a format string, and its right value; ``record`` is ``-`` where it is not of interest.

    ``delivery`` is a message's queue id and status; ``counted`` all of ``listener/origin`` and ``listener/problem``.
    """

    file: str
    function: str
    version: str
    record: str
    address: str
    port: str
    destination: str
    delivery: str
    counted: str
    line: str


def written_lines() -> list[Written]:
    """Give the lines that were written from the servers' own format strings."""
    rows = (DATA / "format_strings.tsv").read_text().splitlines()
    return [Written(*row.split("\t")) for row in rows if not row.startswith("#")]


def sections(version: str) -> dict[str, list[bytes]]:
    """Give what servers of a version wrote, verbatim, by what was done to them."""
    cases: dict[str, list[bytes]] = {}
    case = ""
    for text in (DATA / "2026" / f"{version}.log").read_bytes().split(b"\n"):
        if text.startswith(b"# "):
            case = text[2:].decode()
        elif text:
            cases.setdefault(case, []).append(text)
    return cases


def captured(version: str) -> list[bytes]:
    """Give all lines of a version."""
    return [text for lines in sections(version).values() for text in lines]
