"""What files and pipes put around the lines of syslog, taken off again.

A line is plain as rsyslog and older syslogds write it: ``TIME HOST PROGRAM[PID]: MESSAGE``, the time as in RFC 3339 or
RFC 3164, with Kubernetes' time before it or without. Everything else is an envelope, one row of ``ENVELOPES`` each.
Envelopes may be nested (``docker compose logs`` over RFC 5424), which is why they are taken off one by one.
"""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from monitor.core.moments import rfc3339
from monitor.wire.maillog.template import HEAD, RFC3164, RFC3339

# Runtimes cut a line in pieces; of an endless one no more than this is kept, which no daemon of interest writes.
MAX_LINE = 8192 + 256
# A log driver, a prefix of compose or kubectl, a time, syslog's own: no real line has more.
DEEPEST = 5
# The nil value of RFC 5424: what an envelope does not name.
NIL = "-"

_PLAIN = re.compile(rf"{HEAD}[^ \[]{{1,80}}(?:\[\d{{1,9}}\])?: ", re.ASCII)
_UNESCAPED = re.compile(r"[^\x00-\xff]")
_JSON = json.JSONDecoder(strict=False)
_COLOUR = r"(?:\x1b\[[\d;]{0,16}m)?"
_ZONES = {"UTC": "Z", "GMT": "Z"}


# What was in an envelope; its stream, "" for the only one; false where the rest comes in a later line of that stream.
Piece = tuple[str, str, bool]


class Envelope(NamedTuple):
    """How an envelope begins, and what is in it, by that match and the line."""

    begins: re.Pattern[str]
    open: Callable[[re.Match[str], str], Piece | None]


def _rest(match: re.Match[str], line: str) -> Piece:
    return line[match.end() :], "", True


def _cri(match: re.Match[str], line: str) -> Piece:
    return line[match.end() :].removesuffix("\r"), match["stream"], match["tag"] == "F"


def _docker(match: re.Match[str], _line: str) -> Piece | None:
    text, stream = match.groups("")
    if "\\" in text.removesuffix("\\n"):
        try:
            text, _ = _JSON.raw_decode(f'"{text}"')
        except ValueError:
            return None
        if not text.isascii():
            # Lines are read as Latin-1: what the JSON has escaped becomes bytes again, the rest is not decoded yet.
            text = _UNESCAPED.sub(lambda char: char[0].encode("utf-8", "replace").decode("latin-1"), text)
        return text.rstrip("\r\n"), stream, text.endswith("\n")
    return text.removesuffix("\\n"), stream, text.endswith("\\n")


def _rfc5424(match: re.Match[str], line: str) -> Piece:
    pid = f"[{match['pid']}]" if match["pid"].isdecimal() else ""
    return f"{match['stamp']} {match['host']} {match['app']}{pid}: {line[match.end() :]}", "", True


def _marked(match: re.Match[str], line: str) -> Piece:
    return f"{match['stamp']} {line[match.end() :]}", "", True


def _full(match: re.Match[str], line: str) -> Piece:
    zone = _ZONES.get(match["zone"])
    stamp = NIL if zone is None else f"{match['day']}T{match['time']}{zone}"  # the names of other zones are no offsets
    return f"{stamp} {line[match.end() :]}", "", True


def _unix(match: re.Match[str], line: str) -> Piece:
    written = rfc3339(int(match["seconds"]))
    return f"{written[:19]}.{match['fraction']}{written[19:]} {line[match.end() :]}", "", True


def _monotonic(match: re.Match[str], line: str) -> Piece:
    return f"{NIL} {line[match.end() :]}", "", True


def _envelope(begins: str, open_: Callable[[re.Match[str], str], Piece | None] = _rest) -> Envelope:
    return Envelope(re.compile(begins, re.ASCII), open_)


# The order matters between RFC 5424 and PRI alone: no line begins as two of the others do.
ENVELOPES = (
    # Kubernetes on the node, /var/log/pods (CRI's "Log Format Specification"); Podman's k8s-file
    _envelope(rf"{RFC3339} (?P<stream>stdout|stderr) (?P<tag>[FP])(?::[^ ]{{0,64}})? ", _cri),
    # Docker's json-file
    _envelope(r'\{"log":"(?P<log>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?:,"stream":"(?P<stream>stdout|stderr)")?', _docker),
    # docker compose logs, its prefix in colour on a terminal
    _envelope(rf"{_COLOUR}[\w.-]{{1,80}} {{0,64}}\|{_COLOUR} {_COLOUR}"),
    # kubectl logs --prefix
    _envelope(r"\[pod/[^ \]]{1,320}\] "),
    # RFC 5424 section 6; rsyslog puts a space before the message, others a byte order mark
    _envelope(
        rf"(?:<\d{{1,3}}>)?(?:\d{{1,2}} )?(?P<stamp>{RFC3339}|-) (?P<host>[^ ]{{1,255}}+) (?P<app>[^ ]{{1,80}}+) "
        r'(?P<pid>[^ ]{1,128}+) [^ ]{1,32}+ (?:-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*+")*+\])++)'
        r"(?: (?:\xef\xbb\xbf)?+ ?|\Z)",
        _rfc5424,
    ),
    # PRI before a plain line (RFC 3164 section 4.1.1)
    _envelope(r"<\d{1,3}>"),
    # FreeBSD's syslogd -v (<2.6>) and -vv (<mail.info>)
    _envelope(rf"(?P<stamp>{RFC3164}|{RFC3339}) <[a-z\d]{{1,16}}\.[a-z\d]{{1,16}}> ", _marked),
    # journalctl -o short-full, short-unix, short-monotonic and short-delta
    _envelope(
        r"[A-Z][a-z]{2} (?P<day>\d{4}-\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d(?:\.\d{1,9})?) (?P<zone>[A-Z+-][\w:]{1,8}) ",
        _full,
    ),
    _envelope(r"(?P<seconds>\d{9,11})\.(?P<fraction>\d{6}) ", _unix),
    _envelope(r"\[ *\d{1,12}\.\d{6}(?: <[^<>\]]{1,24}>)?\] ", _monotonic),
)
# docker logs -t, kubectl logs --timestamps, over one of the above; a line that is not plain may begin so as well.
_TIME_ALONE = re.compile(rf"{RFC3339} ", re.ASCII)

# journalctl -o cat: messages alone. What they say of a client tells the daemon, and nothing tells the listener.
_MESSAGES = re.compile(
    r"(?P<postscreen>(?:CONNECT|DISCONNECT|DENYLISTED|BLACKLISTED|ALLOWLISTED|WHITELISTED) (?:from )?\["
    r"|PASS (?:NEW|OLD) \[|(?:HANGUP|PREGREET \d{1,9}) after |DNSBL rank |(?:COMMAND [A-Z ]{1,16}|BARE NEWLINE) from \["
    r"|NOQUEUE: reject: [A-Z-]{1,32} from \[)"
    r"|(?P<smtpd>(?:dis)?connect from |(?:[0-9A-Za-z]{5,32}: )?(?:lost connection|timeout|too many errors) after "
    r"|[0-9A-Za-z]{5,32}: (?:milter-)?reject: )"
    r"|(?P<dovecot>imap-login: )",
    re.ASCII,
)


def is_plain(line: str) -> bool:
    """Tell whether a line has no envelope."""
    return _PLAIN.match(line) is not None


class Opener:
    """Opens the lines of one stream; remembers which envelopes fitted, and unfinished lines, in bounds.

    A message without a head is believed only where no line of the stream has had one: a daemon's message that spans
    lines would otherwise bring in what a client has written.
    """

    __slots__ = ("_envelopes", "_headed", "_unfinished")

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._envelopes = list(ENVELOPES)
        self._unfinished: dict[str, str] = {}
        self._headed = False

    def saw_plain(self) -> None:
        """Take note of a line that had its head."""
        self._headed = True

    def open(self, line: str) -> str | None:
        """Take all envelopes off; ``None`` where a line has not come to its end yet."""
        stamped = ""
        for _ in range(DEEPEST):
            # No plain line begins as an envelope does; in a stream of one kind the first look is the last.
            envelope = self._envelopes[0]
            match = envelope.begins.match(line)
            if match is None and _PLAIN.match(line) is not None:
                self._headed = True
                return line
            piece = self._opened(line) if match is None else envelope.open(match, line)
            if piece is None:
                match = _TIME_ALONE.match(line)
                if match is None:
                    break
                stamped, line = line, line[match.end() :]
                continue
            stamped = ""
            line, stream, whole = piece
            if stream and (self._unfinished or not whole):
                line = self._unfinished.pop(stream, "") + line
                if not whole:
                    self._unfinished[stream] = line[: MAX_LINE + 1]
                    return None
        return (None if self._headed else _with_head(line)) or stamped or line

    def _opened(self, line: str) -> Piece | None:
        for place, envelope in enumerate(self._envelopes):
            match = envelope.begins.match(line)
            if match is not None and (piece := envelope.open(match, line)) is not None:
                del self._envelopes[place]
                self._envelopes.insert(0, envelope)
                return piece
        return None


def _with_head(line: str) -> str | None:
    message = _MESSAGES.match(line)
    if message is None:
        return None
    daemon = message.lastgroup or ""
    program = daemon if daemon == "dovecot" else f"{NIL}/{daemon}"
    return f"{NIL} {NIL} {program}: {line}"
