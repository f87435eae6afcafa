"""Front doors that fail now and then: what is remembered, how many rounds count, what is told, how soon it ends."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from monitor.core.haproxy import AdminState, HaproxyServer, ServerState
from monitor.core.model import Node
from monitor.core.observations import Judgement
from monitor.core.status import Finding, PathStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop, Verdict
from monitor.verdict.intermittent import REMEMBERED, RecentRounds, window
from monitor.verdict.path_book import PathBook
from tests.verdict.build import (
    NODES,
    SMTP,
    check,
    door,
    handshake,
    haproxy,
    haproxy_failed,
    mute,
    plan,
    refused,
    seen,
    server,
    well,
)
from tests.verdict.scene import shows

FOUR = (*NODES, Node("k8s-node3", "10.0.20.103"), Node("k8s-node4", "10.0.20.104"))
GOOD, BAD = Judgement(Verdict.OK), Judgement(Verdict.NO_GREETING)


def four() -> PathBook:
    """Give the book of a path with four nodes, all in HAProxy's pool."""
    book = well(nodes=FOUR)  # type: ignore[arg-type]
    book.record(haproxy(*(server(SMTP, node) for node in FOUR)))
    return book


def rounds(book: PathBook, told: str) -> PathStatus:
    """Do rounds through the front door: ``.`` good, ``x`` bad, ``?`` our own fault; give the status after them."""
    sights = {".": seen, "x": mute, "?": shows(Verdict.UNKNOWN, Reason.LOCAL_ERROR)}
    for each in told:
        book.record(sights[each](door(SMTP), now=0.0))
    return book.status(0.0, 1_000_000.0)


def findings(status: PathStatus) -> list[Finding]:
    """Give those of this kind."""
    return [finding for finding in status.findings if finding.kind == "intermittent"]


@pytest.mark.parametrize(
    ("told", "intermittent"),
    [
        ("...x....", False),
        ("x...x...", True),
        (".x...x..", True),
        ("x.x.......", False),  # the one has left the window of eight
        ("x...x.......", False),
        ("...x..x", True),
        (".x?.?..", False),  # what we could not do tells nothing of them
        ("xx", False),  # down, by rise and fall: its own verdict tells
        (".xx", False),
        (".xxxxx......", False),  # an outage and its end
        ("xx..x..", True),  # the outage, and once more
        ("xx..xx.", True),
        ("x.xx", False),
    ],
)
def test_two_failures_in_twice_the_pool(told: str, intermittent: bool) -> None:  # noqa: FBT001 - a table's column
    """Two failures in eight rounds through a pool of four, while it is not down; an outage counts as one."""
    book = four()
    assert bool(findings(rounds(book, told))) is intermittent


def test_it_is_told_with_its_counts_and_ways_and_warns() -> None:
    """The finding names how many, how, and the edge; the path's health warns; the hop is the backend."""
    status = rounds(four(), "..x...x.")
    (finding,) = findings(status)
    assert (finding.severity, finding.subject) == ("warning", "pfsense:smtp")
    assert "2 of the last 8 rounds failed (no_greeting, greeting: timeout)" in finding.message
    assert status.diagnosis.hop is Hop.BACKEND
    assert status.health.status == "warn"
    assert "pfsense:smtp:intermittent" in {each.name for each in status.health.checks}


@pytest.mark.parametrize(
    ("state", "changes", "looked_at"),
    [
        (ServerState.RUNNING, {}, 8),
        (ServerState.STARTING, {}, 8),
        (ServerState.STOPPED, {}, 6),
        (ServerState.RUNNING, {"weight": 0}, 6),
        (ServerState.RUNNING, {"admin": AdminState.FDRAIN}, 6),
    ],
)
def test_the_pool_is_what_takes_clients(state: ServerState, changes: dict[str, int], looked_at: int) -> None:
    """Servers that HAProxy sends nobody to are no part of the pool."""
    book = four()
    last = replace(server(SMTP, FOUR[3], state), **changes)  # type: ignore[arg-type]
    book.record(haproxy(*(server(SMTP, node) for node in FOUR[:3]), last))
    assert findings(rounds(book, "x." * (looked_at // 2)))[0].message.count(f"of the last {looked_at} rounds") == 1


def test_where_haproxy_tells_no_pool_each_node_is_a_server() -> None:
    """Without a word of HAProxy, and where it has nobody left, the nodes are counted."""
    stopped = haproxy(*(server(SMTP, node, ServerState.STOPPED) for node in FOUR))
    for told in (stopped, haproxy_failed(Phase.SSH, Reason.TIMEOUT)):
        book = PathBook(plan(FOUR))
        book.record(told)
        (finding,) = findings(rounds(book, "..x...x.."))
        assert "of the last 8 rounds" in finding.message


def suspects(book: PathBook, servers: Iterable[HaproxyServer] = ()) -> str:
    """Let the front door fail now and then, and give what the finding says."""
    if servers:
        book.record(haproxy(*servers))
    return findings(rounds(book, ".x.x"))[0].message


def test_the_bad_server_is_named_where_something_shows_it() -> None:
    """A node whose handshake fails, a server that leads elsewhere; else nobody is accused."""
    assert suspects(well()).endswith("(no_greeting, greeting: timeout).")
    book = well()
    for _ in range(2):
        book.record(refused(handshake(SMTP, "k8s-node2")))
    assert "k8s-node2 does not serve it (port_closed)" in suspects(book)
    astray = replace(server(SMTP, NODES[1]), port=30999)
    assert "server k8s-node2 leads to 10.0.20.102:30999" in suspects(well(), [server(SMTP, NODES[0]), astray])


def test_a_front_door_that_failed_of_late_is_looked_at_soon() -> None:
    """From its first failure until a whole window is good again; a check or handshake only while contradicted."""
    book = well()
    rounds(book, "x")
    for _ in range(window(len(NODES)) - 1):
        rounds(book, ".")
        assert book.doubted(door(SMTP))
    rounds(book, ".")
    assert not book.doubted(door(SMTP))
    for where in (handshake(SMTP), check(SMTP)):
        book.record(mute(where))
        book.record(seen(where))
        assert not book.doubted(where)
    rounds(book, "xx")
    assert not book.doubted(door(SMTP))


def test_what_is_remembered_is_bounded() -> None:
    """The oldest rounds are forgotten; where nothing is to be remembered nothing is."""
    recent, nothing = RecentRounds(REMEMBERED), RecentRounds(0)
    for number in range(2 * REMEMBERED):
        for each in (recent, nothing):
            each.record(GOOD if number % 2 else BAD, up=True)
    assert len(recent.last(10 * REMEMBERED)) == REMEMBERED
    assert nothing.last(2) == ()
