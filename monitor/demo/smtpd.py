"""Postfix's smtpd(8): a dialogue up to the recipient, who is always refused."""

import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from monitor.demo.connection import Client, ClientGoneError, Connection
from monitor.demo.layout import SERVER_NAME
from monitor.demo.maillog_writer import Say, neutered, quoted

# The order of smtpd's disconnect line (``smtpd_cmd_table`` of src/smtpd/smtpd.c).
_COUNTED = ("helo", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "rset", "noop", "vrfy", "quit", "unknown")
_FAILURES_FROM = "4"
MAX_COMMANDS = 100
GREETING = f"{SERVER_NAME} ESMTP"

# What is answered whatever stands behind the command.
_REPLIES = {
    "AUTH": "535 5.7.8 Error: authentication failed: (reason unavailable)",
    "DATA": "503 5.5.1 Error: need RCPT command",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "VRFY": "502 5.5.1 VRFY command is disabled",
    "QUIT": "221 2.0.0 Bye",
}
_EXTENSIONS = ("PIPELINING", "SIZE 10240000", "ETRN")
_MORE_EXTENSIONS = ("ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "CHUNKING")


@dataclass(frozen=True, slots=True)
class SmtpdRules:
    """What sets one listener apart: TLS from the start, and clients that must log in before they may do anything."""

    tls: ssl.SSLContext
    wrapper_mode: bool
    login_required: bool


class Smtpd:
    """One session, from the banner to QUIT; what it says in the log goes to ``say``."""

    def __init__(self, connection: Connection, client: Client, rules: SmtpdRules, say: Say) -> None:
        """Serve a connection whose PROXY header, if it has one, has been read."""
        self._connection = connection
        self._client = client
        self._rules = rules
        self._say = say
        self._done: Counter[str] = Counter()
        self._tried: Counter[str] = Counter()
        self._helo = ""
        self._sender: str | None = None
        self._state = "CONNECT"
        self._commands: dict[str, Callable[[str], Awaitable[str]]] = {
            "HELO": self._hello,
            "EHLO": self._hello,
            "STARTTLS": self._start_tls,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
        }

    async def serve(self, pause: Callable[[], Awaitable[None]]) -> None:
        """Hold the whole dialogue; ``pause`` comes before the banner."""
        self._say(f"connect from {self._client}")
        try:
            if self._rules.wrapper_mode and not await self._secured():
                return
            await pause()
            await self._connection.send(f"220 {GREETING}")
            await self._converse()
        except ClientGoneError:
            self._say(f"lost connection after {self._state} from {self._client}")
        finally:
            self._say(f"disconnect from {self._client} {self._summary()}")

    async def _converse(self) -> None:
        for _ in range(MAX_COMMANDS):
            line = await self._connection.line()
            if self._state == "CONNECT" and (unread := self._connection.unread):
                early = quoted(f"{line}\r\n".encode("latin-1") + unread)
                self._say(f"improper command pipelining after CONNECT from {self._client}: {early}")
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            self._state = verb if verb in self._commands or verb in _REPLIES else "UNKNOWN"
            if verb == "RSET":
                self._sender = None
            command = self._commands.get(verb)
            reply = await (command(rest) if command is not None else self._answer(_REPLIES.get(verb) or _unknown(verb)))
            self._count(self._state.lower(), reply)
            if verb == "QUIT":
                return
        await self._connection.send(f"421 4.7.0 {SERVER_NAME} Error: too many errors")

    def _count(self, command: str, reply: str) -> None:
        self._tried[command] += 1
        self._done[command] += reply < _FAILURES_FROM

    def _summary(self) -> str:
        counts = [f"{name}={_ratio(self._done[name], self._tried[name])}" for name in _COUNTED if self._tried[name]]
        done, tried = self._done.total(), self._tried.total()
        return " ".join((*counts, f"commands={_ratio(done, tried) if tried else '0/0'}"))

    async def _secured(self) -> bool:
        try:
            await self._connection.start_tls(self._rules.tls)
        except (ssl.SSLError, ClientGoneError) as error:
            how = "lost connection" if isinstance(error, ClientGoneError) else "-1"
            self._say(f"SSL_accept error from {self._client}: {how}")
            self._say(f"lost connection after {self._state} from {self._client}")
            return False
        self._say(f"Anonymous TLS connection established from {self._client}: {self._connection.cipher}")
        return True

    async def _answer(self, *lines: str) -> str:
        await self._connection.send(*lines)
        return lines[-1]

    async def _hello(self, name: str) -> str:
        if not name.strip():
            return await self._answer(f"501 Syntax: {self._state} hostname")
        self._helo = neutered(name.strip())
        self._sender = None
        if self._state == "HELO":
            return await self._answer(f"250 {SERVER_NAME}")
        offered = "AUTH PLAIN LOGIN" if self._connection.encrypted else "STARTTLS"
        words = [SERVER_NAME, *_EXTENSIONS, offered, *_MORE_EXTENSIONS]
        return await self._answer(*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}")

    async def _start_tls(self, _rest: str) -> str:
        if self._connection.encrypted:
            return await self._answer("554 5.5.1 Error: TLS already active")
        self._connection.forget_unread()
        reply = await self._answer("220 2.0.0 Ready to start TLS")
        if not await self._secured():
            raise ClientGoneError("TLS failed")
        self._helo, self._sender = "", None
        return reply

    async def _mail(self, rest: str) -> str:
        if self._rules.login_required and not self._connection.encrypted:
            return await self._answer("530 5.7.0 Must issue a STARTTLS command first")
        if not self._helo:
            return await self._answer("503 5.5.1 Error: send HELO/EHLO first")
        self._sender = _path(rest)
        return await self._answer("250 2.1.0 Ok")

    async def _rcpt(self, rest: str) -> str:
        if self._sender is None:
            return await self._answer("503 5.5.1 Error: need MAIL command")
        recipient = _path(rest)
        # ``smtpd_client_restrictions=permit_sasl_authenticated,reject`` of docker-mailserver's 465 and 587
        refusal = (
            f"<{self._client}>: Client host rejected: Access denied"
            if self._rules.login_required
            else f"{recipient}: Relay access denied"
        )
        self._say(
            f"NOQUEUE: reject: RCPT from {self._client}: 554 5.7.1 {refusal}; "
            f"from={self._sender} to={recipient} proto=ESMTP helo=<{self._helo}>"
        )
        return await self._answer(f"554 5.7.1 {refusal}")


def _unknown(verb: str) -> str:
    known_shape = verb[:1].isalpha()
    return "502 5.5.2 Error: command not recognized" if known_shape else "500 5.5.2 Error: bad syntax"


def _ratio(done: int, tried: int) -> str:
    return f"{done}" if done == tried else f"{done}/{tried}"


def _path(rest: str) -> str:
    """Cut the address, in its angle brackets, out of ``FROM:<…>`` or ``TO:<…>``."""
    return f"<{neutered(rest.partition('<')[2].partition('>')[0])}>"
