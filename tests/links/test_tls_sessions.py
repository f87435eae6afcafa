"""monitor.links.tls_sessions, by whole conversations with OpenSSL's server side in memory."""

import math
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.core.taxonomy import Reason
from monitor.links import tls_sessions
from monitor.links.tcp import SocketAddress
from monitor.links.tls import TlsClient
from monitor.links.tls_sessions import FULL_EVERY, Reads
from monitor.links.trust import Trust
from tests.links.certificates import NAME, Authority, Identity, bad_certificates
from tests.links.tls_server import ADDRESS, Server, hold, shake

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
MANY = 1000

READING = """
import ssl, sys
from pathlib import Path
server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl._create_unverified_context()
server.load_cert_chain(sys.argv[1])
there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
ends = [client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)]
for end in (*ends, *ends):
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        pass
resident = lambda: int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])
for reads in (200, 500):
    before = resident()
    for _ in range(reads):
        ends[0].session
print(resident() - before)
"""
"""In a process of its own, whose free memory is soon used up: by how many KiB it has grown in the last 500 readings."""

Renew = Callable[[Identity], None]


@pytest.fixture(params=[TLS_1_2, TLS_1_3], ids=["TLS 1.2", "TLS 1.3"])
def server(request: pytest.FixtureRequest, good: ssl.SSLContext) -> ssl.SSLContext:
    """Give a server with a good certificate that speaks no more than this version."""
    good.maximum_version = request.param
    return good


@pytest.fixture
def renew(server: ssl.SSLContext, tmp_path: Path) -> Renew:
    """Have the server show another certificate, as after a reload: it keeps its keys, and what it has handed out."""

    def load(leaf: Identity) -> None:
        file = tmp_path / "renewed.pem"
        file.write_bytes(leaf.pem)
        server.load_cert_chain(file)

    return load


def at(number: int) -> SocketAddress:
    """Give the address of one of many servers."""
    family, (_, port) = ADDRESS
    return SocketAddress(family, (f"192.0.2.{number}", port))


def test_one_handshake_in_five_is_full(tls: TlsClient, server: ssl.SSLContext) -> None:
    """The others resume the session of the first, are as good as it, and tell the same of the certificate."""
    held = [hold(tls, server) for _ in range(2 * FULL_EVERY + 1)]
    assert [each.resumed for each in held] == 2 * [False, *(FULL_EVERY - 1) * [True]] + [False]
    assert len({each.facts for each in held}) == 1
    assert held[0].facts.problem is None
    assert held[0].facts.version == server.maximum_version.name.replace("_", ".")


def test_a_session_is_read_once_for_all_of_them(authority: Authority, tmp_path: Path, server: ssl.SSLContext) -> None:
    """The full handshakes in between do not read another one: each reading may lose memory for ever."""
    reads = Reads(MANY)
    tls = TlsClient(authority.ca_file(tmp_path), reads=reads)
    for _ in range(5 * FULL_EVERY):
        hold(tls, server)
    assert reads.left == MANY - 1


def test_a_renewed_certificate_is_shown_by_the_fifth_handshake(
    authority: Authority, tls: TlsClient, server: ssl.SSLContext, renew: Renew
) -> None:
    """A server that still accepts the session shows nothing new; then the session is given up for a new one."""
    old = hold(tls, server).facts.fingerprint
    renew(authority.issue())
    held = [hold(tls, server) for _ in range(FULL_EVERY + 1)]
    seen = [each.facts.fingerprint for each in held]
    assert seen[:-2] == (FULL_EVERY - 1) * [old]
    assert seen[-2] == seen[-1] != old
    assert [each.resumed for each in held] == [*(FULL_EVERY - 1) * [True], False, True]


@pytest.mark.parametrize("reason", [Reason.CERTIFICATE_EXPIRED, Reason.CERTIFICATE_UNTRUSTED])
def test_a_bad_certificate_once_seen_is_looked_at_in_every_handshake(
    authority: Authority, tls: TlsClient, server: ssl.SSLContext, renew: Renew, reason: Reason
) -> None:
    """Fault and repair are told without a break: no kept session answers in between for better days."""
    hold(tls, server)
    renew(bad_certificates(authority)[reason])
    told = [hold(tls, server).facts.problem for _ in range(2 * FULL_EVERY)]
    assert told == (FULL_EVERY - 1) * [None] + (FULL_EVERY + 1) * [reason]
    renew(authority.issue())
    assert [hold(tls, server).facts.problem for _ in range(3)] == [None, None, None]


def test_a_certificate_that_turns_bad_in_between_is_told_by_the_next_handshake(
    tls: TlsClient, server: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was shown at first is judged each time, as if it were shown now: by its end, and by whom we trust."""
    hold(tls, server)
    monkeypatch.setattr(tls, "_trust", Trust(Authority("somebody else").ca_file(tmp_path)))
    held = [hold(tls, server) for _ in range(3)]
    assert [each.facts.problem for each in held] == 3 * [Reason.CERTIFICATE_UNTRUSTED]
    assert [each.resumed for each in held] == [True, False, False]


def test_the_turns_of_several_servers_are_spread(tls: TlsClient, server: ssl.SSLContext) -> None:
    """Of ten servers that are asked at the same beat, one shows its certificate in each round."""
    places = [at(number) for number in range(FULL_EVERY)]
    rounds = [[hold(tls, server, NAME, place).resumed for place in places] for _ in range(3 * FULL_EVERY)]
    assert [each.count(False) for each in rounds] == [FULL_EVERY, *(len(rounds) - 1) * [1]]


def test_what_one_server_shows_anew_all_are_asked_for(
    authority: Authority, tls: TlsClient, server: ssl.SSLContext, renew: Renew
) -> None:
    """A certificate that many ports show is known of all within two rounds; then the turns are spread again."""
    places = [at(number) for number in range(FULL_EVERY)]

    def told() -> list[Reason | None]:
        return [hold(tls, server, NAME, place).facts.problem for place in places]

    assert [told() for _ in range(4)] == 4 * [FULL_EVERY * [None]]
    renew(authority.issue("www.example.org"))
    first, second, third = told(), told(), told()
    assert Reason.CERTIFICATE_NAME_MISMATCH in first
    assert second == third == FULL_EVERY * [Reason.CERTIFICATE_NAME_MISMATCH]
    renew(authority.issue())
    assert told() == FULL_EVERY * [None]
    assert sum(hold(tls, server, NAME, place).resumed for place in places) == FULL_EVERY - 1


def test_a_server_that_has_forgotten_the_session_gets_a_full_handshake(
    authority: Authority, tls: TlsClient, tmp_path: Path
) -> None:
    """A restart of the server is no failure: its certificate is seen, and a new session kept."""
    leaf = authority.issue()
    before, after = leaf.server_context(tmp_path), leaf.server_context(tmp_path)
    assert [hold(tls, before).resumed for _ in range(3)] == [False, True, True]
    held = [hold(tls, after) for _ in range(3)]
    assert [each.resumed for each in held] == [False, True, True]
    assert {each.facts.problem for each in held} == {None}


def test_a_server_that_never_resumes_is_asked_more_and_more_seldom(authority: Authority, tmp_path: Path) -> None:
    """Dovecot's processes serve one login each and share no keys: who asked at each turn would read at each turn."""
    reads = Reads(MANY)
    tls = TlsClient(authority.ca_file(tmp_path), reads=reads)
    leaf = authority.issue()
    assert not any(hold(tls, leaf.server_context(tmp_path)).resumed for _ in range(20 * FULL_EVERY))
    assert MANY - reads.left == 5
    context = leaf.server_context(tmp_path)
    resumed = [hold(tls, context).resumed for _ in range(40 * FULL_EVERY)]
    assert True in resumed, "it was not asked again"
    assert MANY - reads.left < 8


def test_reading_ends_at_its_bound(authority: Authority, tmp_path: Path) -> None:
    """Then every handshake is a full one, whatever the server would grant."""
    tls = TlsClient(authority.ca_file(tmp_path), reads=Reads(2))
    leaf = authority.issue()
    lives = [leaf.server_context(tmp_path) for _ in range(3)]
    resumed = [[hold(tls, context).resumed for _ in range(3)] for context in lives]
    assert resumed == [[False, True, True], [False, True, True], [False, False, False]]


def test_which_pythons_lose_memory_is_told_rightly(authority: Authority, tmp_path: Path) -> None:
    """Some 6 KiB each time that the session is read, hence a bound of 3 MiB; where nothing is lost there is none."""
    file = tmp_path / "server.pem"
    file.write_bytes(authority.issue().pem)
    grown = int(subprocess.check_output([sys.executable, "-c", READING, file], timeout=20))
    assert (4 < grown / 500 < 8) is tls_sessions.LOSES_MEMORY
    assert math.isinf(tls_sessions.MOST_READS) is not tls_sessions.LOSES_MEMORY


def test_a_session_whose_conversation_did_not_end_well_is_gone(tls: TlsClient, server: ssl.SSLContext) -> None:
    """Whatever it was, the next handshake is a full one."""
    hold(tls, server)
    channel = tls.begin(NAME, ADDRESS)
    shake(channel, Server(server))
    assert channel.resumed
    channel.close()
    assert [hold(tls, server).resumed for _ in range(2)] == [False, True]


def test_a_session_serves_one_conversation_at_a_time(tls: TlsClient, server: ssl.SSLContext) -> None:
    """Of two at once with the same server the second is full."""
    hold(tls, server)
    first, second = tls.begin(NAME, ADDRESS), tls.begin(NAME, ADDRESS)
    shake(first, Server(server))
    shake(second, Server(server))
    assert (first.resumed, second.resumed) == (True, False)


def test_a_session_is_offered_only_where_it_comes_from(tls: TlsClient, server: ssl.SSLContext) -> None:
    """Another address is another server, and so is another name at the same address."""
    hold(tls, server)
    assert not hold(tls, server, NAME, at(2)).resumed
    assert not hold(tls, server, "imap.example.org").resumed
    assert hold(tls, server).resumed


def test_the_number_of_servers_is_bounded(
    tls: TlsClient, server: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was spoken to least lately is forgotten first."""
    monkeypatch.setattr(tls_sessions, "MAX_SERVERS", 2)
    for number in (1, 2, 1, 3):
        hold(tls, server, NAME, at(number))
    assert [hold(tls, server, NAME, at(number)).resumed for number in (1, 3)] == [True, True]
    assert not hold(tls, server, NAME, at(2)).resumed
