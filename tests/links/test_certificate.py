"""monitor.links.certificate: the leaf's facts."""

import hashlib
import ssl
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.taxonomy import Reason
from monitor.links import certificate
from tests.links.certificates import TOMORROW, Authority

AUTHORITY = Authority()
LEAF = AUTHORITY.issue()


@pytest.mark.parametrize("until", [TOMORROW, timedelta(days=-1, seconds=5), timedelta(days=365 * 40)])
def test_both_times_are_read_from_utc_time_and_from_generalized_time(until: timedelta) -> None:
    """Both ways of writing a time (two digits of the year until 2049, four from 2050) give the same instant."""
    leaf = AUTHORITY.issue(not_before=timedelta(days=-2), not_after=until)
    begin, end = leaf.certificate.not_valid_before_utc.timestamp(), leaf.certificate.not_valid_after_utc.timestamp()
    assert certificate.validity(leaf.der) == (begin, end)
    assert certificate.not_after(leaf.der) == end


def test_two_digits_from_50_on_mean_the_last_century() -> None:
    """RFC 5280 puts the pivot of UTCTime at 50."""
    written = f"{LEAF.certificate.not_valid_after_utc:%y%m%d%H%M%SZ}".encode()
    assert LEAF.der.count(written) == 1
    assert certificate.not_after(LEAF.der.replace(written, b"700101000001Z")) == 1.0


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200) | st.integers(0, len(LEAF.der)).map(lambda cut: LEAF.der[:cut]))
def test_any_bytes_give_times_or_none(der: bytes) -> None:
    """Truncated or arbitrary bytes never raise."""
    assert isinstance(certificate.validity(der), tuple | None)
    assert isinstance(certificate.not_after(der), float | None)


def test_the_fingerprint_is_the_sha256_of_the_der() -> None:
    """It can be compared with what openssl prints."""
    assert certificate.fingerprint(LEAF.der) == hashlib.sha256(LEAF.der).hexdigest()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (9, Reason.CERTIFICATE_NOT_YET_VALID),
        (10, Reason.CERTIFICATE_EXPIRED),
        (18, Reason.CERTIFICATE_UNTRUSTED),
        (20, Reason.CERTIFICATE_UNTRUSTED),
        (62, Reason.CERTIFICATE_NAME_MISMATCH),
        (64, Reason.CERTIFICATE_NAME_MISMATCH),
    ],
)
def test_openssl_codes_have_their_reasons(code: int, reason: Reason) -> None:
    """A code that is not known by name breaks the chain of trust."""
    error = ssl.SSLCertVerificationError(1, "refused")
    error.verify_code, error.verify_message = code, "in OpenSSL's words"
    assert certificate.refusal(error) == (reason, "in OpenSSL's words")
