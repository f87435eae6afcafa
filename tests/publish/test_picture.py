"""The picture of the path: each hop with the state of its members."""

from dataclasses import replace

import pytest

from monitor.core.haproxy import AdminState, ServerState
from monitor.core.proof import EvidenceKind, Proof, ProofResult, SeenAs, Unproven
from monitor.core.status import Diagnosis, Health
from monitor.core.verdicts import Hop, Verdict
from monitor.publish.picture import HopPicture, Level, Member, level_of, level_of_diagnosis, level_of_server, picture
from tests.publish.statuses import broken_status, edge, path_status, server, unknown
from tests.views import showing


def levels(*hops: HopPicture) -> dict[str, str]:
    """Give the level of each hop by title."""
    return {hop.title: hop.level.value for hop in hops}


def test_a_healthy_path_is_fine_from_end_to_end() -> None:
    """Five hops, in the order in which a client's connection passes them."""
    hops = picture(path_status())
    assert levels(*hops) == dict.fromkeys(("Edge", "Frontends", "Backends", "Nodes", "Listeners"), "ok")
    assert hops[0].members == (Member(Level.OK, "pfsense", "HAProxy 2.8.3"),)
    assert hops[2].members == (Member(Level.OK, "mailserver_nodes_smtp", "1 of 1 running"),)
    assert hops[4].members[0] == Member(Level.OK, "smtp :2525", "1 of 1 fine")


def test_a_fault_shows_in_its_hop() -> None:
    """A dead listener is bad at the listener; the node, which still serves another port, is a warning."""
    shown = levels(*picture(broken_status()))
    assert (shown["Edge"], shown["Nodes"], shown["Listeners"]) == ("bad", "warn", "bad")


def test_what_is_not_known_is_neither_good_nor_bad() -> None:
    """At the start every hop is unknown, and sources that are switched off are not drawn."""
    path = path_status()
    ignorant = showing(path, handshakes=tuple(map(unknown, path.handshakes)), edges=(), front_doors=())
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


@pytest.mark.parametrize(
    ("hop", "health", "level"),
    [
        (Hop.NONE, "warn", Level.OK),
        (Hop.MONITOR, "fail", Level.UNKNOWN),
        (Hop.NODEPORT, "warn", Level.WARN),
        (Hop.LISTENER, "fail", Level.BAD),
    ],
)
def test_a_diagnosis_is_as_bad_as_it_is_for_mail(hop: Hop, health: str, level: Level) -> None:
    """A lost redundancy is a warning, an outage is bad, and blindness is neither."""
    path = replace(path_status(), diagnosis=Diagnosis(hop, "words"), health=Health(health, ()))
    assert level_of_diagnosis(path) is level


def test_the_proof_of_the_client_ip_is_a_hop() -> None:
    """Counted by who asks and by kind of evidence; one disproof makes it bad."""
    path = path_status()
    proven = Proof(EvidenceKind.LOG, ProofResult.PROVEN, expected="192.0.2.7", seen="192.0.2.7")
    unproven = replace(proven, result=ProofResult.UNPROVEN, why=Unproven.NO_LINE)
    lost = replace(proven, result=ProofResult.DISPROVEN, seen="10.0.20.1", seen_as=SeenAs.EDGE)

    def members(*proofs: Proof) -> tuple[Member, ...]:
        handshakes = tuple(replace(each, proofs=(proof,)) for each, proof in zip(path.handshakes, proofs, strict=True))
        return picture(showing(path, handshakes=handshakes))[-1].members

    assert members(proven, unproven) == (Member(Level.OK, "nodes, by log", "1 of 2 proven, 1 unproven"),)
    assert members(unproven, unproven) == (Member(Level.UNKNOWN, "nodes, by log", "2 of 2 unproven"),)
    assert members(proven, lost) == (Member(Level.BAD, "nodes, by log", "1 of 2 proven, 1 disproven"),)
