"""A server's certificates: which ones it shows, when they are valid, and why OpenSSL refuses them."""

import _ssl
import hashlib
import ssl
import sys
from datetime import datetime

from monitor.core.taxonomy import Reason

# OpenSSL's X509_V_ERR_* (x509_vfy.h): not yet valid, expired, host name mismatch, address mismatch.
_REFUSALS = {
    9: Reason.CERTIFICATE_NOT_YET_VALID,
    10: Reason.CERTIFICATE_EXPIRED,
    62: Reason.CERTIFICATE_NAME_MISMATCH,
    64: Reason.CERTIFICATE_NAME_MISMATCH,
}

_VERSION = 0xA0
_UTC_TIME = 0x17
_LONG_FORM = 0x80


def refusal(error: ssl.SSLCertVerificationError) -> tuple[Reason, str]:
    """Say why a certificate was refused, and in OpenSSL's words; whatever is not listed breaks the chain of trust."""
    return _REFUSALS.get(error.verify_code, Reason.CERTIFICATE_UNTRUSTED), error.verify_message


def fingerprint(der: bytes) -> str:
    """Give the SHA-256 of a certificate in hexadecimal, as ``openssl x509 -fingerprint -sha256`` without colons."""
    return hashlib.sha256(der).hexdigest()


def shown(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Give the chain as the server has sent it, in DER, the leaf first; empty before the handshake's end."""
    if sys.version_info >= (3, 13):
        return tuple(tls.get_unverified_chain())
    # CPython's own until it became public.
    chain = tls._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # noqa: SLF001
    return tuple(one.public_bytes(_ssl.ENCODING_DER) for one in chain or ())


def not_after(der: bytes) -> float | None:
    """Read a certificate's end, in seconds since the epoch; ``None`` where it cannot be read."""
    times = validity(der)
    return None if times is None else times[1]


def validity(der: bytes) -> tuple[float, float] | None:
    """Read when a certificate begins and ends (seconds since the epoch); ``None`` where it cannot be read.

    ``SSLObject.getpeercert()`` decodes only what its own handshake has verified, and a library for X.509 costs ten
    megabytes for these two fields. OpenSSL has parsed these bytes already, so walking to the field (RFC 5280, section
    4.1) is enough.
    """
    try:
        _, at, _ = _element(der, 0)  # Certificate
        _, at, _ = _element(der, at)  # TBSCertificate
        if der[at] == _VERSION:
            _, _, at = _element(der, at)
        for _field in ("serialNumber", "signature", "issuer"):
            _, _, at = _element(der, at)
        _, at, _ = _element(der, at)  # Validity
        begin, at = _time(der, at)
        end, _ = _time(der, at)
    except (IndexError, ValueError, OverflowError):
        return None
    else:
        return begin, end


def _time(der: bytes, at: int) -> tuple[float, int]:
    tag, start, end = _element(der, at)
    written = der[start:end].decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year: RFC 5280, section 4.1.2.5.1
        written = ("19" if written >= "50" else "20") + written
    return datetime.strptime(written, "%Y%m%d%H%M%S%z").timestamp(), end


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Read one tag and length of DER (X.690, section 8.1): the tag, where its contents begin, where they end."""
    tag, length, start = der[at], der[at + 1], at + 2
    if length & _LONG_FORM:
        octets = length & ~_LONG_FORM
        length = int.from_bytes(der[start : start + octets])
        start += octets
    return tag, start, start + length
