"""The IMAP client's side of a probe: greeting, CAPABILITY, ID, LOGOUT; never a login (RFC 3501, RFC 2971).

One command at a time. Inside implicit TLS there is no PROXY header left to doubt: Dovecot closes on one that it does
not like, before TLS.
"""

import re
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass

from monitor.core.conversation import DialogueOutcome, Enter, Script, Send, Step
from monitor.core.errors import KEPT_BYTES, WireError
from monitor.core.taxonomy import Phase, Reason
from monitor.wire.lines import LineReader, printable

_GREETING = re.compile(r"\* (OK|PREAUTH|BYE)\b(?: .*)?", re.IGNORECASE)
_CODE = re.compile(r"\[CAPABILITY ([^\]]*)\]", re.IGNORECASE)
_LITERAL = re.compile(r"\{[0-9]+\+?\}$")
# Only these carry free text, which may look like a literal and is none (RFC 3501 section 7.1).
_STATUS = re.compile(r"(?:OK|NO|BAD|PREAUTH|BYE)\b", re.IGNORECASE)
_TAGGED = re.compile(r"(?:OK|NO|BAD)\b", re.IGNORECASE)
_BYE = re.compile(r"BYE\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to one command: the tagged line without its tag, and the untagged ones without their ``* ``."""

    tagged: str
    untagged: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the command succeeded."""
        return self.tagged.upper().startswith("OK")

    def says(self, word: str) -> bool:
        """Whether an untagged line begins with this word."""
        return any(line.upper().split(" ", 1)[0] == word for line in self.untagged)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The capabilities that an untagged CAPABILITY lists, as spelled."""
        for line in self.untagged:
            word, _, rest = line.partition(" ")
            if word.upper() == "CAPABILITY":
                return tuple(rest.split())
        return ()


def capabilities_in_greeting(greeting: str) -> tuple[str, ...]:
    """The capabilities of a greeting's ``[CAPABILITY …]``, as spelled; none where it has no such code."""
    code = _CODE.search(greeting)
    return tuple(code[1].split()) if code else ()


def imap_dialogue() -> Script:
    """Speak IMAP to its clean end, before any login.

    Raises:
        WireError: ``TURNED_AWAY`` (BYE), ``UNEXPECTED_REPLY``, ``MALFORMED``, ``TOO_LARGE`` or ``CLOSED``.
    """
    session = _Session()
    yield Enter(Phase.GREETING)
    greeting = yield from session.greet()
    yield Enter(Phase.CAPABILITY)
    listed = yield from session.command("CAPABILITY")
    capabilities = listed.capabilities or capabilities_in_greeting(greeting)
    if not (listed.ok and capabilities):
        raise (yield from session.leave(f"no capabilities: {listed.tagged}"))
    if "ID" in map(str.upper, capabilities):
        # A refusal breaks nothing: RFC 2971 section 3.1 forbids to make anything depend on ID.
        yield from session.command("ID NIL")
    yield Enter(Phase.QUIT)
    farewell = yield from session.command("LOGOUT")
    if not (farewell.ok and farewell.says("BYE")):
        raise session.error(Reason.UNEXPECTED_REPLY, f"LOGOUT answered without BYE and OK: {farewell.tagged}")
    return DialogueOutcome(greeting=greeting, capabilities=capabilities)


class _Session:
    """Numbers the commands and reads what answers them."""

    def __init__(self) -> None:
        self._lines = LineReader()
        self._commands = 0

    def greet(self) -> Generator[Step, bytes, str]:
        self._lines.begin_reply()
        greeting = printable((yield from self._lines.line()))
        match = _GREETING.fullmatch(greeting)
        if match is None:
            raise self.error(Reason.MALFORMED, f"not an IMAP greeting: {greeting}")
        if match[1].upper() == "BYE":
            raise self.error(Reason.TURNED_AWAY, greeting)
        return greeting

    def command(self, command: str) -> Generator[Step, bytes, Response]:
        self._commands += 1
        tag = f"a{self._commands}"
        yield Send(f"{tag} {command}\r\n".encode("ascii"))
        self._lines.begin_reply()
        untagged: list[str] = []
        while True:
            mark, _, rest = printable((yield from self._lines.line())).partition(" ")
            if mark == tag:
                return Response(self._status(rest), tuple(untagged))
            if mark != "*":
                # A continuation request or somebody else's tag: we have nothing to go on with.
                raise self.error(Reason.MALFORMED, f"not an answer to {tag} {command}: {mark} {rest}")
            self._check_untagged(rest, command)
            untagged.append(rest)

    def error(self, reason: Reason, detail: str) -> WireError:
        return self._lines.error(reason, detail[:KEPT_BYTES])

    def leave(self, detail: str) -> Generator[Step, bytes, WireError]:
        """End in order, in the phase that failed, and hand back the error to raise, whatever is said to LOGOUT."""
        error = self.error(Reason.UNEXPECTED_REPLY, detail)
        with suppress(WireError):
            yield from self.command("LOGOUT")
        return error

    def _status(self, rest: str) -> str:
        if not _TAGGED.match(rest):
            raise self.error(Reason.MALFORMED, f"neither OK, NO nor BAD: {rest}")
        return rest

    def _check_untagged(self, rest: str, command: str) -> None:
        if command != "LOGOUT" and _BYE.match(rest):
            raise self.error(Reason.TURNED_AWAY, f"* {rest}")
        if _LITERAL.search(rest) and not _STATUS.match(rest):
            # Nothing that is asked here needs one, and its length would be the peer's to choose.
            raise self.error(Reason.UNEXPECTED_REPLY, f"a literal in the answer to {command}")
