"""TLS as a client, without I/O: bytes in, bytes out, over ``ssl.MemoryBIO``.

It begins in the middle of a connection, after a PROXY header (465, 993) or after STARTTLS (25, 587), and what the peer
sends in plain text instead must be kept as evidence. ``ssl.SSLSocket`` and asyncio's transport can do neither.

No session is ever resumed. The certificate would not be shown then, and CPython's ``SSLObject.session`` loses a copy of
the session, 5.6 KiB, each time that it is read (``PySSL_get_session`` of 3.11: the duplicate is never freed), which a
daemon that shakes hands for months cannot afford.
"""

import ssl
from dataclasses import dataclass

from monitor.core.conversation import TlsFacts
from monitor.core.errors import KEPT_BYTES, LinkError, WireError
from monitor.core.taxonomy import Reason
from monitor.links import certificate

RECORD_SIZE = 16 * 1024
REFUSAL_LIFETIME = 600.0
MAX_TARGETS = 4096

# A TLS record begins with its content type, 20 to 24 (RFC 8446, section 5.1), none of which is printable.
_TEXT = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))

TlsTarget = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A certificate that did not verify; its fingerprint is known from the next handshake on."""

    reason: Reason
    detail: str
    at: float
    fingerprint: str | None = None


@dataclass(slots=True)
class _Memory:
    """What is kept of a target from one conversation to the next."""

    refusal: _Refusal | None = None


class TlsClient:
    """Shared contexts, and what is remembered of each target.

    A refused certificate ends the handshake with an alert, and the mail server logs it (``SSL_accept error``). To
    leave that line once and not every round, the conversations of the next ``REFUSAL_LIFETIME`` seconds do not verify,
    end in order, and report the problem as long as the same certificate is shown.
    """

    def __init__(self, ca_file: str | None = None, *, verify: bool = True) -> None:
        """Load the trusted certificates (``None``: the system's).

        Raises:
            LinkError: ``not_found``, ``permission_denied`` or ``malformed``: ``ca_file`` cannot be used.
        """
        self._lenient = _context()
        self._lenient.check_hostname = False
        self._lenient.verify_mode = ssl.CERT_NONE
        self._context = _trusting(ca_file) if verify else self._lenient
        self._memories: dict[TlsTarget, _Memory] = {}

    def begin(self, target: TlsTarget, now: float) -> "TlsChannel":
        """Prepare a handshake with ``(address, port, server_name)``; ``now`` is the event loop's clock."""
        memory = self._memories.get(target)
        if memory is None:
            if len(self._memories) >= MAX_TARGETS:
                del self._memories[next(iter(self._memories))]
            memory = self._memories[target] = _Memory()
        if memory.refusal is not None and now - memory.refusal.at >= REFUSAL_LIFETIME:
            memory.refusal = None
        if memory.refusal is not None:
            return TlsChannel(self._lenient, target, memory, now, lenient=True)
        return TlsChannel(self._context, target, memory, now)


class TlsChannel:
    """One TLS connection: ``feed`` it what arrives, send what is ``pending`` after every call."""

    __slots__ = ("_first", "_incoming", "_lenient", "_memory", "_now", "_object", "_outgoing")

    def __init__(
        self,
        context: ssl.SSLContext,
        target: TlsTarget,
        memory: _Memory,
        now: float,
        *,
        lenient: bool = False,
    ) -> None:
        """Use ``TlsClient.begin``."""
        _, _, server_name = target
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._memory = memory
        self._lenient = lenient
        self._now = now
        self._first = b""

    def pending(self) -> bytes:
        """Take what must be sent now."""
        return self._outgoing.read()

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        self._incoming.write(data)

    def handshake(self, data: bytes = b"") -> TlsFacts | None:
        """Go on with the handshake; ``None`` as long as it needs more bytes.

        Raises:
            WireError: ``tls_plaintext`` with the peer's words, ``certificate_*`` or ``tls_error``.
        """
        self._first = (self._first + data)[:KEPT_BYTES]
        if self._first and self._first[0] in _TEXT:
            raise WireError(Reason.TLS_PLAINTEXT, "plain text instead of a TLS handshake", self._first)
        self.feed(data)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLCertVerificationError as error:
            reason, detail = certificate.refusal(error)
            self._memory.refusal = _Refusal(reason, detail, self._now)
            raise WireError(reason, detail) from error
        except ssl.SSLError as error:
            raise WireError(Reason.TLS_ERROR, _words(error), self._first) from error
        return self._facts()

    def _facts(self) -> TlsFacts:
        version, cipher = self._object.version(), self._object.cipher()
        der = self._object.getpeercert(binary_form=True)
        if version is None or cipher is None or der is None:
            raise WireError(Reason.TLS_ERROR, "the handshake ended without TLS or without a certificate", self._first)
        fingerprint = certificate.fingerprint(der)
        problem, detail = self._remembered_problem(fingerprint)
        return TlsFacts(version, cipher[0], certificate.not_after(der), fingerprint, problem, detail)

    def _remembered_problem(self, fingerprint: str) -> tuple[Reason | None, str]:
        """Say what is wrong with a leaf that this handshake did not verify.

        OpenSSL shows no leaf of a handshake that it refused, so the first one seen afterwards is taken for it. A new
        one is most likely the repair, but unproven: the next handshake verifies it.
        """
        refusal = self._memory.refusal
        if refusal is None or not self._lenient:
            return None, ""
        if refusal.fingerprint in {None, fingerprint}:
            self._memory.refusal = _Refusal(refusal.reason, refusal.detail, refusal.at, fingerprint)
            return refusal.reason, refusal.detail
        self._memory.refusal = None
        return refusal.reason, f"{refusal.detail}; the certificate has changed since and is verified next time"

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
        try:
            return self._object.read(RECORD_SIZE)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            raise WireError(Reason.TLS_ERROR, _words(error)) from error

    def close(self) -> None:
        """Make close_notify pending (RFC 8446, section 6.1) without waiting for the peer's."""
        try:
            self._object.unwrap()
        except ssl.SSLError:
            return  # the peer's close_notify has not come yet, or never will


def _context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    made = _context()
    if ca_file is None:
        made.load_default_certs()
        return made
    try:
        made.load_verify_locations(cafile=ca_file)
    except FileNotFoundError as error:
        raise LinkError(Reason.NOT_FOUND, f"{ca_file}: no such file") from error
    except PermissionError as error:
        raise LinkError(Reason.PERMISSION_DENIED, f"{ca_file}: permission denied") from error
    except ssl.SSLError as error:
        raise LinkError(Reason.MALFORMED, f"{ca_file}: holds no certificate in PEM") from error
    except OSError as error:
        raise LinkError(Reason.LOCAL_ERROR, f"{ca_file}: {error.strerror}") from error
    return made


def _words(error: ssl.SSLError) -> str:
    """Give OpenSSL's reason in words: ``wrong version number``, ``tlsv1 alert internal error``."""
    return (error.reason or error.strerror or str(error)).replace("_", " ").lower()
