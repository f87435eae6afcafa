"""One path's memory: what is shown when rounds end, fail, or stay away."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.conversation import TlsFacts
from monitor.core.maintenance import Maintenance
from monitor.core.observations import Repeat
from monitor.core.status import PathStatus, TargetStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Agreement, Hop, Verdict
from monitor.verdict.path_book import PathBook
from tests.verdict.build import (
    IMAPS,
    NODES,
    SMTP,
    SUBMISSION,
    all_well,
    check,
    handshake,
    haproxy_failed,
    mute,
    plan,
    refused,
    seen,
    well,
)


def now_of(book: PathBook, now: float = 0.0) -> PathStatus:
    """Give the status at a second of the loop's clock."""
    return book.status(now, 1_000_000.0 + now)


def of(status: PathStatus, target: object) -> TargetStatus:
    """Find one target's status."""
    return next(each for each in status.targets if each.target == target)


def test_before_the_first_round_nothing_is_claimed() -> None:
    """A fresh book knows nothing: every verdict unknown, nothing up, and health fails."""
    status = now_of(PathBook(plan()))
    assert {each.verdict for each in status.handshakes} == {Verdict.UNKNOWN}
    assert {each.up for each in status.handshakes} == {None}
    assert status.edges[0].haproxy_up is None
    assert status.health.status == "fail"
    assert status.diagnosis.hop is Hop.MONITOR


def test_when_all_is_well_it_says_so() -> None:
    """Every verdict ok, HAProxy agrees, nothing is diagnosed, health passes."""
    status = now_of(well())
    assert {each.verdict for each in status.handshakes} == {Verdict.OK}
    assert {each.agreement for each in status.handshakes} == {Agreement.AGREE}
    assert status.diagnosis.hop is Hop.NONE
    assert status.health.status == "pass"


@pytest.mark.parametrize("age", [181.0, 100_000.0])
def test_stale_knowledge_is_never_ok(age: float) -> None:
    """Three times max(interval, timeout) after the last round nothing is ok any more, and health fails."""
    status = now_of(well(), age)
    assert {each.verdict for each in status.handshakes} == {Verdict.UNKNOWN}
    assert all(each.stale for each in (*status.checks, *status.handshakes))
    assert status.edges[0].haproxy_up is False
    assert status.health.status == "fail"


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 3), st.integers(1, 3))
def test_a_repeat_is_its_whole_observation(outcomes: list[bool], rise: int, fall: int) -> None:
    """A success that is told in short, where the book takes it so, is remembered as if it had been told in full."""
    where = check(SMTP)
    measured = plan(rise=rise, fall=fall)
    shortly, whole = PathBook(measured), PathBook(measured)
    for now, ok in enumerate(outcomes, 1):
        found = replace(seen(where, now=now), durations={Phase.CONNECT: 0.001 * now}) if ok else refused(where, now=now)
        news = whole.record(found)
        repeat = Repeat(where, found.started, found.finished, found.at, 0.001 * now)
        in_short = ok and shortly.repeat(repeat)
        assert not (in_short and news)
        if not in_short:
            assert shortly.record(found) is news
        assert shortly.doubted(where) is whole.doubted(where)
        if now % 3 == 0:
            assert now_of(shortly, now) == now_of(whole, now)
    assert now_of(shortly, 100.0) == now_of(whole, 100.0)


def test_a_target_at_another_place_begins_anew_and_its_verdict_does_not() -> None:
    """What was seen there says nothing of here; since when a verdict stands is about the target, wherever it is."""
    book = PathBook(plan())
    assert of(now_of(book), check(SMTP)).since == 1_000_000.0
    elsewhere = tuple(replace(each, address="192.0.2.99") for each in book.plan.targets)
    book.replan(replace(book.plan, targets=elsewhere))
    assert of(now_of(book, 10.0), check(SMTP)).since == 1_000_000.0
    all_well(book)
    assert of(now_of(book, 11.0), check(SMTP)).up
    book.replan(replace(book.plan, targets=plan().targets))
    moved = of(now_of(book, 12.0), check(SMTP))
    assert (moved.verdict, moved.since, moved.up, moved.last) == (Verdict.UNKNOWN, 1_000_012.0, None, None)


def test_only_a_check_that_is_up_and_in_no_doubt_is_told_in_short() -> None:
    """A first round, one after a failure, a handshake's, and one of nobody's are told in full."""
    book = PathBook(plan())
    repeat = Repeat(check(SMTP), 1.0, 1.5, 1_000_001.5, 0.5)
    assert not book.repeat(repeat)
    all_well(book)
    assert book.repeat(repeat)
    assert not book.repeat(repeat._replace(target=handshake(SMTP)))
    assert not book.repeat(repeat._replace(target=check(SMTP, "nobody")))
    book.record(refused(check(SMTP)))
    assert not book.repeat(repeat)


def test_one_failure_is_doubt_and_two_are_down() -> None:
    """With fall 2 the first failure keeps the state and asks for a fast round; the second turns it."""
    book = well()
    book.record(mute(handshake(SMTP)))
    assert of(now_of(book), handshake(SMTP)).verdict is Verdict.OK
    assert book.doubted(handshake(SMTP))
    book.record(mute(handshake(SMTP)))
    shown = of(now_of(book), handshake(SMTP))
    assert (shown.up, shown.verdict) == (False, Verdict.NO_GREETING)


def test_the_failing_verdict_is_the_latest_rounds() -> None:
    """While it is down the verdict follows what the latest failing round met."""
    book = well()
    for failed in (mute(handshake(SMTP)), mute(handshake(SMTP)), seen(handshake(SMTP), Verdict.TURNED_AWAY)):
        book.record(failed)
    assert of(now_of(book), handshake(SMTP)).verdict is Verdict.TURNED_AWAY


def test_since_tells_when_the_verdict_changed() -> None:
    """``since`` is the moment of the change, and stays while the verdict stays."""
    book = well()
    now_of(book, 1.0)
    for second in (10.0, 11.0):
        book.record(mute(handshake(SMTP), now=second))
    assert of(now_of(book, 12.0), handshake(SMTP)).since == 1_000_012.0
    assert of(now_of(book, 20.0), handshake(SMTP)).since == 1_000_012.0


def test_the_certificate_last_shown_outlives_a_round_that_came_to_none() -> None:
    """A port that closes takes nothing away that was known of its certificate."""
    facts = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 1_000_000.0, "ab:cd")
    book = well()
    assert of(now_of(book), handshake(SMTP)).tls is None
    book.record(replace(seen(handshake(SMTP)), tls=facts))
    book.record(refused(handshake(SMTP)))
    assert of(now_of(book), handshake(SMTP)).tls == facts


def test_a_port_closed_everywhere_is_its_listener() -> None:
    """Refused on every node while the stock port answers: the PROXY listener, and health fails."""
    book = well()
    for _ in range(2):
        for node in NODES:
            book.record(refused(handshake(SUBMISSION, node.name)))
    status = now_of(book)
    assert {s.verdict for s in status.handshakes if s.target.service == "submission"} == {Verdict.LISTENER_DOWN}
    assert status.diagnosis.hop is Hop.LISTENER
    assert status.health.status == "fail"


def test_stock_and_proxy_port_down_is_the_mail_server() -> None:
    """When the healthcheck port is refused too, it is the server itself."""
    book = well()
    for _ in range(2):
        for node in NODES:
            book.record(refused(handshake(SUBMISSION, node.name)))
            book.record(refused(check(SUBMISSION, node.name)))
    assert now_of(book).diagnosis.hop is Hop.MAIL_SERVER


def test_dovecot_has_no_check_and_is_the_mail_server() -> None:
    """A service without a healthcheck port that is refused everywhere is the mail server's affair."""
    book = well()
    for _ in range(2):
        for node in NODES:
            book.record(refused(handshake(IMAPS, node.name)))
    assert now_of(book).diagnosis.hop is Hop.MAIL_SERVER


def test_ssh_down_is_blindness_and_no_fault_of_the_path() -> None:
    """SSH alone: we are blind in one eye; the verdicts stay ok, agreement is unknown, health warns."""
    book = well()
    book.record(haproxy_failed(Phase.SSH, Reason.TIMEOUT))
    status = now_of(book)
    assert {each.verdict for each in status.handshakes} == {Verdict.OK}
    assert {each.agreement for each in status.handshakes} == {Agreement.UNKNOWN}
    assert (status.edges[0].ssh_up, status.edges[0].haproxy_up) == (False, False)
    assert status.diagnosis.hop is Hop.MONITOR
    assert status.health.status == "warn"


def test_replanning_keeps_what_did_not_change() -> None:
    """A reload keeps the state of targets that stay, forgets those that go, begins anew with those that moved."""
    book = well()
    moved = (NODES[0], replace(NODES[1], address="10.0.20.199"))
    book.replan(plan(moved))
    status = now_of(book)
    assert of(status, handshake(SMTP, "k8s-node1")).verdict is Verdict.OK
    assert of(status, handshake(SMTP, "k8s-node2")).verdict is Verdict.UNKNOWN
    book.replan(plan(NODES[:1]))
    assert {each.target.node for each in now_of(book).handshakes} == {"k8s-node1"}


def test_what_no_plan_knows_is_dropped() -> None:
    """A round of a removed target that ends late changes nothing."""
    book = PathBook(plan(NODES[:1]))
    all_well(book)
    book.record(mute(handshake(SMTP, "k8s-node2")))
    assert now_of(book).diagnosis.hop is Hop.NONE


def test_announced_work_ends_by_itself() -> None:
    """Until then it stands beside the diagnosis, which it does not change; the last announcement counts."""
    book = well()
    work = Maintenance("home", 1_000_000.0, 1_000_060.0, "new nodes")
    book.announce(work)
    assert now_of(book, 59.0).maintenance == work
    assert now_of(book, 59.0).diagnosis == now_of(well(), 59.0).diagnosis
    assert now_of(book, 60.0).maintenance is None
    book.announce(replace(work, until=1_000_000.0))
    assert now_of(book, 1.0).maintenance is None
