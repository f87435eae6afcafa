"""monitor.links.trust: what OpenSSL says of a chain that nobody is connected to."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from monitor.core.errors import LinkError, WireError
from monitor.core.taxonomy import Reason
from monitor.links import certificate
from monitor.links.clock import wall_clock
from monitor.links.trust import ANSWER_LIFETIME, MAX_ANSWERS, Answer, Trust
from tests.clock import Clock, utc_now
from tests.links.certificates import (
    BAD,
    CA,
    LAST_WEEK,
    LONG_AGO,
    NAME,
    NEXT_YEAR,
    TOMORROW,
    Authority,
    bad_certificates,
)
from tests.links.peers import resident
from tests.links.tls_server import Server


@pytest.fixture
def trust(authority: Authority, tmp_path: Path) -> Trust:
    """Trust the authority."""
    return Trust(authority.ca_file(tmp_path))


WORDS = {
    Reason.CERTIFICATE_EXPIRED: "certificate has expired",
    Reason.CERTIFICATE_NOT_YET_VALID: "certificate is not yet valid",
    Reason.CERTIFICATE_NAME_MISMATCH: f"Hostname mismatch, certificate is not valid for '{NAME}'.",
    Reason.CERTIFICATE_UNTRUSTED: "unable to get local issuer certificate",
}


def test_a_good_certificate_has_no_problem(authority: Authority, trust: Trust) -> None:
    """What is known of it is told."""
    leaf = authority.issue()
    answer = trust.ask([leaf.der], NAME)
    assert (answer.problem, answer.detail) == (None, "")
    assert answer.fingerprint == certificate.fingerprint(leaf.der)
    assert answer.not_after == leaf.certificate.not_valid_after_utc.timestamp()


def test_what_was_loaded_can_be_told(authority: Authority, trust: Trust, tmp_path: Path) -> None:
    """Whatever the file holds by now."""
    Path(authority.ca_file(tmp_path)).write_bytes(b"")
    assert trust.authorities == (authority.root.der,)
    assert Trust(verify=False).authorities == ()


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_certificate_has_its_reason_in_openssls_words(authority: Authority, trust: Trust, reason: Reason) -> None:
    """They are those of a client that verifies in its handshake."""
    answer = trust.ask([bad_certificates(authority)[reason].der], NAME)
    assert (answer.problem, answer.detail) == (reason, WORDS[reason])


def test_a_key_for_rsa_is_verified_too(authority: Authority, trust: Trust) -> None:
    """The made-up handshake is one of ECDSA; whether the key fits to it is no matter of trust."""
    key = rsa.generate_private_key(65537, 2048)
    assert trust.ask([authority.issue(key=key).der], NAME).problem is None
    expired = authority.issue(not_before=LONG_AGO, not_after=LAST_WEEK, key=key)
    assert trust.ask([expired.der], NAME).problem is Reason.CERTIFICATE_EXPIRED


@pytest.mark.parametrize(
    ("shown", "asked", "matches"),
    [
        ("*.example.org", NAME, True),
        ("*.example.org", "a.mail.example.org", False),
        ("MAIL.example.ORG", NAME, True),
        ("xn--bcher-kva.example", "bücher.example", True),
        ("2001:db8::25", "2001:db8::25", True),
        ("192.0.2.25", "192.0.2.26", False),
    ],
)
def test_names_are_matched_as_in_any_client(
    authority: Authority,
    trust: Trust,
    shown: str,
    asked: str,
    matches: bool,  # noqa: FBT001 - a column
) -> None:
    """Wildcards, letter case, international names and addresses are OpenSSL's affair (RFC 9525)."""
    expected = None if matches else Reason.CERTIFICATE_NAME_MISMATCH
    assert trust.ask([authority.issue(shown).der], asked).problem is expected


def test_the_chain_is_judged_and_not_the_leaf_alone(authority: Authority, trust: Trust) -> None:
    """A forgotten, an expired and a renewed intermediate: the leaf is the same each time."""
    over = authority.intermediate(not_after=LAST_WEEK)
    renewed = authority.intermediate(key=over.root.key)
    leaf = over.issue().der
    assert trust.ask([leaf], NAME).problem is Reason.CERTIFICATE_UNTRUSTED
    assert trust.ask([leaf, over.root.der], NAME).problem is Reason.CERTIFICATE_EXPIRED
    assert trust.ask([leaf, renewed.root.der], NAME).problem is None


def test_what_is_untrusted_and_expired_is_untrusted(trust: Trust) -> None:
    """OpenSSL looks for the issuer first; to renew such a certificate would not help."""
    leaf = Authority("somebody else").issue(not_before=LONG_AGO, not_after=LAST_WEEK)
    assert trust.ask([leaf.der], NAME).problem is Reason.CERTIFICATE_UNTRUSTED


def test_a_self_signed_certificate_is_good_where_it_is_trusted_itself(tmp_path: Path, trust: Trust) -> None:
    """Homes do so: ``ca_file`` is the server's own certificate."""
    own, stranger = (Authority(NAME, marks=((CA, True),)) for _ in range(2))  # as of ``openssl req -x509``
    assert Trust(own.ca_file(tmp_path)).ask([own.root.der], NAME).problem is None
    answer = trust.ask([stranger.root.der], NAME)
    assert (answer.problem, answer.detail) == (Reason.CERTIFICATE_UNTRUSTED, "self-signed certificate")


def test_a_chain_longer_than_a_record_is_read(authority: Authority, trust: Trust) -> None:
    """Certificates that lead nowhere do not matter, but they take their place."""
    chain = [authority.issue().der, *(Authority(f"nobody {number}").root.der for number in range(60))]
    assert sum(map(len, chain)) > 16384
    assert trust.ask(chain, NAME).problem is None


def test_bytes_that_are_no_certificate_cannot_be_judged(trust: Trust) -> None:
    """A handshake would have failed of them, so nobody shows any."""
    with pytest.raises(WireError) as unsaid:
        trust.ask([b"no certificate"], NAME)
    assert unsaid.value.reason is Reason.TLS_ERROR


def test_without_verification_only_the_facts_are_told(authority: Authority) -> None:
    """Whatever is wrong with it."""
    leaf = bad_certificates(authority)[Reason.CERTIFICATE_EXPIRED]
    answer = Trust(verify=False).ask([leaf.der], NAME)
    assert (answer.problem, answer.fingerprint) == (None, certificate.fingerprint(leaf.der))


def test_an_answer_holds_for_ten_minutes(authority: Authority, tmp_path: Path) -> None:
    """Thousands of handshakes verify once; a clock that is set back asks again as well."""
    clock, chain = Clock(wall_clock()), [authority.issue().der]
    trust = Trust(authority.ca_file(tmp_path), wall_clock=clock)
    first = trust.ask(chain, NAME)
    clock.now += ANSWER_LIFETIME - 0.1
    assert trust.ask(list(chain), NAME) is first
    clock.now += 0.1
    second = trust.ask(chain, NAME)
    assert second is not first
    clock.now -= 3600
    assert trust.ask(chain, NAME) is not second


@pytest.mark.parametrize("begins", [False, True])
@pytest.mark.parametrize("place", [0, 1])
def test_an_answer_ends_when_the_time_of_a_certificate_turns(
    authority: Authority,
    tmp_path: Path,
    place: int,
    begins: bool,  # noqa: FBT001 - both ends of the leaf's and the intermediate's time
) -> None:
    """Around the very second it is asked again and again: OpenSSL's clock may be a little late."""
    turning = (TOMORROW, NEXT_YEAR) if begins else (LONG_AGO, TOMORROW)
    steady = (LONG_AGO, NEXT_YEAR)
    over = authority.intermediate(*(turning if place else steady))
    chain = [over.issue(NAME, *(steady if place else turning)).der, over.root.der]
    times = certificate.validity(chain[place])
    assert times is not None
    clock = Clock(wall_clock())
    trust = Trust(authority.ca_file(tmp_path), wall_clock=clock)
    clock.now = times[0 if begins else 1] - 1
    before = trust.ask(chain, NAME)
    clock.now += 0.9
    assert trust.ask(chain, NAME) is before
    for _ in repeat(None, 2):
        clock.now += 0.1
        answer = trust.ask(chain, NAME)
        assert answer is not before
        before = answer
    clock.now += 1
    assert trust.ask(chain, NAME) is trust.ask(chain, NAME)


def test_a_certificate_that_ends_between_two_rounds_is_told_by_the_second(authority: Authority, tmp_path: Path) -> None:
    """By the real clock, which no test can turn for OpenSSL."""
    trust, leaf = Trust(authority.ca_file(tmp_path)), authority.issue(not_after=timedelta(seconds=1.5))
    end = leaf.certificate.not_valid_after_utc
    while trust.ask([leaf.der], NAME).problem is None:
        assert utc_now() < end + timedelta(seconds=1)
    assert utc_now() >= end
    assert trust.ask([leaf.der], NAME).problem is Reason.CERTIFICATE_EXPIRED


def test_the_number_of_answers_is_bounded(authority: Authority) -> None:
    """The oldest is forgotten; a server that shows something new each time costs no memory."""
    trust, chain = Trust(verify=False), [authority.issue().der]
    names: Iterator[str] = (f"{number}.example.org" for number in range(MAX_ANSWERS))
    first: Answer = trust.ask(chain, NAME)
    for name in names:
        trust.ask(chain, name)
    assert trust.ask(chain, NAME) is not first


@pytest.mark.parametrize(
    ("content", "reason"), [(None, Reason.NOT_FOUND), (b"", Reason.MALFORMED), (b"no certificate", Reason.MALFORMED)]
)
def test_an_unusable_ca_file_is_named(tmp_path: Path, content: bytes | None, reason: Reason) -> None:
    """The configuration's reader can tell the operator which file and why."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LinkError) as fault:
        Trust(str(file))
    assert fault.value.reason is reason
    assert str(file) in fault.value.detail


def test_without_a_ca_file_the_systems_certificates_are_trusted(authority: Authority) -> None:
    """An authority of our own is unknown to the system."""
    assert Trust().ask([authority.issue().der], NAME).problem is Reason.CERTIFICATE_UNTRUSTED


def test_hundreds_of_verifications_leave_no_memory_behind(authority: Authority, tmp_path: Path) -> None:
    """Each is a client of its own, and goes away with all that it has read."""
    clock, chain = Clock(wall_clock()), [authority.issue().der]
    trust = Trust(authority.ca_file(tmp_path), wall_clock=clock)

    def ask(times: int) -> None:
        for _ in range(times):
            clock.now += ANSWER_LIFETIME
            trust.ask(chain, NAME)

    ask(100)
    before = resident()
    ask(400)
    assert resident() - before < 1024


def shake(client: ssl.SSLContext, context: ssl.SSLContext) -> None:
    """Verify in the handshake, as any other client does."""
    server, incoming, outgoing = Server(context), ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client.wrap_bio(incoming, outgoing, server_hostname=NAME)
    while not server.shaken:
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        incoming.write(server.answer(outgoing.read()))


def test_a_client_that_verifies_in_its_handshake_says_the_same(authority: Authority, tmp_path: Path) -> None:
    """OpenSSL's own handshake is what the answers are held to, for every bad certificate."""
    trust, client = Trust(authority.ca_file(tmp_path)), ssl.create_default_context(cafile=authority.ca_file(tmp_path))
    for leaf in bad_certificates(authority).values():
        with pytest.raises(ssl.SSLCertVerificationError) as refused:
            shake(client, leaf.server_context(tmp_path))
        answer = trust.ask([leaf.der], NAME)
        assert (answer.problem, answer.detail) == certificate.refusal(refused.value)
