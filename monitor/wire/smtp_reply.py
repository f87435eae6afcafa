"""SMTP replies (RFC 5321 section 4.2): read in bounds, and what may be learned from one."""

import re
from collections.abc import Generator
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from monitor.core.conversation import Mark, Receive, Step
from monitor.core.errors import KEPT_BYTES
from monitor.core.taxonomy import Reason
from monitor.wire.lines import MAX_LINE_BYTES, MAX_REPLY_LINES, RECEIVE, LineReader, printable

READY = 220
CLOSING = 221
OK = 250
# After these the server closes by itself: RFC 5321 section 3.8, RFC 7504 section 3.
HANGS_UP = frozenset({CLOSING, 421, 521})
REFUSALS_FROM = 400

# What nearly every reply is: printable ASCII, CRLF at each line's end, the same code at its beginning.
_WHOLE = re.compile(rb"([2-5][0-9]{2})(?:-[ -~]*\r\n\1)*(?: [ -~]*)?\r\n")
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)

# smtpd: 421 4.3.0 "Server local error"; postscreen: 421 4.3.2 "No system resources". "All screening (server) ports are
# busy" has the same code and is said of a client whose header has been read (postscreen_pre_queue_limit).
_HEADER_REFUSED = re.compile(r"421 4\.3\.(?!.*ports are busy)")

# What a server that expects no header says to one. Stock smtpd: "500 5.5.2 Error: bad syntax", "502 5.5.2 Error:
# command not recognized", and "221 2.0.0 Bye" to the QUIT in the signature. Postfix from 3.9 on: "554 5.5.0 Error: SMTP
# protocol synchronization" (smtpd_forbid_unauth_pipelining); postscreen_greet_action=drop: "521 5.5.1 Protocol error".
_HEADER_TAKEN_FOR_COMMANDS = re.compile(r"(?:500|502|221)\b|5\d\d .*(?:synchronization|protocol error)", re.IGNORECASE)

# <NAME[ADDRESS]>, in restrictions' replies; "client [ADDRESS]", "Client host [ADDRESS]", "your hostname, [ADDRESS]" in
# those of DNS lists and of reject_unknown_client_hostname. With smtpd_client_port_logging a port follows the bracket.
# An @ before it would make it somebody's address literal (RFC 5321 section 4.1.3).
_NAMED = re.compile(r"(?:<[^<>@\[\]\s]*|\bclient (?:host )?|\bhostname, )\[(?:IPv6:)?([0-9A-F:.]+)\]", re.IGNORECASE)


class Reply(NamedTuple):
    """One whole reply: its code, the text of each of its lines, made printable, and whether a teaser came before it."""

    code: int
    lines: tuple[str, ...]
    after_teaser: bool = False

    @property
    def text(self) -> str:
        """The reply in one line, code first."""
        return f"{self.code} {' '.join(self.lines)}".rstrip()

    @property
    def excerpt(self) -> str:
        """As much of ``text`` as is worth keeping."""
        return self.text[:KEPT_BYTES]

    @property
    def refuses_header(self) -> bool:
        """Whether, in place of a greeting, it says that no usable PROXY header came.

        The teaser of postscreen comes once it has read the header: what comes after that speaks of something else.
        """
        return not self.after_teaser and _HEADER_REFUSED.match(self.text) is not None

    @property
    def takes_header_for_commands(self) -> bool:
        """Whether it answers the bytes of a PROXY header as if they were SMTP commands."""
        return self.code != OK and _HEADER_TAKEN_FOR_COMMANDS.match(self.text) is not None

    @property
    def ehlo_keywords(self) -> tuple[str, ...]:
        """The keywords of an answer to EHLO, as spelled, without their parameters (RFC 5321 section 4.1.1.1)."""
        return _keywords(self.lines)


_NOTHING = Reply(0, ())


@lru_cache(maxsize=64)
def _whole_reply(data: bytes) -> Reply | None:
    """Read what has arrived at once, if it is one whole reply and nothing else; ``None`` asks to go line by line.

    Nearly every reply comes so, and a server says the same at each visit: what it said is looked up. Read line by line
    it costs twenty times as much.
    """
    if _WHOLE.fullmatch(data) is None or data.count(b"\n") > MAX_REPLY_LINES:
        return None
    cut = data.decode("ascii").split("\r\n")
    del cut[-1]
    return Reply(int(data[:3]), tuple([line[4:] for line in cut]))


@lru_cache(maxsize=64)
def _keywords(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([words[0] for line in lines[1:] if (words := line.split(None, 1))])


class ReplyReader(LineReader):
    """Reads one reply after the other; ``last`` is the latest."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        """Begin with nothing received."""
        LineReader.__init__(self)  # super() would cost a third more, in every dialogue
        self.last = _NOTHING

    def read(self, first: Receive = RECEIVE, *, greeting: bool = False) -> Generator[Step, bytes, Reply]:
        """Read one reply to its last line; ``first`` is the step that has the command written which is replied to.

        A ``greeting`` may begin with postscreen's teaser, which is marked. A client that postscreen drops, or smtpd
        turns away when it is handed on, gets ``220-`` and then a refusal with a code of its own: the refusal is the
        greeting.

        Raises:
            WireError: ``MALFORMED``, ``TOO_LARGE`` or ``CLOSED``.
        """
        if self.unread:
            self.begin_reply()
        else:
            data = yield first
            whole = _whole_reply(data) if len(data) <= MAX_LINE_BYTES else None
            if whole is not None and not (greeting and whole.lines[1:]):  # else a teaser, whose moment counts
                self.took(data)
                self.last = whole
                return whole
            self.begin_reply()
            self.take_in(data)
        self.last = reply = yield from self._by_line(greeting=greeting)
        return reply

    def _by_line(self, *, greeting: bool) -> Generator[Step, bytes, Reply]:
        code, texts, more, teased = 0, list[str](), True, False
        while more:
            line = yield from self.line()
            match = _LINE.fullmatch(line)
            if match is None:
                raise self.error(Reason.MALFORMED, f"not an SMTP reply: {printable(line)[:KEPT_BYTES]}")
            before, code, more = code, int(match[1]), match[2] == b"-"
            if texts and code != before:
                if not (greeting and before == READY and code >= REFUSALS_FROM):
                    raise self.error(Reason.MALFORMED, f"a reply that begins with {before} and goes on with {code}")
                texts.clear()
            if greeting and more and code == READY and not teased:
                teased = True
                yield Mark("teaser")
            texts.append(printable(match[3] or b""))
        return Reply(code, tuple(texts), teased)


def believed_address(reply: str) -> str | None:
    """Return the client address that a refusal names (``554 5.7.1 <NAME[ADDRESS]>: Client host rejected``), or None.

    Canonical: IPv6 compressed and in lower case, as ``str(ipaddress.ip_address(…))``.
    """
    match = _NAMED.search(reply)
    if match is None:
        return None
    try:
        return str(ip_address(match[1]))
    except ValueError:
        return None
