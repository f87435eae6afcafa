"""Whether a server's certificates are valid, asked of OpenSSL without the server hearing the answer.

OpenSSL verifies in the middle of a handshake and ends a bad one with an alert, which the mail server logs as a fault of
the client. So our handshakes verify nothing and end in order, and what was shown in them is put before a second client
that is connected to nobody: the beginning of a TLS 1.2 handshake, which is plain text (RFC 5246, section 7.4). That
client verifies as any does (chain, time, purpose, name), and its refusal is the answer.

All our clients trust the same authorities by the same rule, on every Python (``client_context``).

From 3.13 on ``ssl.create_default_context`` adds two flags that a context built by hand does not have. One of them,
``VERIFY_X509_STRICT``, refuses what mail clients accept: an authority without ``keyUsage``, an authority whose
``basicConstraints`` is not critical, a certificate without an authority key identifier (RFC 5280, section 4.2.1). A
monitor that fails where every client succeeds raises false alarms, so it is never set here. The other,
``VERIFY_X509_PARTIAL_CHAIN``, trusts an intermediate in ``ca_file`` without its root, as curl and Go do: always set.
"""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from monitor.core.errors import LinkError, WireError
from monitor.core.taxonomy import Reason
from monitor.links import certificate
from monitor.links.clock import wall_clock

# What does not stand in the chain may change too: the end of a root, this host's clock.
ANSWER_LIFETIME = 600.0
MAX_ANSWERS = 256

# Content type, handshake types and version of RFC 5246; a record holds 16 KiB (section 6.2.1).
_HANDSHAKE, _SERVER_HELLO, _CERTIFICATE = b"\x16", b"\x02", b"\x0b"
_TLS_1_2 = b"\x03\x03"
_RECORD_SIZE = 16 * 1024
# ECDHE-ECDSA-AES128-GCM-SHA256, which every client offers.
_CIPHER = b"\xc0\x2b"
# An empty renegotiation_info (RFC 5746), without which OpenSSL 3 speaks to no server.
_EXTENSIONS = b"\xff\x01\x00\x01\x00"
# Said after a good verification: a key for RSA does not fit to the cipher above.
_OTHER_KEY = "WRONG_CERTIFICATE_TYPE"


def client_context(ca_file: str | None = None) -> ssl.SSLContext:
    """A client's TLS context that verifies chain, time, purpose and name; ``None`` trusts the system's authorities.

    Raises:
        LinkError: ``not_found``, ``permission_denied``, ``malformed`` or ``local_error``: ``ca_file`` cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    if ca_file is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cafile=ca_file)
    except FileNotFoundError as error:
        raise LinkError(Reason.NOT_FOUND, f"{ca_file}: no such file") from error
    except PermissionError as error:
        raise LinkError(Reason.PERMISSION_DENIED, f"{ca_file}: permission denied") from error
    except ssl.SSLError as error:
        raise LinkError(Reason.MALFORMED, f"{ca_file}: holds no certificate in PEM") from error
    except OSError as error:
        raise LinkError(Reason.LOCAL_ERROR, f"{ca_file}: {error.strerror}") from error
    return context


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a chain; ``problem`` is ``None`` for a good one, or where nobody wants to know.

    ``not_after`` is the leaf's end in seconds since the epoch. The answer holds from ``since`` until ``until``, in the
    same seconds.
    """

    fingerprint: str
    not_after: float | None
    problem: Reason | None
    detail: str
    since: float
    until: float


class Trust:
    """The certificates that are trusted, and the latest answers."""

    def __init__(
        self,
        ca_file: str | None = None,
        *,
        verify: bool = True,
        wall_clock: Callable[[], float] = wall_clock,
    ) -> None:
        """Load the trusted certificates (``None``: the system's); without ``verify`` nothing is a problem.

        Raises:
            LinkError: ``not_found``, ``permission_denied`` or ``malformed``: ``ca_file`` cannot be used.
        """
        self._context = _trusting(ca_file) if verify else None
        self._wall_clock = wall_clock
        self._answers: dict[tuple[str, bytes], Answer] = {}

    @property
    def authorities(self) -> tuple[bytes, ...]:
        """What was loaded, in DER; nothing without verification."""
        return () if self._context is None else tuple(self._context.get_ca_certs(binary_form=True))

    def ask(self, chain: Sequence[bytes], server_name: str) -> Answer:
        """Tell what a server that shows this chain (DER, the leaf first) is worth under this name or address.

        The same chain is verified again when the time of one of its certificates begins or ends.

        Raises:
            WireError: ``tls_error``: OpenSSL cannot say.
        """
        key = server_name, sha256(b"".join(chain)).digest()
        now = self._wall_clock()
        known = self._answers.get(key)
        if known is not None and known.since <= now < known.until:
            return known
        answer = self._answers[key] = self._verified(chain, server_name, now)
        if len(self._answers) > MAX_ANSWERS:
            del self._answers[next(iter(self._answers))]
        return answer

    def _verified(self, chain: Sequence[bytes], server_name: str, now: float) -> Answer:
        refusal = None if self._context is None else _refusal(self._context, chain, server_name)
        problem, detail = (None, "") if refusal is None else certificate.refusal(refusal)
        validities = [certificate.validity(der) for der in chain]
        turns = [turn for validity in validities if validity is not None for turn in validity]
        # OpenSSL's clock counts whole seconds and may be late: right after a turn it is asked again and again.
        until = min([now + ANSWER_LIFETIME, *(turn for turn in turns if turn > now - 1)])
        not_after = None if validities[0] is None else validities[0][1]
        return Answer(certificate.fingerprint(chain[0]), not_after, problem, detail, now, until)


def _refusal(context: ssl.SSLContext, chain: Sequence[bytes], server_name: str) -> ssl.SSLCertVerificationError | None:
    incoming = ssl.MemoryBIO()
    client = context.wrap_bio(incoming, ssl.MemoryBIO(), server_hostname=server_name)
    incoming.write(_flight(chain))
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return None  # verified: it waits for the server's key
    except ssl.SSLCertVerificationError as error:
        return error
    except ssl.SSLError as error:
        if error.reason == _OTHER_KEY:
            return None
        raise WireError(Reason.TLS_ERROR, f"the certificate cannot be verified: {error.reason}") from error
    raise AssertionError("a handshake without keys is complete")


def _flight(chain: Sequence[bytes]) -> bytes:
    """Write a server's first messages, ServerHello and Certificate, in records."""
    hello = _TLS_1_2 + bytes(32) + _vector(1, b"") + _CIPHER + b"\0" + _vector(2, _EXTENSIONS)
    shown = _vector(3, b"".join(_vector(3, der) for der in chain))
    messages = _SERVER_HELLO + _vector(3, hello) + _CERTIFICATE + _vector(3, shown)
    records = (messages[at : at + _RECORD_SIZE] for at in range(0, len(messages), _RECORD_SIZE))
    return b"".join(_HANDSHAKE + _TLS_1_2 + _vector(2, record) for record in records)


def _vector(octets: int, content: bytes) -> bytes:
    """Put the length, in so many octets, before the content (RFC 5246, section 4.3)."""
    return len(content).to_bytes(octets) + content


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    made = client_context(ca_file)
    made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_2
    return made
