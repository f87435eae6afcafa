"""monitor.links.tls, against OpenSSL's server side in memory."""

import ssl
from pathlib import Path

import pytest

from monitor.core.conversation import TlsFacts
from monitor.core.errors import LinkError, WireError
from monitor.core.taxonomy import Reason
from monitor.links.tls import REFUSAL_LIFETIME, TlsChannel, TlsClient
from tests.links.certificates import LAST_WEEK, LONG_AGO, NAME, NEXT_WEEK, NEXT_YEAR, Authority, Identity

TARGET = ("192.0.2.25", 465, NAME)
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Server:
    """The other side, in memory; keeps what it heard and the error that ended its handshake."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Wait for a ClientHello."""
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.shaken = False
        self.heard = b""
        self.alert = ""

    def answer(self, data: bytes) -> bytes:
        """Take the client's bytes, do what is due, and give ours."""
        self.incoming.write(data)
        try:
            if not self.shaken:
                self.tls.do_handshake()
                self.shaken = True
            self.heard += self.tls.read(4096)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.alert = error.reason
        return self.outgoing.read()


def shake(channel: TlsChannel, server: Server) -> TlsFacts:
    """Carry bytes to and fro until the client's handshake has ended."""
    answer = b""
    try:
        while (facts := channel.handshake(answer)) is None:
            answer = server.answer(channel.pending())
    except WireError:
        server.answer(channel.pending())  # the alert
        raise
    channel.feed(server.answer(channel.pending()))  # the tickets
    return facts


def converse(client: TlsClient, context: ssl.SSLContext, now: float = 0.0) -> TlsFacts:
    """Hold a whole conversation to its clean end: handshake, a line each way, close_notify."""
    server, channel = Server(context), client.begin(TARGET, now)
    facts = shake(channel, server)
    server.tls.write(b"220 mail\r\n")
    channel.feed(server.answer(b""))
    assert channel.decrypt() == b"220 mail\r\n"
    channel.encrypt(b"QUIT\r\n")
    channel.feed(server.answer(channel.pending()))
    assert server.heard == b"QUIT\r\n"
    channel.close()
    server.answer(channel.pending())
    assert server.alert == ""
    return facts


def test_a_good_certificate_gives_its_facts(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """Version, cipher, end and fingerprint are told, and no problem."""
    leaf = authority.issue()
    facts = converse(tls, leaf.server_context(tmp_path))
    assert facts.version == "TLSv1.3"
    assert facts.cipher.startswith("TLS_")
    assert facts.not_after == leaf.certificate.not_valid_after_utc.timestamp()
    assert len(facts.fingerprint) == 64
    assert (facts.problem, facts.problem_detail) == (None, "")


def test_an_address_as_server_name_is_matched_against_the_certificates_addresses(
    authority: Authority, tls: TlsClient, tmp_path: Path
) -> None:
    """A server that is asked by address must have that address in its certificate."""
    target = ("192.0.2.25", 465, "192.0.2.25")
    good, bad = (authority.issue(name).server_context(tmp_path) for name in ("192.0.2.25", "192.0.2.26"))
    assert shake(tls.begin(target, 0.0), Server(good)).problem is None
    with pytest.raises(WireError) as refused:
        shake(tls.begin(target, 0.0), Server(bad))
    assert refused.value.reason is Reason.CERTIFICATE_NAME_MISMATCH


def bad_certificates(authority: Authority) -> dict[Reason, Identity]:
    """Make one certificate for each way of being refused."""
    return {
        Reason.CERTIFICATE_EXPIRED: authority.issue(not_before=LONG_AGO, not_after=LAST_WEEK),
        Reason.CERTIFICATE_NOT_YET_VALID: authority.issue(not_before=NEXT_WEEK, not_after=NEXT_YEAR),
        Reason.CERTIFICATE_NAME_MISMATCH: authority.issue("www.example.org"),
        Reason.CERTIFICATE_UNTRUSTED: Authority("somebody else").issue(),
    }


BAD = [
    Reason.CERTIFICATE_EXPIRED,
    Reason.CERTIFICATE_NOT_YET_VALID,
    Reason.CERTIFICATE_NAME_MISMATCH,
    Reason.CERTIFICATE_UNTRUSTED,
]


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_certificate_is_refused_once_and_then_reported(
    authority: Authority, tls: TlsClient, tmp_path: Path, reason: Reason
) -> None:
    """The server gets one alert; later conversations end in order and name the same problem."""
    leaf = bad_certificates(authority)[reason]
    context = leaf.server_context(tmp_path)
    server = Server(context)
    with pytest.raises(WireError) as refused:
        shake(tls.begin(TARGET, 0.0), server)
    assert refused.value.reason is reason
    assert refused.value.detail
    assert "ALERT" in server.alert
    for now in (1.0, 2.0):
        facts = converse(tls, context, now)
        assert (facts.problem, facts.problem_detail) == (reason, refused.value.detail)
        assert facts.not_after == leaf.certificate.not_valid_after_utc.timestamp()


def test_a_refusal_is_tried_again_when_it_is_old(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """Trust may have been repaired on our side: after ten minutes the certificate is verified anew."""
    context = authority.issue("www.example.org").server_context(tmp_path)
    for now in (0.0, REFUSAL_LIFETIME):
        with pytest.raises(WireError):
            shake(tls.begin(TARGET, now), Server(context))
        assert converse(tls, context, now + 1.0).problem is Reason.CERTIFICATE_NAME_MISMATCH


def test_a_changed_certificate_is_verified_by_the_next_conversation(
    authority: Authority, tls: TlsClient, tmp_path: Path
) -> None:
    """The repair is believed only after a handshake that verified it."""
    bad, good = authority.issue("www.example.org").server_context(tmp_path), authority.issue().server_context(tmp_path)
    with pytest.raises(WireError):
        shake(tls.begin(TARGET, 0.0), Server(bad))
    converse(tls, bad, 1.0)
    changed = converse(tls, good, 2.0)
    assert changed.problem is Reason.CERTIFICATE_NAME_MISMATCH
    assert "changed" in changed.problem_detail
    assert converse(tls, good, 3.0).problem is None


def test_a_refusal_is_the_targets_own(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """Another node with the same bad certificate is verified for itself."""
    context = authority.issue("www.example.org").server_context(tmp_path)
    for address in ("192.0.2.25", "192.0.2.26"):
        with pytest.raises(WireError):
            shake(tls.begin((address, 465, NAME), 0.0), Server(context))


@pytest.mark.parametrize("reason", BAD)
def test_without_verification_no_certificate_is_a_problem(authority: Authority, tmp_path: Path, reason: Reason) -> None:
    """The operator has said not to look, so nothing is reported but the facts."""
    leaf = bad_certificates(authority)[reason]
    facts = converse(TlsClient(verify=False), leaf.server_context(tmp_path))
    assert facts.problem is None
    assert facts.not_after == leaf.certificate.not_valid_after_utc.timestamp()


def test_hundreds_of_handshakes_leave_no_memory_behind(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """A daemon shakes hands for months; resident memory, not Python's own count, is what its limit is held to."""
    context = authority.issue().server_context(tmp_path)
    for _ in range(100):
        converse(tls, context)
    before = _resident()
    for _ in range(400):
        converse(tls, context)
    assert _resident() - before < 1024


def _resident() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_tls_1_1_is_not_spoken(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """A server that cannot do better than TLS 1.1 gets no handshake."""
    context = authority.issue().server_context(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(WireError) as refused:
        shake(tls.begin(TARGET, 0.0), Server(context))
    assert refused.value.reason is Reason.TLS_ERROR
    assert "protocol version" in refused.value.detail


@pytest.mark.parametrize("words", [b"421 4.3.0 mail.example.org Server local error\r\n", b"220 mail", b"\r\n", b"* OK"])
def test_plain_text_instead_of_tls_is_kept(tls: TlsClient, words: bytes) -> None:
    """The peer's own words are the evidence that tells a refused header from one that nobody consumed."""
    channel = tls.begin(TARGET, 0.0)
    assert channel.handshake() is None
    with pytest.raises(WireError) as plain:
        channel.handshake(words)
    assert (plain.value.reason, plain.value.data) == (Reason.TLS_PLAINTEXT, words)


@pytest.mark.parametrize(
    "noise", [b"\x00" * 64, b"\xff" * 600, b"\x16\x09\x09\xff\xff" + b"x" * 70, b"\x15\x03\x03\0\2\2\x28"]
)
def test_noise_instead_of_tls_is_an_error_with_its_first_bytes(tls: TlsClient, noise: bytes) -> None:
    """Whatever OpenSSL makes of it, the reason is tls_error and the bytes are kept, bounded."""
    channel = tls.begin(TARGET, 0.0)
    channel.handshake()
    with pytest.raises(WireError) as broken:
        channel.handshake(noise)
    assert (broken.value.reason, broken.value.data) == (Reason.TLS_ERROR, noise[:512])
    assert broken.value.detail == broken.value.detail.lower() != ""


def test_broken_records_after_the_handshake_are_an_error(authority: Authority, tls: TlsClient, tmp_path: Path) -> None:
    """Noise in the middle of a conversation ends it with tls_error."""
    channel = tls.begin(TARGET, 0.0)
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
    channel, server = tls.begin(TARGET, 0.0), Server(authority.issue().server_context(tmp_path))
    shake(channel, server)
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    channel.feed(server.outgoing.read())
    assert channel.decrypt() == b""


def test_the_number_of_remembered_targets_is_bounded(
    tls: TlsClient, monkeypatch: pytest.MonkeyPatch, authority: Authority, tmp_path: Path
) -> None:
    """The oldest target is forgotten, and verified anew; the newest is not refused."""
    monkeypatch.setattr("monitor.links.tls.MAX_TARGETS", 2)
    context = authority.issue("www.example.org").server_context(tmp_path)
    with pytest.raises(WireError):
        shake(tls.begin(TARGET, 0.0), Server(context))
    for address in ("192.0.2.26", "192.0.2.27"):
        tls.begin((address, 465, NAME), 0.0)
    with pytest.raises(WireError):
        shake(tls.begin(TARGET, 1.0), Server(context))


@pytest.mark.parametrize(
    ("content", "reason"), [(None, Reason.NOT_FOUND), (b"", Reason.MALFORMED), (b"no certificate", Reason.MALFORMED)]
)
def test_an_unusable_ca_file_is_named(tmp_path: Path, content: bytes | None, reason: Reason) -> None:
    """The configuration's reader can tell the operator which file and why."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LinkError) as fault:
        TlsClient(str(file))
    assert fault.value.reason is reason
    assert str(file) in fault.value.detail


def test_without_a_ca_file_the_systems_certificates_are_trusted(authority: Authority, tmp_path: Path) -> None:
    """An authority of our own is unknown to the system."""
    with pytest.raises(WireError) as refused:
        shake(TlsClient().begin(TARGET, 0.0), Server(authority.issue().server_context(tmp_path)))
    assert refused.value.reason is Reason.CERTIFICATE_UNTRUSTED
