"""The picture of the path: each hop with the state of its members."""

from dataclasses import replace

import pytest

from monitor.core.haproxy import AdminState, ServerState
from monitor.core.verdicts import Verdict
from monitor.publish.picture import HopPicture, Level, Member, level_of, level_of_server, picture
from tests.publish.statuses import broken_status, edge, path_status, server, unknown


def levels(*hops: HopPicture) -> dict[str, str]:
    """Give the level of each hop by title."""
    return {hop.title: hop.level.value for hop in hops}


def test_a_healthy_path_is_fine_from_end_to_end() -> None:
    """Five hops, in the order in which a client's connection passes them."""
    hops = picture(path_status())
    assert levels(*hops) == dict.fromkeys(("Edge", "Frontends", "Backends", "Nodes", "Listeners"), "ok")
    assert hops[0].members == (Member(Level.OK, "pfsense", "HAProxy 2.8.3"),)
    assert hops[2].members == (Member(Level.OK, "mailserver_nodes_smtp", "1 of 1 servers running"),)
    assert hops[4].members[0] == Member(Level.OK, "smtp :2525", "1 of 1 nodes fine")


def test_a_fault_shows_in_its_hop() -> None:
    """A dead listener is bad at the listener; the node, which still serves another port, is a warning."""
    shown = levels(*picture(broken_status()))
    assert (shown["Edge"], shown["Nodes"], shown["Listeners"]) == ("bad", "warn", "bad")


def test_what_is_not_known_is_neither_good_nor_bad() -> None:
    """At the start every hop is unknown, and sources that are switched off are not drawn."""
    path = path_status()
    ignorant = replace(path, handshakes=tuple(map(unknown, path.handshakes)), edges=())
    assert levels(*picture(ignorant)) == {"Nodes": "unknown", "Listeners": "unknown"}


def test_an_edge_without_a_socket_is_judged_by_its_front_door() -> None:
    """Nothing is asked of such an edge, so nothing is held against it."""
    silent = replace(edge(), asked=False, ssh_up=None, haproxy_up=None)
    assert picture(replace(path_status(), edges=(silent,)))[0].members[0].detail == "judged by its front door"


@pytest.mark.parametrize(
    ("verdict", "level"),
    [
        (Verdict.OK, Level.OK),
        (Verdict.SLOW, Level.WARN),
        (Verdict.UNKNOWN, Level.UNKNOWN),
        (Verdict.CLIENT_IP_LOST, Level.BAD),
        (Verdict.NODE_UNREACHABLE, Level.BAD),
    ],
)
def test_each_verdict_has_a_level(verdict: Verdict, level: Level) -> None:
    """Mail that flows without its client's address is as bad as mail that does not flow."""
    assert level_of(verdict) is level


def test_a_server_taken_out_by_hand_is_a_warning() -> None:
    """Maintenance is meant; DOWN is not."""
    assert level_of_server(replace(server(), admin=AdminState.FMAINT, state=ServerState.STOPPED)) is Level.WARN
    assert level_of_server(replace(server(), state=ServerState.STOPPED)) is Level.BAD
