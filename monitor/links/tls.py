"""TLS as a client, without I/O: bytes in, bytes out, over ``ssl.MemoryBIO``.

It begins in the middle of a connection, after a PROXY header (465, 993) or after STARTTLS (25, 587), and what the peer
sends in plain text instead must be kept as evidence. ``ssl.SSLSocket`` and asyncio's transport can do neither.

Most handshakes resume a session, and some are full ones, for the certificate: ``tls_sessions`` has the rule.
"""

import ssl

from monitor.core.conversation import TlsFacts
from monitor.core.errors import KEPT_BYTES, WireError
from monitor.core.taxonomy import Reason
from monitor.links.tcp import SocketAddress
from monitor.links.tls_sessions import READS, Reads, SessionBook, Visit
from monitor.links.trust import Trust

RECORD_SIZE = 16 * 1024

# A TLS record begins with its content type, 20 to 24 (RFC 8446, section 5.1), none of which is printable.
_TEXT = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))


class TlsClient:
    """What all handshakes share.

    None of them verifies: a refusal would be an alert, and the mail server would log it (``SSL_accept error``). They
    end in order, and ``Trust`` tells what was shown in them.
    """

    def __init__(self, ca_file: str | None = None, *, verify: bool = True, reads: Reads = READS) -> None:
        """Load the trusted certificates (``None``: the system's); ``reads`` bounds the sessions that are read.

        Raises:
            LinkError: ``not_found``, ``permission_denied`` or ``malformed``: ``ca_file`` cannot be used.
        """
        self._trust = Trust(ca_file, verify=verify)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._sessions = SessionBook(reads)

    @property
    def authorities(self) -> tuple[bytes, ...]:
        """The trusted certificates as they were loaded (DER): their file may have changed since under its name."""
        return self._trust.authorities

    def begin(self, server_name: str, address: SocketAddress) -> "TlsChannel":
        """Prepare a handshake with the server of this name, or address as a name, that is spoken to at ``address``."""
        return TlsChannel(self._context, self._trust, server_name, self._sessions.visit((address, server_name)))


class TlsChannel:
    """One TLS connection: ``feed`` it what arrives, send what is ``pending`` after every call."""

    __slots__ = ("_first", "_good", "_incoming", "_object", "_outgoing", "_server_name", "_trust", "_visit")

    def __init__(self, context: ssl.SSLContext, trust: Trust, server_name: str, visit: Visit) -> None:
        """Use ``TlsClient.begin``."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name, session=visit.offered
        )
        self._trust = trust
        self._server_name = server_name
        self._visit = visit
        self._good = False
        self._first = b""

    @property
    def resumed(self) -> bool:
        """Tell whether the handshake, once it has ended, has resumed a session."""
        return bool(self._object.session_reused)

    def pending(self) -> bytes:
        """Take what must be sent now."""
        return self._outgoing.read()

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        self._incoming.write(data)

    def handshake(self, data: bytes = b"") -> TlsFacts | None:
        """Go on with the handshake; ``None`` as long as it needs more bytes.

        Raises:
            WireError: ``tls_plaintext`` with the peer's words, or ``tls_error``.
        """
        self._first = (self._first + data)[:KEPT_BYTES]
        if self._first and self._first[0] in _TEXT:
            raise WireError(Reason.TLS_PLAINTEXT, "plain text instead of a TLS handshake", self._first)
        self.feed(data)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            raise WireError(Reason.TLS_ERROR, _words(error), self._first) from error
        return self._facts()

    def _facts(self) -> TlsFacts:
        version, cipher, chain = self._object.version(), self._object.cipher(), self._visit.chain(self._object)
        if version is None or cipher is None or not chain:
            raise WireError(Reason.TLS_ERROR, "the handshake ended without TLS or without a certificate", self._first)
        answer = self._trust.ask(chain, self._server_name)
        self._good = answer.problem is None
        return TlsFacts(version, cipher[0], answer.not_after, answer.fingerprint, answer.problem, answer.detail)

    def encrypt(self, data: bytes) -> None:
        """Make ``data`` pending. Raises ``WireError`` (``tls_error``) when the peer has broken TLS off."""
        try:
            self._object.write(data)
        except ssl.SSLError as error:
            raise WireError(Reason.TLS_ERROR, _words(error)) from error

    def decrypt(self) -> bytes | None:
        """Take the next plain bytes: ``None`` when more must be fed, ``b""`` after the peer's close_notify.

        Raises:
            WireError: ``tls_error``, an alert or a broken record.
        """
        if not self._incoming.pending and not self._object.pending():
            return None  # which OpenSSL would say by an exception
        try:
            return self._object.read(RECORD_SIZE)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            raise WireError(Reason.TLS_ERROR, _words(error)) from error

    def ended_well(self) -> None:
        """Keep a session for the next handshake; after a clean end of the conversation, and before ``close``."""
        self._visit.ended_well(self._object, good=self._good)

    def close(self) -> None:
        """Make close_notify pending (RFC 8446, section 6.1) without waiting for the peer's."""
        try:
            self._object.unwrap()
        except ssl.SSLError:
            return  # the peer's close_notify has not come yet, or never will


def _words(error: ssl.SSLError) -> str:
    """Give OpenSSL's reason in words: ``wrong version number``, ``tlsv1 alert internal error``."""
    return (error.reason or error.strerror or str(error)).replace("_", " ").lower()
