"""What is known is a gauge, what is not known is absent, and a state set has exactly one state."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.haproxy import AdminMode, AdminState, ServerState
from monitor.core.status import Drift, Finding, PathStatus
from monitor.core.verdicts import Agreement, Hop, Verdict
from tests.publish.scrape import metrics, scrape, select, states, value
from tests.publish.statuses import AT, TLS, edge, path_status, server, unknown
from tests.views import showing

NODE = {"path": "home", "node": "k8s-node1", "service": "smtp"}
DOOR = {"path": "home", "edge": "pfsense", "service": "smtp"}
SERVER = {"path": "home", "edge": "pfsense", "backend": "mailserver_nodes_smtp_ipvANY", "server": "k8s-node1"}


def ignorant() -> PathStatus:
    """Give the path at the daemon's start, when nothing is known."""
    path = path_status()
    blind = replace(edge(), ssh_up=None, haproxy_up=None, scrape_seconds=None, servers=(), stats=(), info=None)
    return showing(
        path,
        checks=tuple(map(unknown, path.checks)),
        handshakes=tuple(replace(unknown(each), agreement=Agreement.UNKNOWN) for each in path.handshakes),
        front_doors=tuple(map(unknown, path.front_doors)),
        edges=(blind,),
        maillog=replace(path.maillog, up=None, lag=None) if path.maillog is not None else None,
    )


def test_leading_is_shown_where_there_is_an_election() -> None:
    """1 on the replica that was elected, 0 on the others, absent without an election."""
    path = path_status()
    assert value(scrape(metrics(), path), "leading", path="home") is None
    for elected in (True, False):
        assert value(scrape(metrics(), replace(path, elected=elected)), "leading", path="home") == elected


def test_a_healthy_path_shows_everything() -> None:
    """Each layer has its gauge, under the labels of the contract."""
    series = scrape(metrics(), path_status())
    assert value(series, "check_up", **NODE) == 1
    assert value(series, "handshake_up", **NODE) == 1
    assert value(series, "front_door_up", **DOOR) == 1
    assert value(series, "edge_up", path="home", edge="pfsense") == 1
    assert value(series, "haproxy_up", path="home", edge="pfsense") == 1
    assert value(series, "haproxy_scrape_duration_seconds", path="home", edge="pfsense") == 0.05
    assert value(series, "haproxy_server_check_failed_total", **SERVER) == 7
    assert value(series, "haproxy_backend_sessions", **SERVER) == 3
    assert value(series, "haproxy_server_last_change_seconds", **SERVER) == 120
    assert value(series, "maillog_up", path="home", source="file") == 1
    assert value(series, "maillog_lag_seconds", path="home", source="file") == 0.5
    assert value(series, "tls_certificate_not_after_timestamp_seconds", **NODE) == AT + 86400
    assert value(series, "tls_info", **NODE) == 1
    assert value(series, "tls_version_info", **NODE, version=TLS.version, cipher=TLS.cipher) == 1
    assert value(series, "tls_certificate_not_after_timestamp_seconds", **{**NODE, "node": "pfsense"}) == AT + 86400


def test_what_is_not_known_is_absent_but_state_sets_are_there() -> None:
    """Before the first round there is no up and no time, and each state set says unknown."""
    series = scrape(metrics(), ignorant())
    ups = ("check_up", "handshake_up", "front_door_up", "edge_up", "haproxy_up", "maillog_up", "maillog_lag_seconds")
    assert [select(series, name) for name in (*ups, "tls_info", "tls_version_info")] == [[]] * 9
    assert select(series, "tls_certificate_not_after_timestamp_seconds") == []
    assert states(series, "verdict", "verdict", **NODE)["unknown"] == 1
    assert states(series, "front_door_verdict", "verdict", **DOOR)["unknown"] == 1
    assert states(series, "lb_agreement", "state", **NODE)["unknown"] == 1
    assert states(series, "diagnosis", "hop", path="home")["none"] == 1


def test_a_failed_target_is_zero_not_absent() -> None:
    """Down is knowledge."""
    path = path_status()
    down = replace(path.checks[0], up=False, verdict=Verdict.PORT_CLOSED)
    assert value(scrape(metrics(), showing(path, checks=(down,))), "check_up", **NODE) == 0


def test_a_stale_up_is_absent() -> None:
    """What was true once is no claim about now."""
    path = path_status()
    stale = replace(path.handshakes[0], stale=True, verdict=Verdict.UNKNOWN)
    series = scrape(metrics(), showing(path, handshakes=(stale,)))
    assert value(series, "handshake_up", **NODE) is None
    assert states(series, "verdict", "verdict", **NODE)["unknown"] == 1


def test_a_blind_edge_shows_nothing_of_haproxy_but_that_it_is_down() -> None:
    """While HAProxy does not answer, what it last said is not repeated."""
    blind = replace(edge(), haproxy_up=False)
    series = scrape(metrics(), replace(path_status(), edges=(blind,)))
    assert {name for name, _ in series if name.startswith("mailpath_haproxy")} == {"mailpath_haproxy_up"}
    assert value(series, "haproxy_up", path="home", edge="pfsense") == 0


def test_without_ssh_haproxy_is_not_known() -> None:
    """SSH down says nothing about HAProxy."""
    blind = replace(edge(), ssh_up=False, haproxy_up=None)
    series = scrape(metrics(), replace(path_status(), edges=(blind,)))
    assert {name for name, _ in series if name.startswith("mailpath_haproxy")} == set()
    assert value(series, "edge_up", path="home", edge="pfsense") == 0


def test_other_peoples_backends_make_no_series() -> None:
    """A firewall's HAProxy serves web sites too; they are not the mail path's."""
    assert {each["server"] for each in select(scrape(metrics(), path_status()), "haproxy_server_state")} == {
        "k8s-node1"
    }


def test_absent_sources_make_no_series() -> None:
    """A path without edges and mail log has no metric of them, no agreement either."""
    path = path_status()
    handshakes = tuple(replace(each, agreement=None) for each in path.handshakes)
    series = scrape(metrics(), showing(path, edges=(), front_doors=(), maillog=None, handshakes=handshakes))
    sources = ("mailpath_haproxy", "mailpath_edge", "mailpath_front_door", "mailpath_maillog", "mailpath_lb")
    assert [name for name, _ in series if name.startswith(sources)] == []


def test_a_repeated_server_name_does_not_spoil_the_scrape() -> None:
    """Should HAProxy's answer name a server twice, the last one stands: a duplicate series would void all others."""
    twice = replace(edge(), servers=(server(), replace(server(), state=ServerState.STOPPED)))
    series = scrape(metrics(), replace(path_status(), edges=(twice,)))
    assert states(series, "haproxy_server_state", "state", **SERVER)["STOPPED"] == 1


@given(
    verdict=st.sampled_from(Verdict),
    door=st.sampled_from(Verdict),
    agreement=st.sampled_from(Agreement),
    hop=st.sampled_from(Hop),
    state=st.sampled_from(ServerState),
    admin=st.integers(0, 127).map(AdminState),
)
# On a busy machine hypothesis calls its own first draw too slow.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_exactly_one_state_of_each_set_is_one(  # noqa: PLR0913, PLR0917 - one argument for each state set
    verdict: Verdict, door: Verdict, agreement: Agreement, hop: Hop, state: ServerState, admin: AdminState
) -> None:
    """Whatever the status, each state set has all its states, one of them 1 and the rest 0."""
    path = path_status()
    moved = showing(
        path,
        handshakes=(replace(path.handshakes[0], verdict=verdict, agreement=agreement),),
        edges=(replace(edge(), servers=(replace(server(), state=state, admin=admin),)),),
        front_doors=(replace(path.front_doors[0], verdict=door),),
        diagnosis=replace(path.diagnosis, hop=hop),
    )
    series = scrape(metrics(), moved)
    found: dict[str, tuple[dict[str, float], Iterable[str], str]] = {
        "verdict": (states(series, "verdict", "verdict", **NODE), Verdict, verdict),
        "door": (states(series, "front_door_verdict", "verdict", **DOOR), Verdict, door),
        "agreement": (states(series, "lb_agreement", "state", **NODE), Agreement, agreement),
        "hop": (states(series, "diagnosis", "hop", path="home"), Hop, hop),
        "state": (states(series, "haproxy_server_state", "state", **SERVER), ServerState, state),
        "admin": (states(series, "haproxy_server_admin_state", "state", **SERVER), AdminMode, admin.mode),
    }
    for rows, possible, current in found.values():
        assert rows == {str(each): float(each == current) for each in possible}


def test_a_finding_is_there_while_it_holds() -> None:
    """Drift too, unless it is acknowledged."""
    wrong = Finding("critical", "k8s-node3:30125", "wrong_listener", "It leads elsewhere.")
    drift = Drift("warning", "mailserver_nodes_smtp", "pool_missing", "One is missing.")
    for acknowledged, subjects in ((False, {wrong.subject, drift.subject}), (True, {wrong.subject})):
        path = replace(path_status(), findings=(wrong, replace(drift, acknowledged=acknowledged)))
        series = scrape(metrics(), path)
        assert {each["subject"] for each in select(series, "finding", path="home")} == subjects
    labels = {"path": "home", "severity": "critical", "kind": "wrong_listener", "subject": "k8s-node3:30125"}
    assert value(series, "finding", **labels) == 1
