"""Looks at an edge's host in the path's book: what is found, which hop it is, when it is no longer known."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from monitor.core.conversation import Failure
from monitor.core.edge import EdgeObservation, FileMode, Frontend, HaproxyConfiguration, Redirect, RedirectState
from monitor.core.kube import Cluster
from monitor.core.model import Target
from monitor.core.status import Drift, PathStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Hop
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import ClusterPlan, HostPlan, PathPlan
from monitor.wire.haproxy_cfg import parse_configuration
from tests import kinds
from tests.verdict.build import EDGE, NODES, SMTP, all_well, door, haproxy_failed, plan, refused, seen
from tests.verdict.kube_build import PLAN as CLUSTER
from tests.verdict.kube_build import looked

PORTS = frozenset({25, 465, 587, 993})
HOST = HostPlan(60.0, 10.0, PORTS, frozenset({2525}), PORTS, "/tmp/haproxy.socket")  # noqa: S108 - pfSense's own place
WATCHED = replace(EDGE, host=HOST)
BLIND = replace(EDGE, asks_haproxy=False, host=replace(HOST, stats_socket=None, redirected=frozenset()))
EMPTY = HaproxyConfiguration(())


def _plan(edge: object = WATCHED) -> PathPlan:
    return replace(plan(), edges=(edge,))  # type: ignore[arg-type] # an EdgePlan


def _look(
    unbound: Mapping[int, tuple[str, ...]] | None = None,
    redirects: Mapping[int, RedirectState] | None = None,
    *,
    now: float = 0.0,
    **changes: object,
) -> EdgeObservation:
    free = unbound or {}
    look = EdgeObservation(
        path="home",
        edge="pfsense",
        started=now,
        finished=now,
        at=1_000_000.0 + now,
        ssh_ok=True,
        frontends={
            port: Frontend(port, () if port in free else (4711,), free.get(port, ())) for port in sorted({*PORTS, 2525})
        },
        redirects={
            port: Redirect(port, state, () if state in {RedirectState.OK, RedirectState.MISSING} else ("<mailserver>",))
            for port, state in (dict.fromkeys(sorted(PORTS), RedirectState.OK) | dict(redirects or {})).items()
        },
    )
    return replace(look, **changes)  # type: ignore[arg-type] # replace() checks the names


def _status(look: EdgeObservation, edge: object = WATCHED, now: float = 0.0) -> PathStatus:
    book = all_well(PathBook(_plan(edge)))
    book.record(look)
    return book.status(now, 1_000_000.0 + now)


def _found(status: PathStatus) -> list[tuple[str, str, str]]:
    return [(each.severity, each.subject, each.kind) for each in status.findings]


def test_all_is_well() -> None:
    """A sound host gives no finding, and no cause."""
    status = _status(_look())
    assert (_found(status), status.diagnosis.hop, status.health.status) == ([], Hop.NONE, "pass")


def test_before_the_first_look_not_everything_is_known() -> None:
    """A host that is to be looked at and was not is no sound one; one without SSH is not waited for."""
    book = all_well(PathBook(_plan()))
    status = book.status(0.0, 1_000_000.0)
    assert status.diagnosis.hop is Hop.MONITOR
    assert status.diagnosis.evidence == ("edge pfsense: its host",)
    assert all_well(PathBook(plan())).status(0.0, 1_000_000.0).diagnosis.hop is Hop.NONE


def test_a_look_grows_old() -> None:
    """After three intervals nothing is known of the host any more."""
    book = all_well(PathBook(_plan()))
    book.record(_look({465: ()}))
    all_well(book, 180.0)
    (edge,) = book.status(180.0, 1_000_180.0).edges
    assert edge.host is not None
    (edge,) = book.status(180.1, 1_000_180.1).edges
    assert edge.host is None


@pytest.mark.parametrize("state", [RedirectState.ALIAS, RedirectState.ELSEWHERE, RedirectState.MISSING])
def test_a_port_led_astray(state: RedirectState) -> None:
    """Whatever is not led to the edge is the hop nat, before anything that it explains."""
    status = _status(_look(redirects={587: state}))
    assert status.diagnosis.hop is Hop.NAT
    assert "port 587 of pfsense" in status.diagnosis.summary
    assert str(status.diagnosis.remedy).startswith("ssh admin@10.0.20.1 'pfctl -sn'")
    assert _found(status) == [("critical", "pfsense:587", "nat_redirect")]


def test_another_rule_beside_the_right_one_is_a_finding() -> None:
    """It may be for nobody."""
    status = _status(_look(redirects={25: RedirectState.PARTLY}))
    assert status.diagnosis.hop is Hop.NONE
    assert _found(status) == [("warning", "pfsense:25", "nat_redirect")]
    assert status.health.status == "warn"


def test_an_unbound_port() -> None:
    """A required port without HAProxy is the hop frontend, though it served before; an optional one is information."""
    status = _status(_look({465: ("nginx",), 2525: ()}, now=0.5), now=0.5)
    assert status.diagnosis.hop is Hop.FRONTEND
    assert status.diagnosis.evidence == ("HAProxy does not listen on 10.0.20.1 port 465: nginx does.",)
    assert _found(status) == [
        ("critical", "pfsense:465", "frontend_unbound"),
        ("info", "pfsense:2525", "frontend_unbound"),
    ]


def test_a_port_that_serves_again_is_bound() -> None:
    """A front door that has served since outweighs a look of a minute ago."""
    book = all_well(PathBook(_plan()))
    book.record(_look({25: ()}, now=1.0))
    assert book.doubted(Target("home", kinds.EDGE, "pfsense", ""))
    assert book.status(1.0, 1_000_001.0).diagnosis.hop is Hop.FRONTEND
    book.record(seen(door(SMTP), now=2.0))
    status = book.status(2.0, 1_000_002.0)
    assert (status.diagnosis.hop, _found(status)) == (Hop.NONE, [])


def test_a_dead_haproxy_explains_its_ports() -> None:
    """Then nobody listens, and that is no further cause."""
    book = all_well(PathBook(_plan()))
    for service in book.plan.services:
        for now in (1.0, 2.0):
            book.record(refused(door(service), now=now))
    book.record(haproxy_failed(Phase.COMMAND, Reason.REFUSED, now=2.0))
    book.record(_look(dict.fromkeys(PORTS, ()), now=2.0))
    status = book.status(2.0, 1_000_002.0)
    assert (status.diagnosis.hop, status.diagnosis.others, _found(status)) == (Hop.HAPROXY, (), [])


def test_an_edge_without_stats_socket_is_judged_by_its_host() -> None:
    """SSH is up by the look; a HAProxy that is gone is seen by its ports."""
    status = _status(_look(dict.fromkeys(PORTS, ()), redirects=None, now=1.0), BLIND, now=1.0)
    (edge,) = status.edges
    assert (edge.asked, edge.ssh_up, edge.haproxy_up, edge.reason) == (False, True, None, "")
    assert status.diagnosis.hop is Hop.FRONTEND
    failure = Failure(Phase.SSH, Reason.REFUSED, "so it goes")
    lost = _look(ssh_ok=False, frontends=None, redirects=None, failures={"sockstat": failure})
    status = _status(lost, BLIND)
    assert (status.edges[0].ssh_up, status.diagnosis.hop) == (False, Hop.MONITOR)
    assert _found(status) == []


def test_what_the_host_does_not_show_is_told() -> None:
    """A command that fails while SSH works is a gap in what we see."""
    failures = {"nat": Failure(Phase.COMMAND, Reason.PERMISSION_DENIED, "pfctl: /dev/pf: Permission denied")}
    status = _status(_look(redirects=None, failures=failures))
    [gap] = [each for each in status.findings if each.kind == "edge_gap"]
    assert (gap.severity, gap.subject) == ("warning", "pfsense/nat")
    assert "the redirects (pfctl -sn): permission_denied" in gap.message


def test_drift_can_be_acknowledged_by_its_subject() -> None:
    """It is a finding with both values; acknowledged, it is information."""
    subject = f"pfsense/{SMTP.backend}"
    drifts = {each.subject: each for each in _status(_look(configuration=EMPTY)).findings if isinstance(each, Drift)}
    assert (drifts[subject].severity, drifts[subject].kind) == ("critical", "backend")
    assert (drifts[subject].declared, drifts[subject].observed) == (SMTP.backend, "no such backend")
    cluster = ClusterPlan(
        ("", "mailserver"), "mailserver", "p", "i", "c", (), NODES, discovers=False, ignored=frozenset({subject}),
        interval=10.0, timeout=5.0,
    )  # fmt: skip
    book = all_well(PathBook(replace(_plan(), cluster=cluster)))
    book.record(_look(configuration=EMPTY))
    drifts = {each.subject: each for each in book.status(0.0, 0.0).findings if isinstance(each, Drift)}
    assert (drifts[subject].severity, drifts[subject].acknowledged) == ("info", True)
    assert not drifts["pfsense/mailserver_nodes_imaps"].acknowledged


def test_servers_are_no_strangers_while_the_nodes_are_not_known() -> None:
    """The API names the nodes, and has not answered yet; what it does not show then is no difference."""
    pool = parse_configuration("backend mailserver_nodes_smtp\n  server k8s-node9 10.0.20.109:30125 send-proxy-v2\n")
    book = all_well(PathBook(replace(_plan(), cluster=CLUSTER)))
    book.record(_look(configuration=pool))
    book.record(looked(Cluster(), Failure(Phase.API, Reason.REFUSED, "no API")))
    assert "pool_stranger" not in {each.kind for each in book.status(0.0, 0.0).findings}
    book.record(looked())
    assert "pool_stranger" in {each.kind for each in book.status(0.0, 0.0).findings}


def test_a_stats_socket_for_everybody() -> None:
    """Its permission is judged where the socket is known."""
    status = _status(_look(stats_socket=FileMode("s", 0o666, "root", "wheel")))
    assert [kind for _, _, kind in _found(status)] == ["stats_socket_permission"]


def test_another_plan_forgets_the_look() -> None:
    """What shall be found elsewhere has not been looked at yet."""
    book = all_well(PathBook(_plan()))
    book.record(_look())
    book.replan(_plan(replace(WATCHED, interval=5.0)))
    assert book.status(0.0, 0.0).edges[0].host is not None
    book.replan(_plan(replace(WATCHED, host=replace(HOST, ports=frozenset({25})))))
    assert book.status(0.0, 0.0).edges[0].host is None
    assert not book.doubted(Target("home", kinds.EDGE, "pfsense", ""))
    assert not book.doubted(Target("home", kinds.EDGE, "gone", ""))


@pytest.mark.parametrize(("hours", "old"), [(47.9, False), (49.0, True), (-2.0, False)])
def test_a_backup_that_is_too_old(hours: float, old: bool) -> None:  # noqa: FBT001 - a table's column
    """Its age is told, what it shall be, and the command that shows it."""
    host = replace(HOST, backup_command="cat /root/last-backup", backup_max_age=48 * 3600.0)
    status = _status(_look(backup=1_000_000.0 - hours * 3600), replace(WATCHED, host=host))
    assert _found(status) == ([("warning", "pfsense/backup", "backup_old")] if old else [])
    if old:
        assert "is 49 h old, and shall be 48 h old at most" in status.findings[0].message
        assert str(status.findings[0].remedy) == "ssh admin@10.0.20.1 'cat /root/last-backup'"
