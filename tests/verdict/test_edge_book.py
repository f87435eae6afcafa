"""What is remembered of edges: the last poll of each one's HAProxy and host, until it is too old."""

from dataclasses import replace

from monitor.core.edge import EdgeObservation, Frontend, Redirect, RedirectState
from monitor.core.model import Target
from monitor.core.taxonomy import Phase, Reason
from monitor.verdict.edge_book import EdgeBook, unbound_ports
from monitor.verdict.plan import HostPlan
from tests import kinds
from tests.verdict.build import EDGE, haproxy, haproxy_failed

HOST = HostPlan(60.0, 10.0, frozenset({25}), frozenset({2525}), frozenset({25}), None)
WATCHED = replace(EDGE, host=HOST)
SOUND = EdgeObservation(
    "home",
    "pfsense",
    0.0,
    0.0,
    1_000_000.0,
    ssh_ok=True,
    frontends={25: Frontend(25, (77,)), 2525: Frontend(2525)},
    redirects={25: Redirect(25, RedirectState.OK)},
)


def book(*plans: object) -> EdgeBook:
    """Give a book of these edges."""
    made = EdgeBook()
    made.replan(plans)  # type: ignore[arg-type] # EdgePlans
    return made


def test_before_the_first_poll_nothing_is_known() -> None:
    """Neither up nor down."""
    [status] = book(EDGE).statuses(0.0)
    assert (status.ssh_up, status.haproxy_up, status.age, status.servers) == (None, None, None, ())


def test_a_poll_that_is_too_old_is_down_and_shows_no_servers() -> None:
    """Three times the longer of interval and timeout: 30 s."""
    known = book(EDGE)
    known.record(haproxy())
    [fresh], [old] = known.statuses(30.0), known.statuses(30.1)
    assert (fresh.haproxy_up, bool(fresh.servers)) == (True, True)
    assert (old.ssh_up, old.haproxy_up, old.servers, old.age) == (False, False, (), 30.1)


def test_a_dead_socket_leaves_ssh_up() -> None:
    """And says why."""
    known = book(EDGE)
    known.record(haproxy_failed(Phase.COMMAND, Reason.SOCKET_MISSING))
    [status] = known.statuses(1.0)
    assert (status.ssh_up, status.haproxy_up, status.scrape_seconds) == (True, False, None)
    assert status.reason.startswith("socket_missing")


def test_an_edge_without_a_socket_is_known_by_its_host() -> None:
    """Its SSH is up; of HAProxy nothing is said."""
    known = book(replace(WATCHED, asks_haproxy=False))
    known.record(SOUND)
    [status] = known.statuses(1.0)
    assert (status.asked, status.ssh_up, status.haproxy_up, status.host) == (False, True, None, SOUND)


def test_trouble_is_a_required_port_unbound_or_redirected_elsewhere() -> None:
    """An optional port is free to be unbound."""
    known = book(WATCHED)
    assert not known.troubled(Target("home", kinds.EDGE, "pfsense", ""))
    known.record(SOUND)
    assert not known.troubled(Target("home", kinds.EDGE, "pfsense", ""))
    for frontends, redirects in (
        ({25: Frontend(25)}, SOUND.redirects),
        (SOUND.frontends, {25: Redirect(25, RedirectState.MISSING)}),
    ):
        known.record(replace(SOUND, frontends=frontends, redirects=redirects))
        assert known.troubled(Target("home", kinds.EDGE, "pfsense", ""))
    assert not known.troubled(Target("home", kinds.EDGE, "opnsense", ""))


def test_a_new_plan_keeps_what_still_applies() -> None:
    """An edge that goes is forgotten, another host's state is not taken over."""
    known = book(WATCHED)
    known.record(SOUND)
    known.record(haproxy())
    known.replan([replace(WATCHED, interval=20.0)])
    assert known.statuses(1.0)[0].host is SOUND
    known.replan([replace(WATCHED, host=replace(HOST, ports=frozenset({25, 587})))])
    [status] = known.statuses(1.0)
    assert (status.host, status.haproxy_up) == (None, True)
    known.replan([])
    known.record(haproxy())
    assert known.statuses(1.0) == ()


def test_only_required_ports_can_be_unbound() -> None:
    """Without a plan of the host, or a view of it, nothing is said."""
    known = book(WATCHED)
    known.record(replace(SOUND, frontends={25: Frontend(25), 2525: Frontend(2525)}))
    [status] = known.statuses(1.0)
    assert unbound_ports(WATCHED, status, ()) == (25,)
    assert unbound_ports(EDGE, status, ()) == ()
    assert unbound_ports(WATCHED, replace(status, host=None), ()) == ()
