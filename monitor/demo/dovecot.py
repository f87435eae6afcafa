"""Dovecot's imap-login: an IMAP dialogue before any login, and its one line in the log."""

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from monitor.demo.connection import Client, ClientGoneError, Connection
from monitor.demo.maillog_writer import Say, neutered
from monitor.links.clock import wall_clock

_CAPABILITIES = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN"
_LISTED = "Pre-login capabilities listed, post-login capabilities have more."
MAX_COMMANDS = 100


class ImapLogin:
    """One session inside TLS, from the greeting to LOGOUT."""

    def __init__(self, connection: Connection, client: Client, tls: ssl.SSLContext, say: Say) -> None:
        """Serve a connection whose PROXY header, if it has one, has been read."""
        self._connection = connection
        self._client = client
        self._tls = tls
        self._say = say
        self._session = _session_id(client)
        self._failed_logins = 0

    async def serve(self, pause: Callable[[], Awaitable[None]]) -> None:
        """Hold the whole dialogue; ``pause`` comes before the greeting."""
        started = asyncio.get_running_loop().time()
        tls, end = "TLS handshaking", "Connection closed"
        try:
            await self._connection.start_tls(self._tls)
            tls = "TLS"
            await pause()
            end = await self._converse()
        except ssl.SSLError as error:
            end = f"Connection closed: SSL_accept() failed: {error.reason}"
        except ClientGoneError:
            pass
        finally:
            seconds = asyncio.get_running_loop().time() - started
            tried = f"auth failed, {self._failed_logins} attempts" if self._failed_logins else "no auth attempts"
            client = self._client
            self._say(
                f"imap-login: Disconnected: {end} ({tried} in {seconds:.0f} secs): user=<>, "
                f"rip={client.address}, lip={client.local_address}, {tls}, session=<{self._session}>"
            )

    async def _converse(self) -> str:
        """Answer commands to the end; return the log's words for it."""
        await self._connection.send(f"* OK [CAPABILITY {_CAPABILITIES}] Dovecot (Debian) ready.")
        for _ in range(MAX_COMMANDS):
            tag, _, command = neutered(await self._connection.line()).partition(" ")
            match command.partition(" ")[0].upper():
                case "CAPABILITY":
                    await self._connection.send(f"* CAPABILITY {_CAPABILITIES}", f"{tag} OK {_LISTED}")
                case "ID":
                    await self._connection.send('* ID ("name" "Dovecot")', f"{tag} OK ID completed.")
                case "NOOP":
                    await self._connection.send(f"{tag} OK NOOP completed.")
                case "LOGIN" | "AUTHENTICATE":
                    self._failed_logins += 1
                    await self._connection.send(f"{tag} NO [AUTHENTICATIONFAILED] Authentication failed.")
                case "LOGOUT":
                    await self._connection.send("* BYE Logging out", f"{tag} OK Logout completed.")
                    return "Aborted login by logging out"
                case _:
                    await self._connection.send(f"{tag or '*'} BAD Error in IMAP command received by server.")
        await self._connection.send("* BYE Too many invalid IMAP commands.")
        return "Too many invalid commands"


def _session_id(client: Client) -> str:
    """Make a session id as ``client_get_session_id`` does: 48 bits of microseconds, the port, the address."""
    clock = int(wall_clock() * 1e6) & 0xFFFF_FFFF_FFFF
    port = client.port.to_bytes(2, "little")
    return base64.b64encode(clock.to_bytes(6, "little") + port + ip_address(client.address).packed).decode("ascii")
