"""One target's memory: state by rise and fall, verdict by the latest result of that kind."""

from dataclasses import replace

from monitor.core.conversation import TlsFacts
from monitor.core.observations import Repeat
from monitor.core.verdicts import Verdict
from monitor.verdict.target_book import TargetBook
from tests.verdict.build import SMTP, check, door, handshake, mute, plan, refused, seen

PLANS = {each.target: each for each in plan(rise=1, fall=2).targets}


def test_a_new_book_is_stale_and_claims_nothing() -> None:
    """Never seen is not fresh."""
    book = TargetBook(PLANS[handshake(SMTP)])
    assert book.stale(0.0)
    assert (book.age(0.0), book.fresh(0.0), book.last_ok_at) == (None, None, None)
    assert book.verdict(0.0) is Verdict.UNKNOWN


def test_one_failure_is_doubt_and_two_are_down() -> None:
    """Until then the last success speaks; afterwards the latest failure."""
    book = TargetBook(PLANS[handshake(SMTP)])
    book.record(seen(handshake(SMTP)))
    book.record(mute(handshake(SMTP), now=1.0))
    assert (book.verdict(2.0), book.state.contradicted) == (Verdict.OK, True)
    book.record(refused(handshake(SMTP), now=2.0))
    assert book.verdict(3.0) is Verdict.PORT_CLOSED
    assert book.last_ok_at == 1_000_000.0


def test_what_is_too_old_is_unknown() -> None:
    """Three intervals of 60 s after the end of the last probe run."""
    book = TargetBook(PLANS[handshake(SMTP)])
    last = seen(handshake(SMTP))
    book.record(last)
    assert (book.fresh(180.0), book.verdict(180.0)) == (last, Verdict.OK)
    assert (book.fresh(180.1), book.verdict(180.1)) == (None, Verdict.UNKNOWN)


def test_only_news_is_news() -> None:
    """The first result, another verdict, another state; nothing else."""
    book = TargetBook(PLANS[handshake(SMTP)])
    where = handshake(SMTP)
    told = [book.record(each) for each in (seen(where), seen(where), mute(where), mute(where), mute(where))]
    assert told == [True, False, True, True, False]


def test_a_steady_check_takes_repeats_and_a_repeat_is_its_last_result() -> None:
    """A handshake is never steady: each of its results is kept whole."""
    book, other = TargetBook(PLANS[check(SMTP)]), TargetBook(PLANS[handshake(SMTP)])
    book.record(seen(check(SMTP)))
    other.record(seen(handshake(SMTP)))
    assert (book.steady, other.steady) == (True, False)
    repeat = Repeat(check(SMTP), 5.0, 5.5, 1_000_005.5, 0.002)
    book.repeat(repeat)
    assert (book.last, book.age(6.5), book.last_ok_at) == (repeat.whole, 1.0, 1_000_005.5)
    book.record(refused(check(SMTP), now=6.0))
    assert not book.steady


def test_a_verdict_stands_since_it_was_first_shown() -> None:
    """It begins anew with another verdict, and survives a move to another address."""
    book = TargetBook(PLANS[handshake(SMTP)])
    assert [book.shown(Verdict.OK, 10.0), book.shown(Verdict.OK, 20.0)] == [10.0, 10.0]
    assert book.shown(Verdict.SLOW, 30.0) == 30.0
    moved = book.moved(replace(book.plan, address="192.0.2.99"))
    assert moved.stale(0.0)
    assert moved.shown(Verdict.SLOW, 40.0) == 30.0


def test_a_new_measure_keeps_what_is_known() -> None:
    """A reload may make it stricter: fall counts from then on."""
    book = TargetBook(PLANS[handshake(SMTP)])
    book.record(seen(handshake(SMTP)))
    book.replan(replace(book.plan, measure=replace(book.plan.measure, fall=1)))
    book.record(mute(handshake(SMTP), now=1.0))
    assert book.verdict(2.0) is Verdict.NO_GREETING


def test_the_certificate_last_shown_is_kept() -> None:
    """A later failure shows none."""
    facts = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 1_000_000.0, "ab:cd")
    book = TargetBook(PLANS[handshake(SMTP)])
    book.record(replace(seen(handshake(SMTP)), tls=facts))
    book.record(refused(handshake(SMTP), now=1.0))
    assert book.tls == facts


def test_a_front_door_is_in_doubt_for_as_many_results_as_its_pool_has_servers() -> None:
    """Its next probe run may meet another server: one success ends no doubt."""
    book = TargetBook(PLANS[door(SMTP)])
    book.record(seen(door(SMTP)))
    assert not book.doubted(3)
    book.record(mute(door(SMTP), now=1.0))
    book.record(seen(door(SMTP), now=2.0))
    assert book.doubted(3)
