"""The mail server's pod: eight listeners, four of them for PROXY, behind every node's NodePorts."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from functools import partial

from monitor.core.model import MailProtocol, Node, Service
from monitor.demo.connection import Client, ClientGoneError, Connection
from monitor.demo.dovecot import ImapLogin
from monitor.demo.layout import POD_ADDRESS, SERVER_NAME
from monitor.demo.maillog_writer import MaillogWriter, quoted
from monitor.demo.postscreen import Postscreen
from monitor.demo.smtpd import Smtpd, SmtpdRules
from monitor.links.tcp import TcpStream
from monitor.wire.proxy_header import Command, ProxyHeaderError, Transport

# postscreen_upstream_proxy_timeout and smtpd_upstream_proxy_timeout are 5 s, Dovecot's haproxy_timeout is 3 s.
POSTFIX_HEADER_TIMEOUT = 5.0
DOVECOT_HEADER_TIMEOUT = 3.0
_TCP = frozenset({Transport.TCP4, Transport.TCP6})

_STOCK_NAMES = {
    MailProtocol.SMTP: "postfix/postscreen",
    MailProtocol.SMTPS: "postfix/submissions/smtpd",
    MailProtocol.SUBMISSION: "postfix/submission/smtpd",
    MailProtocol.IMAPS: "dovecot",
}
# How Dovecot words what Postfix says of a header that did not come; of any other it says that it cannot be read.
_DOVECOT_WORDS = {"timeout error": "Error: haproxy: Client timed out", "EOF": "haproxy: Client disconnected"}
_UNREADABLE = "Error: haproxy: Client disconnected: Failed to read valid HAproxy data"


class HeaderRefusedError(Exception):
    """No usable PROXY header came; ``words`` are Postfix's, behind ``haproxy read: ``."""

    def __init__(self, words: str, data: bytes = b"") -> None:
        """Quote what came in its place."""
        self.words = f"{words}: {quoted(data)}" if data else words
        super().__init__(self.words)


class MailServer:
    """What all listeners share; a fault changes it while they run.

    Attributes:
        tls: the certificate, with its key, that all services show.
        proxy: whether the PROXY listeners expect a header; else they take it for what a client says.
        seen_as: the one address under which all clients appear, where SNAT hides them; ``None``: their own.
        greeting_delay: seconds that every greeting comes late.
    """

    def __init__(self, log: MaillogWriter, tls: ssl.SSLContext) -> None:
        """Begin without any fault."""
        self.tls = tls
        self.proxy = True
        self.seen_as: str | None = None
        self.greeting_delay = 0.0
        self._log = log
        self._postscreen = Postscreen()

    def listener(self, service: Service, node: Node, *, proxied: bool) -> Callable[[TcpStream], Awaitable[None]]:
        """Return what serves a connection that came by one of a node's NodePorts, the data port if ``proxied``."""
        return partial(self._serve, service, node, proxied=proxied)

    async def _serve(self, service: Service, node: Node, stream: TcpStream, *, proxied: bool) -> None:
        connection = Connection(stream)
        port = service.listener_port if proxied else service.check_listener_port or 0
        # What the pod sees of a TCP connection: kube-proxy has put the node's address in the client's place.
        peer = Client(node.address, connection.endpoints.remote_port, POD_ADDRESS, port)
        try:
            client = await self._identify(connection, peer, service) if proxied and self.proxy else peer
            if self.seen_as is not None:
                client = client._replace(address=self.seen_as)
            await self._session(connection, client, service, _program(service, proxied=proxied))
        except HeaderRefusedError as refusal:
            await self._refuse(connection, peer, service, refusal.words)
        await connection.hang_up()

    async def _identify(self, connection: Connection, peer: Client, service: Service) -> Client:
        imap = service.protocol.speaks_imap
        try:
            async with asyncio.timeout(DOVECOT_HEADER_TIMEOUT if imap else POSTFIX_HEADER_TIMEOUT):
                header = await connection.header()
        except ProxyHeaderError as error:
            raise HeaderRefusedError(error.fault, error.data) from error
        except TimeoutError as error:
            raise HeaderRefusedError(
                "time limit exceeded" if service.protocol is MailProtocol.SMTP else "timeout error"
            ) from error
        except ClientGoneError as error:
            unread = connection.unread
            raise HeaderRefusedError("short protocol header" if unread else "EOF", unread) from error
        if header.command is Command.LOCAL:
            return peer
        source, destination = header.source, header.destination
        if header.transport not in _TCP or source is None or destination is None:
            raise HeaderRefusedError("unsupported network protocol")
        return Client(*source, *destination)

    async def _session(self, connection: Connection, client: Client, service: Service, program: str) -> None:
        protocol = service.protocol
        if protocol.speaks_imap:
            await ImapLogin(connection, client, self.tls, partial(self._log.write, "dovecot")).serve(self._pause)
            return
        rules = SmtpdRules(self.tls, protocol.implicit_tls, login_required=protocol is not MailProtocol.SMTP)
        with self._log.process(program) as say:
            if protocol is not MailProtocol.SMTP:
                await Smtpd(connection, client, rules, say).serve(self._pause)
            elif await self._postscreen.admits(connection, client, say, self._pause):
                # The stock service "smtpd pass" takes over, whichever postscreen it was.
                with self._log.process("postfix/smtpd") as smtpd:
                    await Smtpd(connection, client, rules, smtpd).serve(_at_once)

    async def _refuse(self, connection: Connection, peer: Client, service: Service, words: str) -> None:
        """Refuse in plain text, on the TLS ports too, as Postfix does; Dovecot only closes."""
        program = _program(service, proxied=True)
        if service.protocol.speaks_imap:
            self._log.write("dovecot", f"imap-login: {_DOVECOT_WORDS.get(words, _UNREADABLE)} (rip={peer.address})")
            return
        with self._log.process(program) as say:
            say(f"warning: haproxy read: {words}")
            if service.protocol is MailProtocol.SMTP:
                await connection.send("421 4.3.2 No system resources")
                return
            say(f"connect from {peer}")
            say(f"disconnect from {peer} commands=0/0")
            await connection.send(f"421 4.3.0 {SERVER_NAME} Server local error")

    async def _pause(self) -> None:
        await asyncio.sleep(self.greeting_delay)


async def _at_once() -> None:
    return


def _program(service: Service, *, proxied: bool) -> str:
    """Name the service in the log; the runbook's ``syslog_name`` of a PROXY service has the frontend's port."""
    if not proxied or service.protocol.speaks_imap:
        return _STOCK_NAMES[service.protocol]
    daemon = "postscreen" if service.protocol is MailProtocol.SMTP else "smtpd"
    return f"postfix/smtpd-proxy{service.frontend_port}/{daemon}"
