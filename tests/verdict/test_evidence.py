"""The questions that the rules of the diagnosis ask."""

from dataclasses import replace

from monitor.core.status import TargetStatus
from monitor.core.verdicts import Verdict
from monitor.verdict.evidence import Evidence, fresh, names, place, served_since, silent, targets, told
from tests.verdict import build
from tests.verdict.build import MUTE, SMTP, SUBMISSION, check, door, handshake, seen, status_of, well
from tests.views import showing

GOOD = status_of(well())


def shown(status: TargetStatus, verdict: Verdict) -> TargetStatus:
    """Give the same target with this verdict."""
    failure = None if verdict.up else MUTE
    last = seen(status.target, verdict, failure)
    return replace(status, verdict=verdict, up=verdict.up, last=last)


def evidence(verdict: Verdict, *nodes: str, service: str = "submission") -> Evidence:
    """Give a path on which a service's handshakes on these nodes show this verdict."""
    handshakes = tuple(
        shown(s, verdict) if (s.target.service == service and s.target.node in nodes) else s for s in GOOD.handshakes
    )
    return Evidence(build.plan(), (*GOOD.checks, *handshakes, *GOOD.front_doors), GOOD.edges, GOOD.maillog)


def test_what_is_explained_fails_no_more() -> None:
    """A later rule looks only at what no earlier one accounts for."""
    bad = evidence(Verdict.NO_GREETING, "k8s-node1", "k8s-node2")
    first, second = bad.failing(Verdict.NO_GREETING)
    rest = bad.without(frozenset({first.target}))
    assert rest.failing(Verdict.NO_GREETING) == (second,)
    assert rest.without(frozenset({second.target})).failing(Verdict.NO_GREETING) == ()
    assert bad.failing(Verdict.TLS_INVALID) == ()


def test_a_service_that_no_node_serves_explains_its_front_door() -> None:
    """One that some node serves does not."""
    everywhere = evidence(Verdict.NO_GREETING, "k8s-node1", "k8s-node2")
    assert everywhere.doors_behind(everywhere.failing(Verdict.NO_GREETING)) == {door(SUBMISSION)}
    partly = evidence(Verdict.NO_GREETING, "k8s-node1")
    assert partly.doors_behind(partly.failing(Verdict.NO_GREETING)) == frozenset()


def test_a_failing_check_counts_where_the_data_port_beside_it_has_served_since() -> None:
    """Where both fail, the data port's verdict is the one that speaks."""
    down = replace(next(s for s in GOOD.checks if s.target == check(SMTP)), up=False, since=1.0)
    checks = tuple(down if s.target == down.target else s for s in GOOD.checks)
    alone = showing(evidence(Verdict.OK), checks=checks)
    assert alone.dead_checks() == (down,)
    assert alone.without(frozenset({down.target})).dead_checks() == ()
    together = showing(evidence(Verdict.NO_GREETING, "k8s-node1", service="smtp"), checks=checks)
    assert together.dead_checks() == ()


def test_silence_is_known_only_from_fresh_probe_runs() -> None:
    """Of nothing, or of what is stale, no silence is concluded."""
    quiet = replace(GOOD.handshakes[0], last=build.silent(GOOD.handshakes[0].target))
    assert silent([quiet])
    assert not silent([])
    assert not silent([quiet, GOOD.handshakes[1]])
    assert not silent([replace(quiet, stale=True)])
    assert fresh([quiet, replace(quiet, stale=True)]) == (quiet,)


def test_a_target_has_served_since_a_moment_by_its_last_success() -> None:
    """One from before that moment proves nothing of it."""
    status = GOOD.handshakes[0]
    assert status.last is not None
    assert served_since(None, status)
    assert served_since(status.last.at - 1.0, status)
    assert not served_since(status.last.at, status)
    assert not served_since(None, shown(status, Verdict.NO_GREETING))


def test_everything_of_which_nothing_is_known_is_named() -> None:
    """On a sound path that is nothing; a node list that is empty is said so only where the API was to fill it."""
    assert evidence(Verdict.OK).unknown() == ()
    [line] = evidence(Verdict.UNKNOWN, "k8s-node1").unknown()
    assert "k8s-node1 submission" in line
    blind = replace(GOOD.edges[0], haproxy_up=None, reason="not asked yet")
    assert replace(evidence(Verdict.OK), edges=(blind,)).unknown() == ("haproxy pfsense: not asked yet",)


def test_a_line_of_evidence_says_where_what_and_why() -> None:
    """With the phase and reason of the last failure."""
    status = shown(next(s for s in GOOD.handshakes if s.target == handshake(SMTP)), Verdict.NO_GREETING)
    assert told([status]) == ("handshake k8s-node1 smtp: no_greeting (greeting: timeout, after 20 s)",)
    assert place(status) == "k8s-node1 smtp"
    assert targets([status, status]) == {handshake(SMTP)}
    assert names(["a", "b", "a"]) == "a, b"
