"""HAProxy's configuration as words: quoting, escapes, comments (configuration manual, section 2.2), times (2.5).

The words that are known are those up to HAProxy 3.4: its sections, and the keywords of proxies (4.1).
Environment variables are not expanded: they are the process's, not the file's.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason

# HAProxy's own bound for a line is 2048 bytes, 16384 in later versions (LINESIZE), for its words 64 (MAX_LINE_ARGS).
MAX_LINE = 16 * 1024

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_HEX = re.compile(r"[0-9A-Fa-f]{2}")
_TIME = re.compile(r"([0-9]{1,12})(us|ms|s|m|h|d)?")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
# HAProxy counts milliseconds in 31 bits.
_MAX_TIME = 2**31 - 1
_MAX_DIGITS = 10
_MAX_PORT = 65535

PROXIES = frozenset({"frontend", "backend", "listen"})
SECTIONS = PROXIES | frozenset(
    """
    global defaults acme cache crt-store fcgi-app healthcheck http-errors log-forward log-profile mailers peers program
    resolvers ring traces userlist
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)
# What stands at the margin and is none of these begins a section of a later HAProxy.
PROXY_KEYWORDS = frozenset(
    """
    acl backlog balance be-unpublished bind bind-process block capture clitcpka-cnt clitcpka-idle clitcpka-intvl
    clitimeout compression contimeout cookie crt declare default-server default_backend description disabled
    dispatch email-alert enabled error-log-format errorfile errorfiles errorloc errorloc302 errorloc303
    external-check filter filter-sequence force-be-switch force-persist fullconn grace guid hash-balance-factor
    hash-preserve-affinity hash-type http-after-response http-check http-error http-request http-response
    http-reuse http-send-name-header id ignore-persist load-server-state-from-file log log-format log-format-sd
    log-steps log-tag max-keep-alive-queue max-session-srv-conns maxconn mode monitor monitor-net monitor-uri no
    option persist quic-initial rate-limit redirect redispatch reqadd reqdel reqrep retries retry-on rspadd rspdel
    rsprep server server-state-file-name server-template source srvtcpka-cnt srvtcpka-idle srvtcpka-intvl
    srvtimeout stats stick stick-table tcp-check tcp-request tcp-response timeout transparent unique-id-format
    unique-id-header use-fcgi-app use-server use_backend
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)


class ConfigLine(NamedTuple):
    """The words of one line, its number in the file, and how far it is indented."""

    number: int
    words: tuple[str, ...]
    column: int = 0


def config_lines(text: str) -> Iterator[ConfigLine]:
    """Cut a configuration into lines of words; empty ones are left out.

    Raises:
        WireError: ``MALFORMED`` for a quote without end, or a line without end.

    """
    held, first = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        first = first if held else number
        held += line.removesuffix("\r")
        if len(held) > MAX_LINE:
            raise malformed(first, f"more than {MAX_LINE} characters")
        if _continues(held):
            held = held[:-1]
            continue
        if words := _words(held, first):
            yield ConfigLine(first, words, len(held) - len(held.lstrip()))
        held = ""
    if held:
        raise malformed(first, "the last line goes on")


def milliseconds(value: str, line: ConfigLine) -> int:
    """Read a time; without a unit it is milliseconds.

    Raises:
        WireError: ``MALFORMED`` for anything else.

    """
    match = _TIME.fullmatch(value)
    if match is None:
        raise malformed(line.number, f"{value[:40]!r} is no time")
    count, unit = int(match[1]), match[2] or "ms"
    time = count // 1000 if unit == "us" else count * _MILLISECONDS[unit]
    if time > _MAX_TIME:
        raise malformed(line.number, f"{value} is more than HAProxy can count")
    return time


def argument(line: ConfigLine, index: int) -> str:
    """Return a word that the line must have.

    Raises:
        WireError: ``MALFORMED`` where it ends before.

    """
    if len(line.words) <= index:
        raise malformed(line.number, f"{line.words[0]} without a value")
    return line.words[index]


def port_number(word: str, line: ConfigLine) -> int:
    """Read a port.

    Raises:
        WireError: ``MALFORMED`` for anything else.

    """
    port = number(word, line)
    if port > _MAX_PORT:
        raise malformed(line.number, f"{word} is no port")
    return port


def number(word: str, line: ConfigLine) -> int:
    """Read a number.

    Raises:
        WireError: ``MALFORMED`` for anything else.

    """
    if not (word.isascii() and word.isdigit() and len(word) <= _MAX_DIGITS):
        raise malformed(line.number, "a number was due")
    return int(word)


def malformed(number: int, detail: str) -> WireError:
    """Make the error; it keeps none of the file's bytes, which may hold passwords (``stats auth``, ``userlist``)."""
    return WireError(Reason.MALFORMED, f"haproxy.cfg, line {number}: {detail}")


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _words(line: str, number: int) -> tuple[str, ...]:
    words: list[str] = []
    word: str | None = None
    quote = ""
    at = 0
    while at < len(line):
        char = line[at]
        at += 1
        if char == "\\" and quote != "'" and at < len(line):
            escaped, at = _escape(line, at)
            word = (word or "") + escaped
        elif char == quote:
            quote = ""
        elif not quote and char in "\"'":
            quote, word = char, word or ""
        elif not quote and char == "#":
            break
        elif not quote and char.isspace():
            words += [word] if word is not None else []
            word = None
        else:
            word = (word or "") + char
    if quote:
        raise malformed(number, "a quote without end")
    return (*words, word) if word is not None else tuple(words)


def _escape(line: str, at: int) -> tuple[str, int]:
    """Return what the backslash before ``at`` makes of what follows, and where that ends."""
    char = line[at]
    if char == "x" and (match := _HEX.match(line, at + 1)):
        return chr(int(match[0], 16)), match.end()
    return _ESCAPES.get(char, char), at + 1
