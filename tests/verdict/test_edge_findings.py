"""What an edge's sockets, redirects, stats socket and load are told as."""

import pytest

from monitor.core.edge import FileMode, Frontend, Redirect, RedirectState, StatsSocket
from monitor.core.haproxy import HaproxyInfo
from monitor.verdict.edge_findings import crowded, misdirected, open_stats_socket, restarted, unbound

EDGE, ADDRESS, SOCKET = "pfsense", "10.0.20.1", "/var/run/haproxy.socket"


def test_unbound() -> None:
    """A port without HAProxy is critical and names its holder; an optional one is only told of."""
    seen = {
        25: Frontend(25, pids=(49418,)),
        465: Frontend(465),
        587: Frontend(587, others=("master", "?")),
        2525: Frontend(2525),
    }
    found = unbound(EDGE, ADDRESS, seen, optional=[2525])
    assert [(f.severity, f.subject, f.kind) for f in found] == [
        ("critical", "pfsense:465", "frontend_unbound"),
        ("critical", "pfsense:587", "frontend_unbound"),
        ("info", "pfsense:2525", "frontend_unbound"),
    ]
    assert found[0].message == "HAProxy does not listen on 10.0.20.1 port 465: nobody does."
    assert "master, a socket without owner does" in found[1].message
    assert str(found[1].remedy) == "ssh admin@10.0.20.1 'sockstat -l | grep haproxy'"


@pytest.mark.parametrize(
    ("state", "severity", "words"),
    [
        (RedirectState.MISSING, "critical", "NAT redirects port 25 nowhere, not to 10.0.20.1"),
        (RedirectState.ELSEWHERE, "critical", "NAT leads port 25 to <mailserver>, not to 10.0.20.1"),
        (RedirectState.ALIAS, "critical", "NAT leads port 25 to the alias <mailserver>, not to 10.0.20.1"),
        (RedirectState.PARTLY, "warning", "NAT leads port 25 to 10.0.20.1, and as well to <mailserver>"),
    ],
)
def test_misdirected(state: RedirectState, severity: str, words: str) -> None:
    """Each wrong way is told with both values, and with the rule that does it."""
    redirect = Redirect(25, state, ("<mailserver>",), ("rdr on vtnet0 ...",))
    [finding] = misdirected(EDGE, ADDRESS, [redirect])
    assert (finding.severity, finding.subject, finding.kind) == (severity, "pfsense:25", "nat_redirect")
    assert finding.message == f"{words} (rdr on vtnet0 ...)."
    assert not redirect.ok


def test_dropped() -> None:
    """A redirect whose connections the filter drops is told; one that nobody can tell is not."""
    [finding] = misdirected(EDGE, ADDRESS, [Redirect(25, RedirectState.OK, passed=False)])
    assert (finding.kind, str(finding.remedy)) == ("nat_blocked", "ssh admin@10.0.20.1 'pfctl -sr'")
    assert misdirected(EDGE, ADDRESS, [Redirect(25, RedirectState.OK, passed=p) for p in (True, None)]) == ()


@pytest.mark.parametrize("bits", [0o600, 0o660, 0o755])
def test_stats_socket(bits: int) -> None:
    """What others may not write to, they may not connect to."""
    assert open_stats_socket(EDGE, ADDRESS, FileMode("s", bits, "root", "wheel"), SOCKET) == ()


def test_open_stats_socket() -> None:
    """A socket that all may write to is told with what they may command; a regular file in its place too."""
    configured = [StatsSocket(SOCKET, 0o666, "admin")]
    [finding] = open_stats_socket(EDGE, ADDRESS, FileMode("s", 0o666, "root", "wheel"), SOCKET, configured)
    assert (finding.severity, finding.kind) == ("warning", "stats_socket_permission")
    assert "(level admin) has mode 666" in finding.message
    [file] = open_stats_socket(EDGE, ADDRESS, FileMode("-", 0o644, "root", "wheel"), SOCKET)
    assert (file.severity, file.kind) == ("critical", "stats_socket")


@pytest.mark.parametrize(("current", "limit", "warns"), [(800, 1000, False), (801, 1000, True), (5, 0, False)])
def test_crowded(current: int, limit: int, warns: bool) -> None:  # noqa: FBT001 - a table's column
    """Above four fifths of maxconn there is a warning with both numbers."""
    found = crowded(EDGE, HaproxyInfo("2.9", 60, current, limit, 1))
    assert bool(found) is warns
    assert all(f"{current} of {limit}" in finding.message for finding in found)


def test_restarted() -> None:
    """A young HAProxy is told, an old one not."""
    [finding] = restarted(EDGE, HaproxyInfo("2.9", 60, 0, 1000, 4711))
    assert finding.severity == "info"
    assert "(pid 4711, 2.9) was started or reloaded 60 s ago" in finding.message
    assert restarted(EDGE, HaproxyInfo("2.9", 3600, 0, 1000, 1)) == ()
