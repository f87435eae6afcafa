"""From lines to counters: who is a client, whose problem it is, and what is nobody's."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.maillog import PostfixVersion, Problem
from monitor.core.verdicts import Origin
from monitor.verdict.log_counts import REMEMBERED_PIDS
from tests.verdict.build import EDGE
from tests.verdict.lines import (
    CLAIMED,
    DOOR,
    INSIDE,
    NODE,
    OTHER_NODE,
    OUTSIDE,
    POD,
    batch,
    counted,
    dovecot,
    log,
    path,
    postscreen,
    smtpd,
)

Session = Callable[[str], tuple[str, ...]]
SESSIONS: list[tuple[int, Session]] = [
    (2525, postscreen),
    (4465, lambda address: smtpd(address, "smtpd-proxy465", 14142)),
    (5587, smtpd),
    (10993, dovecot),
]
TUNNEL = "172.18.91.5"


@pytest.mark.parametrize(("listener", "session"), SESSIONS, ids=lambda each: str(each) if isinstance(each, int) else "")
@pytest.mark.parametrize(
    ("address", "origin"),
    [
        (OUTSIDE, Origin.EXTERNAL),
        (INSIDE, Origin.INTERNAL),
        (NODE, Origin.INTERNAL),
        (POD, Origin.CLUSTER),
        (EDGE.address, Origin.EDGE),
        (CLAIMED, Origin.PROBE),
        (DOOR, Origin.PROBE),
        ("127.0.0.1", Origin.LOOPBACK),
    ],
)
def test_a_session_on_a_proxy_listener_is_one_client(
    listener: int, session: Session, address: str, origin: Origin
) -> None:
    """Postscreen, smtpd and Dovecot: one connection each, under its origin, and no problem."""
    counts = counted(*session(address))
    assert counts.connections == {(listener, origin): 1}
    assert counts.problems == {}


def test_stock_listeners_count_clients_of_the_house_and_never_nodes() -> None:
    """A pod at a stock port is a client; under a node's or the edge's address there are only checks."""
    assert counted(*postscreen(POD, proxied=False)).connections == {(25, Origin.CLUSTER): 1}
    assert counted(*dovecot(POD, lip=POD)).connections == {(993, Origin.CLUSTER): 1}
    for address in (NODE, EDGE.address):
        assert counted(*postscreen(address, proxied=False)).connections == {}
        assert counted(*smtpd(address, "submissions")).connections == {}
        assert counted(*dovecot(address, lip=POD)).connections == {}


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        ("EOF", Problem.PROXY_HEADER),
        ("timeout error", Problem.PROXY_TIMEOUT),
        ("unrecognized protocol header: EHLO probe.lab.test\\r\\n", Problem.PROXY_HEADER),
        ("Postfix IPv6 support is disabled: \\r\\n\\r\\n\\000\\r\\nQUIT\\n!!\\000$ \\001", Problem.PROXY_HEADER),
    ],
)
@pytest.mark.parametrize("peer", [NODE, TUNNEL, EDGE.address, "unknown"])
def test_smtpd_that_refused_a_header_then_names_no_client(error: str, problem: Problem, peer: str) -> None:
    """``connect from`` by the same process right after ``haproxy read`` is the TCP peer; the next one is a client."""
    process = "postfix/smtpd-proxy465/smtpd[23206]"
    counts = counted(
        f"{process}: warning: haproxy read: {error}",
        f"{process}: connect from unknown[{peer}]",
        f"{process}: disconnect from unknown[{peer}] commands=0/0",
        *smtpd(OUTSIDE, "smtpd-proxy465", 23206),
    )
    assert counts.connections == {(4465, Origin.EXTERNAL): 1}
    assert counts.problems[problem] == 1
    assert counts.located[4465, problem] == 1


def test_a_refusal_is_remembered_over_batches_and_processes_are_told_apart() -> None:
    """The refusal ends one batch, its ``connect from`` begins the next; another process' client counts meanwhile."""
    known = log()
    known.read(batch("postfix/smtpd-proxy587/smtpd[17377]: warning: haproxy read: EOF"))
    counts = known.read(batch(*smtpd(INSIDE, pid=1), *smtpd(INSIDE, pid=17377)))
    assert counts.connections == {(5587, Origin.INTERNAL): 1}


def test_a_new_address_of_our_own_forgets_nothing() -> None:
    """Between a refusal and its ``connect from`` our own address is learned: the peer still is no client, we are."""
    known = log()
    known.read(batch("postfix/smtpd-proxy587/smtpd[17377]: warning: haproxy read: EOF"))
    known.origins.learn_own("10.0.20.77")
    assert known.read(batch(*smtpd(NODE, pid=17377))).connections == {}
    known.replan(path())
    assert known.read(batch(*smtpd("10.0.20.77"))).connections == {(5587, Origin.PROBE): 1}


def test_refusals_without_an_end_cost_no_memory_and_forget_the_oldest_first() -> None:
    """Beyond the bound the oldest process is forgotten, the latest is not."""
    known = log()
    errors = [f"postfix/smtpd-proxy587/smtpd[{pid}]: warning: haproxy read: EOF" for pid in range(REMEMBERED_PIDS + 1)]
    known.read(batch(*errors))
    assert known.read(batch(*smtpd(INSIDE, pid=REMEMBERED_PIDS))).connections == {}
    assert known.read(batch(*smtpd(INSIDE, pid=0))).connections == {(5587, Origin.INTERNAL): 1}


def test_postscreen_that_refused_a_header_goes_on_with_clients() -> None:
    """Postscreen serves all in one process, and its next CONNECT is somebody else's."""
    refusal = "postfix/smtpd-proxy25/postscreen[14109]: warning: haproxy read: time limit exceeded"
    assert counted(refusal, *postscreen(OUTSIDE)).connections == {(2525, Origin.EXTERNAL): 1}


# HAProxy's checks from FreeBSD, and those of Dovecot's PROXY port: every shape that was measured.
GETPEERNAME = "warning: getpeername: Transport endpoint is not connected -- dropping this connection"
SERVNAME = (
    "fatal: smtpd_peer_hostaddr_to_sockaddr: cannot convert client address/port to string: "
    "Servname not supported for ai_socktype"
)
RATE = "warning: Connection rate limit exceeded: 61 from unknown"
READ = "read(size=1026) failed: Connection reset by peer"
IMAP = "dovecot: imap-login: Disconnected: Connection closed"
TO_POD = f"user=<>, rip={NODE}, lip={POD}, TLS handshaking: {READ}, session=<GUCMT9lgQZR/ABRl>"
CHECKS = [
    f"postfix/postscreen[17419]: {GETPEERNAME}",
    "postfix/submission/smtpd[17784]: connect from unknown[unknown]",
    "postfix/submission/smtpd[17784]: lost connection after CONNECT from unknown[unknown]",
    "postfix/submission/smtpd[17784]: disconnect from unknown[unknown] commands=0/0",
    "postfix/submissions/smtpd[17726]: SSL_accept error from unknown[unknown]: Connection reset by peer",
    f"postfix/submissions/smtpd[17726]: SSL_accept error from unknown[{NODE}]: Connection reset by peer",
    f"postfix/submissions/smtpd[17726]: SSL_accept error from unknown[{NODE}]: lost connection",
    f"postfix/submissions/smtpd[17726]: lost connection after CONNECT from unknown[{NODE}]",
    f"postfix/submission/smtpd[17784]: lost connection after CONNECT from unknown[{EDGE.address}]",
    f"postfix/smtpd[17573]: lost connection after CONNECT from unknown[{NODE}]",
    f"postfix/submission/smtpd[17784]: {RATE}[unknown] for service submission",
    f"postfix/submission/smtpd[17784]: {RATE}[{NODE}] for service submission",
    f"dovecot: imap-login: haproxy: Client disconnected (rip={NODE}): Connection reset by peer",
    f"dovecot: imap-login: haproxy: Client disconnected (rip={TUNNEL})",
    f"{IMAP}: {READ} (no auth attempts in 0 secs): {TO_POD}",
    f"{IMAP}: {READ} (disconnected before auth was ready, waited 0 secs): {TO_POD}",
]


@pytest.mark.parametrize("line", CHECKS)
def test_checks_of_haproxy_are_noise_and_nobodys_connection(line: str) -> None:
    """Each line of a check is ``edge_check_noise``, and no client, whatever its address."""
    counts = counted(line)
    assert counts.problems == {Problem.EDGE_CHECK_NOISE: 1}
    assert counts.connections == {}
    assert counts.self_inflicted == {}


USER_LIMIT = "imap-login: Disconnected: Maximum number of connections from user+IP exceeded"
ALARMS = [
    (f"postfix/smtpd-proxy25/postscreen[17010]: {GETPEERNAME}", Problem.GETPEERNAME),
    (f"postfix/smtpd-proxy465/smtpd[17315]: {SERVNAME}", Problem.SERVNAME_FATAL),
    (f"postfix/smtpd-proxy587/smtpd[1]: lost connection after CONNECT from unknown[{NODE}]", Problem.LOST_CONNECTION),
    (f"postfix/smtpd-proxy465/smtpd[1]: SSL_accept error from unknown[{NODE}]: lost connection", Problem.TLS_ERROR),
    (f"postfix/submissions/smtpd[1]: SSL_accept error from unknown[{NODE}]: -1", Problem.TLS_ERROR),
    (f"postfix/smtpd[1]: lost connection after DATA (12 bytes) from unknown[{NODE}]", Problem.LOST_CONNECTION),
    (f"postfix/submission/smtpd[1]: lost connection after CONNECT from unknown[{POD}]", Problem.LOST_CONNECTION),
    (f"dovecot: imap-login: haproxy: Client disconnected (rip={OUTSIDE})", Problem.HAPROXY_DISCONNECTED),
    (f"postfix/smtpd-proxy587/smtpd[1]: {RATE}[{NODE}] for service 5587", Problem.RATE_LIMIT),
    (f"dovecot: {USER_LIMIT}: user=<a>, method=PLAIN, rip={NODE}, lip={POD}, TLS", Problem.RATE_LIMIT),
]


@pytest.mark.parametrize(("line", "problem"), ALARMS)
def test_what_no_check_leaves_keeps_its_name(line: str, problem: Problem) -> None:
    """Checks of PROXY listeners, fatals, a client that breaks off or logs in, a header at a stock port: no noise."""
    assert counted(line).problems == {problem: 1}


def kubelet(address: str) -> tuple[str, ...]:
    """The kubelet's probes of 25 and 993, which end in order."""
    by_imap = f"user=<>, rip={address}, lip={POD}, TLS handshaking: Connection closed, session=<GUCMT9lgQZR/ABRl>"
    return (
        f"postfix/postscreen[17419]: CONNECT from [{address}]:44416 to [{POD}]:25",
        f"postfix/postscreen[17419]: HANGUP after 0 from [{address}]:44416 in tests before SMTP handshake",
        f"postfix/postscreen[17419]: DISCONNECT [{address}]:44416",
        f"{IMAP} (no auth attempts in 0 secs): {by_imap}",
    )


def test_the_kubelets_probes_are_told_from_haproxys_checks() -> None:
    """What ends in order from one node is the kubelet's; resets, and the odd one from other nodes, are the edge's."""
    known = log()
    known.read(batch(*kubelet(NODE) * 4))
    counts = known.read(batch(*kubelet(NODE), *kubelet(OTHER_NODE), CHECKS[-1], CHECKS[0]))
    assert counts.problems == {Problem.KUBELET_PROBE: 2, Problem.EDGE_CHECK_NOISE: 4}
    assert counts.connections == {}


def test_a_tunnels_address_is_learned_from_lines_that_name_the_peer() -> None:
    """Behind some networks nodes are seen under their tunnels' addresses: Dovecot and smtpd give these away."""
    line = f"postfix/submission/smtpd[17784]: lost connection after CONNECT from unknown[{TUNNEL}]"
    smtpd_refuses = "postfix/smtpd-proxy587/smtpd[5]: warning: haproxy read: EOF"
    learned = (
        (f"dovecot: imap-login: haproxy: Client disconnected (rip={TUNNEL})",),
        (smtpd_refuses, f"postfix/smtpd-proxy587/smtpd[5]: connect from unknown[{TUNNEL}]"),
    )
    assert counted(line).problems == {Problem.LOST_CONNECTION: 1}
    for lesson in learned:
        known = log()
        known.read(batch(*lesson))
        assert known.read(batch(line)).problems == {Problem.EDGE_CHECK_NOISE: 1}


def test_problems_of_our_own_are_counted_and_our_reply_proof_is_none() -> None:
    """A claimed address in a problem is self-inflicted; the NOQUEUE line of a refused RCPT is no problem."""
    counts = counted(
        f"postfix/smtpd-proxy587/smtpd[6373]: warning: Connection rate limit exceeded: 6 from unknown[{CLAIMED}] for "
        "service 5587",
        f"postfix/smtpd-proxy587/smtpd[6373]: NOQUEUE: reject: RCPT from unknown[{CLAIMED}]: 554 5.7.1 "
        f"<unknown[{CLAIMED}]>: Client host rejected: Access denied; from=<> to=<canary@mailpath.invalid> proto=ESMTP "
        "helo=<mailpath.invalid>",
        f"postfix/smtpd-proxy587/smtpd[6373]: warning: Connection rate limit exceeded: 6 from unknown[{OUTSIDE}] for "
        "service 5587",
    )
    assert counts.self_inflicted == {Problem.RATE_LIMIT: 1}
    assert counts.problems == {Problem.RATE_LIMIT: 2}


def test_what_a_node_shares_with_us_is_not_blamed_on_us() -> None:
    """Where mailpath runs under a node's own address, checks under it are still checks."""
    known = log(nodes=(DOOR,))
    line = f"postfix/submission/smtpd[17784]: lost connection after CONNECT from unknown[{DOOR}]"
    broken = f"postfix/smtpd-proxy587/smtpd[1]: lost connection after EHLO from unknown[{DOOR}]"
    counts = known.read(batch(line, broken))
    assert counts.problems == {Problem.EDGE_CHECK_NOISE: 1, Problem.LOST_CONNECTION: 1}
    assert counts.self_inflicted == {}


def test_tempfails_are_counted_and_anvil_is_not_heard() -> None:
    """A deferred RCPT and a queue file that cannot be written are ``tempfail``; anvil's statistics are nothing."""
    counts = counted(
        f"postfix/smtpd-proxy25/smtpd[1]: NOQUEUE: reject: RCPT from unknown[{OUTSIDE}]: 452 4.3.1 Insufficient system "
        "storage; from=<a@example.org> to=<b@example.net> proto=ESMTP helo=<x>",
        "postfix/cleanup[2]: warning: 4F1B2C3D4E: write queue file: No space left on device",
        "postfix/anvil[3]: statistics: max connection rate 2/60s for (5587:192.0.2.1) at Nov 22 08:25:33",
    )
    assert counts.problems == {Problem.TEMPFAIL: 2}
    assert counts.connections == {}


def test_another_configuration_keeps_what_was_learned() -> None:
    """A reload between a refusal and its ``connect from`` makes no client of the peer."""
    known = log()
    known.read(batch("postfix/smtpd-proxy587/smtpd[17377]: warning: haproxy read: EOF"))
    known.replan(path((NODE,)))
    assert known.read(batch(*smtpd(INSIDE, pid=17377))).connections == {}


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, str]]]:
    """Whole sessions of clients and checks, their lines mixed, each session's own in order."""
    sessions: list[list[str]] = []
    clients: list[tuple[int, str]] = []
    for pid in range(100, 100 + draw(st.integers(0, 8))):
        listener, session = draw(st.sampled_from(SESSIONS))
        address = draw(st.sampled_from([OUTSIDE, INSIDE, CLAIMED, EDGE.address]))
        lines = smtpd(address, pid=pid) if listener == 5587 else session(address)
        sessions.append(list(lines))
        clients.append((listener, address))
    for pid in range(200, 200 + draw(st.integers(0, 4))):
        program = f"postfix/smtpd-proxy587/smtpd[{pid}]"
        sessions.append([f"{program}: warning: haproxy read: EOF", f"{program}: connect from unknown[{NODE}]"])
    sessions += [[line] for line in draw(st.lists(st.sampled_from(CHECKS), max_size=8))]
    sessions += [list(kubelet(NODE)) for _ in range(draw(st.integers(0, 2)))]
    mixed = []
    while sessions:
        chosen = draw(st.sampled_from(range(len(sessions))))
        mixed.append(sessions[chosen].pop(0))
        sessions = [session for session in sessions if session]
    return mixed, clients


@given(interleaved(), st.integers(1, 5))
@settings(deadline=None, max_examples=80)
def test_every_client_is_counted_once_and_nothing_else(
    mixed: tuple[list[str], list[tuple[int, str]]], size: int
) -> None:
    """However sessions, checks and refusals interleave, and wherever a batch ends: one connection a client."""
    lines, clients = mixed
    known = log()
    counts = [known.read(batch(*lines[at : at + size])) for at in range(0, len(lines), size)]
    total = sum(sum(each.connections.values()) for each in counts)
    by_listener = sorted(
        port for each in counts for (port, _), number in each.connections.items() for _ in range(number)
    )
    assert total == len(clients)
    assert by_listener == sorted(port for port, _ in clients)
    assert all(not each.self_inflicted for each in counts)


@pytest.mark.parametrize(
    ("message", "version"),
    [
        ("daemon started -- version 3.11.7, configuration /etc/postfix", (3, 11, 7)),
        ("reload -- version 3.7.11, configuration /etc/postfix", (3, 7, 11)),
        ("daemon started -- version 3.12-20260821, configuration /etc/postfix", (3, 12, 0)),
        ("reload -- version 3.10-RC2, configuration /etc/postfix", (3, 10, 0)),
        ("terminating on signal 15", None),
        ("daemon started -- version unknown, configuration /etc/postfix 3.11.7", None),
    ],
)
def test_the_release_of_postfix_is_what_its_master_names(message: str, version: PostfixVersion | None) -> None:
    """At a start and at a reload; a snapshot counts as the first of its line."""
    assert counted(f"postfix/master[38]: {message}").postfix_version == version


def test_the_last_named_release_counts() -> None:
    """An upgrade within one batch is the newer one; other lines change nothing."""
    started = "postfix/master[38]: daemon started -- version {}, configuration /etc/postfix"
    messages = (started.format("3.7.11"), started.format("3.11.7"), "postfix/master[38]: terminating on signal 15")
    assert counted(*messages).postfix_version == (3, 11, 7)


def test_a_folded_line_counts_as_often_as_it_says() -> None:
    """Connections of every origin, problems, those of a listener and our own: each by the number that was folded."""
    connect = "postfix/smtpd-proxy587/smtpd[9]: connect from unknown"
    lost = f"lost connection after EHLO from unknown[{CLAIMED}]"
    counts = counted(
        f"{connect}[{OUTSIDE}]",
        "last message repeated 2 times",
        f"{connect}[{EDGE.address}]",
        f"postfix/smtpd-proxy587/smtpd[9]: message repeated 5 times: [ connect from unknown[{EDGE.address}]]",
        f"postfix/smtpd-proxy587/smtpd[9]: {lost}",
        "syslogd: last message repeated 3 times",
    )
    assert counts.connections == {(5587, Origin.EXTERNAL): 3, (5587, Origin.EDGE): 6}
    assert counts.problems == {Problem.LOST_CONNECTION: 4}
    assert counts.located == {(5587, Problem.LOST_CONNECTION): 4}
    assert counts.self_inflicted == {Problem.LOST_CONNECTION: 4}
    assert (counts.lines, counts.unrecognised) == (6, 0)
