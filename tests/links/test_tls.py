"""monitor.links.tls, against OpenSSL's server side in memory."""

import ssl
from pathlib import Path

import pytest

from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.links.tls import TlsClient
from tests.links.certificates import BAD, NAME, Authority, bad_certificates
from tests.links.peers import resident
from tests.links.tls_server import ADDRESS, Server, hold, shake

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def test_a_good_certificate_gives_its_facts(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """Version, cipher, end and fingerprint are told, and no problem."""
    leaf = authority.issue()
    facts = hold(tls, leaf.server_context(tmp_path)).facts
    assert facts.version == "TLSv1.3"
    assert facts.cipher.startswith("TLS_")
    assert facts.not_after == leaf.certificate.not_valid_after_utc.timestamp()
    assert len(facts.fingerprint) == 64
    assert (facts.problem, facts.problem_detail) == (None, "")


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("reason", BAD)
def test_a_bad_certificate_is_told_by_the_first_conversation_and_its_repair_by_the_next(
    authority: Authority, tls: TlsClient, tmp_path: Path, reason: Reason, version: ssl.TLSVersion
) -> None:
    """The server gets no alert, whatever is wrong; what it shows is told each time."""
    leaf = bad_certificates(authority)[reason]
    good, bad = authority.issue().server_context(tmp_path), leaf.server_context(tmp_path)
    good.maximum_version = bad.maximum_version = version
    for _ in range(2):
        facts = hold(tls, bad).facts
        assert facts.version == version.name.replace("_", ".")
        assert facts.problem is reason
        assert facts.problem_detail
        assert facts.not_after == leaf.certificate.not_valid_after_utc.timestamp()
        assert hold(tls, good).facts.problem is None


def test_an_address_as_server_name_is_matched_against_the_certificates_addresses(
    authority: Authority, tls: TlsClient, tmp_path: Path
) -> None:
    """A server that is asked by address must have that address in its certificate."""
    good, bad = (authority.issue(name).server_context(tmp_path) for name in ("192.0.2.25", "192.0.2.26"))
    assert hold(tls, good, "192.0.2.25").facts.problem is None
    assert hold(tls, bad, "192.0.2.25").facts.problem is Reason.CERTIFICATE_NAME_MISMATCH


@pytest.mark.parametrize("reason", BAD)
def test_without_verification_no_certificate_is_a_problem(authority: Authority, tmp_path: Path, reason: Reason) -> None:
    """The operator has said not to look, so nothing is reported but the facts."""
    leaf = bad_certificates(authority)[reason]
    facts = hold(TlsClient(verify=False), leaf.server_context(tmp_path)).facts
    assert facts.problem is None
    assert facts.not_after == leaf.certificate.not_valid_after_utc.timestamp()


def test_hundreds_of_handshakes_leave_no_memory_behind(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """A daemon shakes hands for months; resident memory, not Python's own count, is what its limit is held to."""
    context = authority.issue().server_context(tmp_path)
    for _ in range(100):
        hold(tls, context)
    before = resident()
    for _ in range(400):
        hold(tls, context)
    assert resident() - before < 1024


def test_tls_1_1_is_not_spoken(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """A server that cannot do better than TLS 1.1 gets no handshake."""
    context = authority.issue().server_context(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(WireError) as refused:
        shake(tls.begin(NAME, ADDRESS), Server(context))
    assert refused.value.reason is Reason.TLS_ERROR
    assert "protocol version" in refused.value.detail


@pytest.mark.parametrize("words", [b"421 4.3.0 mail.example.org Server local error\r\n", b"220 mail", b"\r\n", b"* OK"])
def test_plain_text_instead_of_tls_is_kept(tls: TlsClient, words: bytes) -> None:
    """The peer's own words are the evidence that tells a refused header from one that nobody consumed."""
    channel = tls.begin(NAME, ADDRESS)
    assert channel.handshake() is None
    with pytest.raises(WireError) as plain:
        channel.handshake(words)
    assert (plain.value.reason, plain.value.data) == (Reason.TLS_PLAINTEXT, words)


@pytest.mark.parametrize(
    "noise", [b"\x00" * 64, b"\xff" * 600, b"\x16\x09\x09\xff\xff" + b"x" * 70, b"\x15\x03\x03\0\2\2\x28"]
)
def test_noise_instead_of_tls_is_an_error_with_its_first_bytes(tls: TlsClient, noise: bytes) -> None:
    """Whatever OpenSSL makes of it, the reason is tls_error and the bytes are kept, bounded."""
    channel = tls.begin(NAME, ADDRESS)
    channel.handshake()
    with pytest.raises(WireError) as broken:
        channel.handshake(noise)
    assert (broken.value.reason, broken.value.data) == (Reason.TLS_ERROR, noise[:512])
    assert broken.value.detail == broken.value.detail.lower() != ""


def test_broken_records_after_the_handshake_are_an_error(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """Noise in the middle of a conversation ends it with tls_error."""
    channel = tls.begin(NAME, ADDRESS)
    shake(channel, Server(authority.issue().server_context(tmp_path)))
    channel.feed(b"250 plain text\r\n")
    with pytest.raises(WireError) as broken:
        channel.decrypt()
    assert broken.value.reason is Reason.TLS_ERROR
    with pytest.raises(WireError):
        channel.encrypt(b"QUIT\r\n")
    channel.close()


def test_close_notify_is_the_end_of_the_stream(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """The peer's close_notify reads as the empty end that scripts know."""
    channel, server = tls.begin(NAME, ADDRESS), Server(authority.issue().server_context(tmp_path))
    shake(channel, server)
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    channel.feed(server.outgoing.read())
    assert channel.decrypt() == b""
