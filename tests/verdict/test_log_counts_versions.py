"""The counters over what real servers wrote, by version: clients, lost clients, our own harm, and checks as noise."""

import ipaddress

import pytest

from monitor.core.maillog import Problem
from monitor.core.observations import MaillogBatch, MaillogCounts
from monitor.core.verdicts import Origin
from monitor.verdict.origins import OriginNetworks
from monitor.wire.maillog import MaillogParser
from tests.verdict.build import EDGE
from tests.verdict.lines import Log, path
from tests.wire.maillog.lines import Right, Written, lines_to_read, sections, written_lines

# Of the laboratory that wrote the lines: nodes 10.0.20.101 to 104, and 10.0.20.50, the node of the kubelet.
NODES = ("10.0.20.101", "10.0.20.102", "10.0.20.103", "10.0.20.104", "10.0.20.50")
EDGE_IPV6 = "2001:db8:20::1"
DOVECOTS = ("dovecot-2.3.19.1", "dovecot-2.4.1", "dovecot-2.4.5")
POSTFIXES = ("postfix-3.7.11", "postfix-3.10.13", "postfix-3.11.7")
NOISE = {Problem.EDGE_CHECK_NOISE, Problem.KUBELET_PROBE}


def log(*probes: str) -> Log:
    """A log in which these addresses are our own."""
    networks = OriginNetworks(
        probes=frozenset(probes),
        edge=(ipaddress.ip_network(EDGE.address),),
        cluster=(ipaddress.ip_network("10.10.0.0/16"),),
        internal=(ipaddress.ip_network("10.0.0.0/8"),),
    )
    return Log(path(NODES, networks=networks, destinations=(EDGE.address, EDGE_IPV6)))


def counted(lines: list[bytes], *probes: str, times: int = 1) -> MaillogCounts:
    """Count lines of one version, read from the beginning."""
    records = tuple(MaillogParser().feed(b"\n".join(lines * times)))
    return log(*probes).read(MaillogBatch("home", "file", 0.0, 1_000_000.0, records=records))


def case(version: str, name: str) -> list[bytes]:
    """Give what a version wrote when this was done."""
    return sections(version)[name]


@pytest.mark.parametrize("right", lines_to_read(), ids=lambda right: f"{right.servers}: {right.what}")
def test_a_line_counts_as_what_it_is(right: Right) -> None:
    """A client by listener and origin, everything else as one problem."""
    counts = counted([right.line.encode()])
    if "/" in right.counted:
        assert {f"{port}/{origin}" for port, origin in counts.connections} == {right.counted}
        assert not counts.problems
    else:
        assert counts.problems == {right.counted: 1}


@pytest.mark.parametrize("written", written_lines(), ids=lambda written: f"{written.function}: {written.line[:80]}")
def test_a_line_from_a_format_string_counts_as_what_it_is(written: Written) -> None:
    """Clients by listener and origin, problems by listener, or ``-`` where the line does not name one."""
    counts = counted([written.line.encode()])
    somewhere = {problem for _, problem in counts.located}
    assert {
        *(f"{port}/{origin}" for port, origin in counts.connections),
        *(f"{port}/{problem}" for port, problem in counts.located),
        *(f"-/{problem}" for problem in counts.problems if problem not in somewhere),
    } == set(written.counted.split())


@pytest.mark.parametrize("version", DOVECOTS)
def test_a_real_login_counts_by_its_origin(version: str) -> None:
    """A client from outside, through the front door, is external at the PROXY listener."""
    lines = case(version, "imaps login through the front door from outside")
    assert counted(lines).connections == {(10993, Origin.EXTERNAL): 1}


@pytest.mark.parametrize("version", DOVECOTS)
def test_a_lost_client_counts_as_the_edge(version: str) -> None:
    """The same login under the edge's address is a client that lost its own."""
    lines = [
        line.replace(b"rip=198.51.100.7", b"rip=10.0.20.1")
        for line in case(version, "imaps login through the front door from outside")
    ]
    assert counted(lines).connections == {(10993, Origin.EDGE): 1}


@pytest.mark.parametrize("version", POSTFIXES)
@pytest.mark.parametrize("name", ["submission FIN after EHLO", "smtpd_timeout=2s"])
def test_harm_of_our_own_is_counted_as_such(version: str, name: str) -> None:
    """A probe that leaves without QUIT, or falls silent, under an address that we claim: above 0 on every version."""
    lines = case(version, name)
    assert counted(lines).self_inflicted == {}
    [(problem, number)] = counted(lines, "192.0.2.88", "192.0.2.93").self_inflicted.items()
    assert (problem in {Problem.LOST_CONNECTION, Problem.CLIENT_TIMEOUT}, number) == (True, 1)


@pytest.mark.parametrize("version", DOVECOTS)
def test_checks_of_dovecot_are_noise(version: str) -> None:
    """A check by HAProxy without `check port` is no problem of Dovecot's, whether it had a peer or none any more."""
    counts = counted(case(version, "imaps: a check by HAProxy without check port"))
    assert set(counts.problems) <= NOISE
    assert counts.problems
    assert counts.connections == {}


@pytest.mark.parametrize("version", POSTFIXES)
@pytest.mark.parametrize("name", ["submission stock 587 connect+FIN", "smtps stock 465 connect+RST"])
def test_checks_of_stock_smtpd_are_noise(version: str, name: str) -> None:
    """A connection that a node opens and leaves without a word, logged with NOQUEUE since Postfix 3.10."""
    counts = counted(case(version, name))
    assert set(counts.problems) == {Problem.EDGE_CHECK_NOISE}
    assert counts.connections == {}


@pytest.mark.parametrize("version", DOVECOTS)
def test_the_kubelet_is_known_by_dovecots_lines(version: str) -> None:
    """It connects to the stock port and closes in order."""
    counts = counted(case(version, "imaps stock 993: connect+FIN (kubelet)"), times=3)
    assert counts.problems == {Problem.KUBELET_PROBE: 3}


@pytest.mark.parametrize("version", POSTFIXES)
def test_the_kubelet_is_known_by_postscreens_lines(version: str) -> None:
    """It connects to the stock port 25 and closes in order."""
    counts = counted(case(version, "smtp stock 25: connect+FIN (kubelet)"), times=3)
    assert counts.problems == {Problem.KUBELET_PROBE: 3}


@pytest.mark.parametrize("version", POSTFIXES)
def test_what_follows_a_refused_header_is_neither_a_client_nor_noise(version: str) -> None:
    """Postfix goes on with its TCP peer, from 3.11 on with nobody; the refusal has been counted."""
    counts = counted(case(version, "submission no header: EHLO"))
    assert counts.problems == {Problem.PROXY_HEADER: 1}
    assert counts.connections == {}


def test_after_a_refused_header_the_process_has_other_clients() -> None:
    """The next one that smtpd 3.11 takes under the same process id is counted."""
    after = case("postfix-3.11.7", "submission no header: EHLO")
    process = after[-1].split(b"/smtpd[")[1].split(b"]")[0]
    client = after[-1].split(b"/smtpd[")[0] + b"/smtpd[%s]: connect from unknown[198.51.100.7]" % process
    assert counted([*after, client]).connections == {(5587, Origin.EXTERNAL): 1}


@pytest.mark.parametrize(
    ("version", "release"),
    [("postfix-3.7.11", (3, 7, 11)), ("postfix-3.10.13", (3, 10, 13)), ("postfix-3.11.7", (3, 11, 7))],
)
def test_a_release_names_itself(version: str, release: tuple[int, int, int]) -> None:
    """At a reload, which needs no luck to be seen."""
    assert counted(case(version, "reloads")).postfix_version == release
