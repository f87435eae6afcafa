"""Lines cut from what a script receives; what a peer may make us hold has a bound, whatever it sends."""

from collections.abc import Generator

from monitor.core.conversation import Receive, Step
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason

# RFC 5321 section 4.5.3.1.5 gives a reply line 512 bytes; capability lists outgrow that in both protocols.
MAX_LINE_BYTES = 2048
MAX_REPLY_LINES = 64
MAX_REPLY_BYTES = 16 * 1024


RECEIVE = Receive()


class LineReader:
    """Cuts the lines of one reply after the other; holds at most one reply and the chunk that arrived last.

    ``unread`` are the bytes that have arrived and no line has been made of yet.
    """

    __slots__ = ("_lines", "_reply", "_silent", "unread")

    def __init__(self) -> None:
        """Begin with nothing received."""
        self.unread = b""
        self._reply = b""
        self._lines = 0
        self._silent = True

    def begin_reply(self) -> None:
        """Count lines and bytes from here: the bounds are those of one reply."""
        self._reply = b""
        self._lines = 0

    def take_in(self, data: bytes) -> None:
        """Add what was received. Raises ``WireError`` (``CLOSED``) at end of stream."""
        if not data:
            raise self.error(Reason.CLOSED, self._how_closed())
        self._silent = False
        self.unread += data

    def took(self, reply: bytes) -> None:
        """Record a whole reply that was received and read elsewhere: it is the evidence of what comes next."""
        self._silent = False
        self._reply = reply

    def line(self) -> Generator[Step, bytes, bytes]:
        """Return the next line without its line end.

        A bare LF ends a line too: RFC 5321 section 2.3.8 forbids it, and every client accepts it (Postfix's own
        smtp(8), OpenSSL's s_client, smtplib). Its danger is in message data, which is never read here.

        Raises:
            WireError: ``TOO_LARGE`` over one of the bounds, ``CLOSED`` at end of stream.
        """
        while (end := self.unread.find(b"\n", 0, MAX_LINE_BYTES + 1)) < 0:
            if len(self.unread) > MAX_LINE_BYTES:
                raise self.error(Reason.TOO_LARGE, f"a line of more than {MAX_LINE_BYTES} bytes")
            self.take_in((yield RECEIVE))
        line = self.unread[: end + 1]
        self.unread = self.unread[end + 1 :]
        self._reply += line
        self._lines += 1
        if self._lines > MAX_REPLY_LINES or len(self._reply) > MAX_REPLY_BYTES:
            raise self.error(
                Reason.TOO_LARGE, f"a reply of more than {MAX_REPLY_LINES} lines or {MAX_REPLY_BYTES} bytes"
            )
        return line[:-1].removesuffix(b"\r")

    def error(self, reason: Reason, detail: str) -> WireError:
        """Make the error to raise, with the reply as far as it has come as its evidence."""
        return WireError(reason, detail, self._reply + self.unread)

    def _how_closed(self) -> str:
        if self._silent:
            return "closed without a byte"
        if self._reply or self.unread:
            return "closed in the middle of a reply"
        return "closed where a reply was due"


def printable(raw: bytes) -> str:
    """Decode for eyes: UTF-8 as it is, everything that would not print (NUL, ESC, other 8-bit) as an escape."""
    text = raw.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text  # nearly always; the next line costs as much as the rest of a reply
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
