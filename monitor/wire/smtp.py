"""The SMTP client's side of a probe: from the greeting to QUIT, one command at a time, never a message.

Nothing is written before the final line of the greeting (postscreen: ``PREGREET``), nor before the whole reply to the
last command (smtpd: ``improper command pipelining``). Every failure after which the two still understand each other is
raised only after QUIT: a client that just goes away is a ``lost connection`` in the server's log.
"""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from monitor.core.conversation import DialogueOutcome, Enter, Mark, Receive, Script, StartTls, Step
from monitor.core.errors import WireError
from monitor.core.taxonomy import Phase, Reason
from monitor.wire.smtp_reply import CLOSING, HANGS_UP, OK, READY, REFUSALS_FROM, Reply, ReplyReader, believed_address

# Steps of every dialogue, made once.
_GREETING, _BANNER = Receive(phase=Phase.GREETING), Mark("banner")
# What a server without EHLO says to it (RFC 5321 section 4.2.4).
_NO_SUCH_COMMAND = frozenset({500, 502})
_EHLO, _QUIT = Phase.EHLO, Phase.QUIT  # a member costs 75 ns each time that the class is asked for it (CPython 3.11)


@dataclass(frozen=True, slots=True)
class ReplyProof:
    """The transaction that makes smtpd name its client: from the null sender to ``recipient``, never with DATA.

    ``recipient`` is an ASCII address without angle brackets; smtpd repeats it in its log, so it may carry a nonce.
    """

    recipient: str


def smtp_dialogue(*, helo: str, encrypted: bool, noops: int = 0, proof: ReplyProof | None = None) -> Script:
    """Speak SMTP to its clean end, through STARTTLS where the connection is not ``encrypted`` yet.

    A PROXY header went before, ours or HAProxy's: an answer to the header is told from one to us.

    Args:
        helo: The name for EHLO, ASCII.
        encrypted: Whether TLS is already there (port 465). It proves that a header has been read as one.
        noops: How many NOOP commands to send before QUIT; smtpd counts them in its disconnect line.
        proof: The transaction to try before that.

    Raises:
        WireError: The reasons of "what a mail server may say wrong", ``CLOSED``, and STARTTLS's two.
    """
    session = _Session()
    greeting = yield from session.greet(encrypted=encrypted)
    capabilities = yield from session.hello(helo, behind_header=not encrypted)
    if not encrypted:
        # Required on submission (RFC 8314 section 4.1), expected on port 25: where a server stops offering it,
        # mail goes on in plain text and nobody notices. So its absence is a failure on both.
        yield from session.start_tls(capabilities)
        # RFC 3207 section 4.2: what was learned before TLS is void.
        capabilities = yield from session.hello(helo)
    if proof or noops:
        yield Enter(Phase.PROOF)
    told = (yield from session.prove(proof)) if proof else None
    for _ in range(noops):
        yield from session.expect_ok("NOOP")
    yield from session.quit()
    outcome = DialogueOutcome(greeting, capabilities, not encrypted, noops)
    if told is None or proof is None:
        return outcome
    return outcome._replace(
        believed_address=believed_address(told.text), proof_reply=told.excerpt, recipient=proof.recipient
    )


@lru_cache(maxsize=64)
def _asking(command: str, phase: Phase | None) -> Receive:
    return Receive(f"{command}\r\n".encode("ascii"), phase)


class _Session(ReplyReader):
    """Two sides in step: what the server said last, and whose turn it is."""

    __slots__ = ()

    def greet(self, *, encrypted: bool) -> Generator[Step, bytes, str]:
        reply = yield from self.read(_GREETING, greeting=True)
        if reply.code == READY:
            yield _BANNER
            return f"{READY} {reply.lines[-1]}".rstrip()
        if not encrypted and reply.refuses_header:
            raise self._error(Reason.HEADER_REJECTED)
        if not encrypted and reply.takes_header_for_commands:
            raise self._error(Reason.HEADER_NOT_CONSUMED)
        if reply.code < REFUSALS_FROM:
            raise self._error(Reason.UNEXPECTED_REPLY)
        # RFC 5321 section 3.1: a server that refuses by 554 waits for our QUIT.
        raise (yield from self._leave(Reason.TURNED_AWAY))

    def hello(self, helo: str, *, behind_header: bool = False) -> Generator[Step, bytes, tuple[str, ...]]:
        # More than a greeting, and nothing asked yet: the answer to the header, if that was read as commands. It may
        # as well come a moment later; then it is in the place of the answer to EHLO.
        asked = not (behind_header and self.unread)
        if asked:
            reply = yield from self.command(f"EHLO {helo}", _EHLO)
        else:
            yield Enter(_EHLO)
            reply = yield from self.read()
        gone = False
        if asked and reply.code in _NO_SUCH_COMMAND and not self.unread:
            taken = yield from self._helo(helo)
            if taken:
                return ()
            gone = taken is None
        if behind_header and reply.takes_header_for_commands:
            raise self.error(Reason.HEADER_NOT_CONSUMED, reply.excerpt)
        if not asked:
            raise self._error(Reason.UNEXPECTED_REPLY)
        if gone:
            raise self.error(Reason.TURNED_AWAY, reply.excerpt)
        if reply.code >= REFUSALS_FROM:
            raise (yield from self._leave(Reason.TURNED_AWAY))
        if reply.code != OK:
            raise (yield from self._leave(Reason.UNEXPECTED_REPLY))
        return reply.ehlo_keywords

    def _helo(self, helo: str) -> Generator[Step, bytes, bool | None]:
        """Send HELO to a server that seems to know no EHLO (RFC 5321 section 3.2), and return whether it takes that.

        One that has read our header as commands answers that next, or hangs up: then ``None``.
        """
        try:
            return (yield from self.command(f"HELO {helo}")).code == OK
        except WireError:
            return None

    def start_tls(self, capabilities: tuple[str, ...]) -> Generator[Step, bytes, None]:
        yield Enter(Phase.STARTTLS)
        if "STARTTLS" not in map(str.upper, capabilities):
            detail = "the answer to EHLO does not offer STARTTLS" if capabilities else "the server offers no extension"
            raise (yield from self._leave(Reason.STARTTLS_NOT_OFFERED, detail))
        if (yield from self.command("STARTTLS")).code != READY:
            raise (yield from self._leave(Reason.STARTTLS_REFUSED))
        if self.unread:
            # Kept, these bytes would be read as if they had come through TLS (CVE-2011-0411 and its kind).
            raise self.error(Reason.UNEXPECTED_REPLY, "plain text behind the answer to STARTTLS")
        yield Enter(Phase.TLS_HANDSHAKE)
        yield StartTls()

    def prove(self, proof: ReplyProof) -> Generator[Step, bytes, Reply]:
        """Return the reply that tells: RCPT's, or MAIL's if that is as far as it goes. Any code will do."""
        reply = yield from self.command("MAIL FROM:<>")
        begun = reply.code == OK
        if begun:
            reply = yield from self.command(f"RCPT TO:<{proof.recipient}>")
        if reply.code in HANGS_UP:
            raise self._error(Reason.UNEXPECTED_REPLY)
        if begun:
            yield from self.expect_ok("RSET")
        return reply

    def expect_ok(self, command: str) -> Generator[Step, bytes, None]:
        if (yield from self.command(command)).code != OK:
            raise (yield from self._leave(Reason.UNEXPECTED_REPLY))

    def quit(self) -> Generator[Step, bytes, None]:
        if (yield from self.command("QUIT", _QUIT)).code != CLOSING:
            raise self._error(Reason.UNEXPECTED_REPLY)

    def command(self, command: str, phase: Phase | None = None) -> Generator[Step, bytes, Reply]:
        """Send a command in the running ``phase``, or as the first of a new one, and read the reply."""
        return self._refuse_the_turn(phase) if self.unread else self.read(_asking(command, phase))

    def _refuse_the_turn(self, phase: Phase | None) -> Generator[Step, bytes, Reply]:
        if phase is not None:
            yield Enter(phase)
        raise self.error(Reason.UNEXPECTED_REPLY, "the server speaks out of turn")

    def _error(self, reason: Reason, detail: str = "") -> WireError:
        return self.error(reason, detail or self.last.excerpt)

    def _leave(self, reason: Reason, detail: str = "") -> Generator[Step, bytes, WireError]:
        """End in order, in the phase that failed, and hand back the error to raise, whatever is said to QUIT."""
        error = self._error(reason, detail)
        if self.last.code not in HANGS_UP:
            with suppress(WireError):
                yield from self.command("QUIT")
        return error
