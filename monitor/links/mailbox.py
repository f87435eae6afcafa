"""A mailbox over IMAP with implicit TLS: find one message, take its header, delete it, by the standard library.

``imaplib`` blocks, hence the thread; in return nothing of IMAP's grammar has to be written anew for a handful of
commands a minute. Only here does mailpath log in with a real account.
"""

import imaplib
import re
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from monitor.core.errors import LinkError
from monitor.core.roundtrip import MARKER_PREFIX
from monitor.core.taxonomy import Reason
from monitor.links import certificate
from monitor.links.in_thread import in_thread
from monitor.links.tcp import reason_of
from monitor.links.trust import client_context

MAX_HEADER = 64 * 1024
_MAX_LITERAL = 2 * MAX_HEADER
# Dovecot's, where its own user database is out of order (RFC 5530): nobody's password is wrong.
_TEMPORARY = re.compile(r"\[(?:UNAVAILABLE|INUSE|SERVERBUG|LIMIT)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """One account: where, as whom, and which folder; ``sender`` is whose leftovers may be deleted."""

    host: str
    port: int
    server_name: str
    ca_file: str | None
    verify: bool
    user: str
    password: str = field(repr=False)
    folder: str
    sender: str
    timeout: float
    leftover_after: float


class Mailbox:
    """Looks into one mailbox, by a connection of its own each time."""

    def __init__(self, settings: MailboxSettings) -> None:
        """Make the trust.

        Raises:
            LinkError: NOT_FOUND, PERMISSION_DENIED, MALFORMED or LOCAL_ERROR: ``ca_file`` cannot be used.
        """
        self._settings = settings
        self._tls = _trust(settings)

    async def collect(self, marker: str) -> bytes | None:
        """Give the header of the message with this marker in its subject, and delete it; ``None``: not there.

        When it is there, leftovers of earlier runs are deleted with it.

        Raises:
            LinkError: AUTH_FAILED: the account is refused; TURNED_AWAY: not now; NOT_FOUND: no such folder;
                REFUSED, UNREACHABLE, TIMEOUT, RESET, CLOSED, TLS_ERROR, UNEXPECTED_REPLY; ``certificate_…``.
        """
        visit = _Visit(self._settings, self._tls)
        return await in_thread(visit, partial(visit.collect, marker), self._settings.timeout)


class _Visit:
    def __init__(self, settings: MailboxSettings, tls: ssl.SSLContext) -> None:
        self._settings = settings
        self._tls = tls
        self.connection: socket.socket | None = None

    def collect(self, marker: str) -> bytes | None:
        try:
            client = _Client(self, self._settings, self._tls)
        except (OSError, imaplib.IMAP4.error) as error:
            raise _translated(error) from error
        try:
            self._log_in(client)
            return self._take(client, marker)
        except (OSError, imaplib.IMAP4.error) as error:
            raise _translated(error) from error
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                client.logout()
            with suppress(OSError):  # which a failed logout leaves open
                client.shutdown()

    def _log_in(self, client: imaplib.IMAP4) -> None:
        # AUTHENTICATE PLAIN and not LOGIN: a password may hold any UTF-8 (RFC 4616).
        answer = f"\0{self._settings.user}\0{self._settings.password}".encode()
        try:
            client.authenticate("PLAIN", lambda _: answer)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            said = str(error)
            reason = Reason.TURNED_AWAY if _TEMPORARY.search(said) else Reason.AUTH_FAILED
            raise LinkError(reason, said[:200]) from None

    def _take(self, client: imaplib.IMAP4, marker: str) -> bytes | None:
        status, said = client.select(f'"{self._settings.folder}"')
        if status != "OK":
            raise LinkError(Reason.NOT_FOUND, f"folder {self._settings.folder}: {_text(said)}")
        # Told anew after the login: before it Dovecot names only what is of use then.
        abilities = set(_text(client.capability()[1]).upper().split())
        found = _search(client, f'SUBJECT "{marker}"')
        if not found:
            return None
        _, parts = client.uid("FETCH", found[0], f"(BODY.PEEK[HEADER]<0.{MAX_HEADER}>)")
        header = next((part[1] for part in parts if isinstance(part, tuple)), b"")
        leftovers = f'SUBJECT "{MARKER_PREFIX}" FROM "{self._settings.sender}"'
        if "WITHIN" in abilities:
            # RFC 5032: another run may be waiting for its own message at this moment.
            leftovers += f" OLDER {max(1, round(self._settings.leftover_after))}"
        _delete(client, [*found, *_search(client, leftovers)], only_these="UIDPLUS" in abilities)
        return header


class _Client(imaplib.IMAP4):
    """Implicit TLS with a name of its own for the certificate: imaplib's takes the host for both."""

    def __init__(self, visit: _Visit, settings: MailboxSettings, tls: ssl.SSLContext) -> None:
        self._visit = visit
        self._tls = tls
        self._server_name = settings.server_name
        super().__init__(settings.host, settings.port, settings.timeout)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout)
        self._visit.connection = plain
        try:
            secured = self._tls.wrap_socket(plain, server_hostname=self._server_name)
        except BaseException:
            plain.close()
            raise
        self._visit.connection = secured
        return secured

    def read(self, size: int) -> bytes:
        if size > _MAX_LITERAL:
            raise self.abort(f"a literal of {size} bytes")
        return super().read(size)


def _search(client: imaplib.IMAP4, criteria: str) -> list[str]:
    status, said = client.uid("SEARCH", criteria)
    return _text(said).split() if status == "OK" else []


def _delete(client: imaplib.IMAP4, uids: Iterable[str], *, only_these: bool) -> None:
    """Delete messages. What others have marked as deleted stays where the server can do so (RFC 4315)."""
    numbers = ",".join(dict.fromkeys(uids))
    with suppress(imaplib.IMAP4.error):  # the message was seen: what cannot be deleted now is a leftover, next time
        client.uid("STORE", numbers, "+FLAGS.SILENT", r"(\Deleted)")
        if only_these:
            client.uid("EXPUNGE", numbers)
        else:
            client.expunge()


def _text(said: list[bytes | None] | list[bytes]) -> str:
    return " ".join(each.decode("utf-8", "replace") for each in said if isinstance(each, bytes))


def _trust(settings: MailboxSettings) -> ssl.SSLContext:
    context = client_context(settings.ca_file)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _translated(error: OSError | imaplib.IMAP4.error) -> LinkError:
    match error:
        case ssl.SSLCertVerificationError():
            return LinkError(*certificate.refusal(error))
        case ssl.SSLError():
            return LinkError(Reason.TLS_ERROR, error.reason or "the TLS handshake failed")
        case TimeoutError():
            return LinkError(Reason.TIMEOUT, "no answer")
        case OSError():
            return LinkError(reason_of(error), error.strerror or str(error))
        case imaplib.IMAP4.abort():
            return LinkError(Reason.CLOSED, str(error)[:200])
        case _:
            return LinkError(Reason.UNEXPECTED_REPLY, str(error)[:200])
