"""Rows of the verdict table that read several targets at once."""

from monitor.core.model import Target
from monitor.core.observations import Observation
from monitor.core.verdicts import Verdict
from monitor.verdict.matrix import Column, Matrix, column
from monitor.verdict.target_book import TargetBook
from tests import kinds
from tests.verdict.build import (
    SERVICES,
    SMTP,
    SUBMISSION,
    check,
    handshake,
    handshake_of,
    mute,
    plan,
    refused,
    seen,
    silent,
    status_of,
    well,
)

PLANS = {each.target: each for each in plan().targets}


def test_a_reset_is_an_answer() -> None:
    """A node that refuses every port is there: its ports are closed, it is not unreachable."""
    book = well()
    for _ in range(2):
        for service in SERVICES:
            book.record(refused(handshake(service, "k8s-node2")))
            if service.check_node_port is not None:
                book.record(refused(check(service, "k8s-node2")))
    assert handshake_of(status_of(book), handshake(SMTP, "k8s-node2")).verdict is Verdict.PORT_CLOSED


def books(*observations: Observation) -> list[TargetBook]:
    """Give a book for each observation's target."""
    found: dict[Target, TargetBook] = {}
    for observation in observations:
        found.setdefault(observation.target, TargetBook(PLANS[observation.target])).record(observation)
    return list(found.values())


def test_a_column_is_unreachable_where_every_port_stays_silent() -> None:
    """One answer, from a healthcheck port even, proves that the node is there."""
    quiet = books(silent(handshake(SMTP), now=10.0), silent(handshake(SUBMISSION), now=10.0))
    assert column(11.0, quiet).unreachable
    assert not column(11.0, quiet, books(refused(check(SMTP), now=10.0))).unreachable
    assert not column(11.0, []).unreachable


def test_an_answer_from_before_the_silence_proves_no_node_alive() -> None:
    """It speaks of another time."""
    quiet = books(silent(handshake(SMTP), now=10.0))
    assert column(11.0, quiet, books(seen(check(SMTP), now=9.0))).unreachable
    assert not column(11.0, quiet, books(seen(check(SMTP), now=10.5))).unreachable


def test_a_port_is_open_that_accepts_whatever_it_says_then() -> None:
    """Only data ports count, and stale results do not."""
    found = column(11.0, books(mute(handshake(SMTP), now=10.0), refused(handshake(SUBMISSION), now=10.0)))
    assert found.open_services == {"smtp"}
    assert column(10_000.0, books(seen(handshake(SMTP)))) == Column(
        heard=False, silent=False, open_services=frozenset()
    )


OPEN, SHUT = Column(True, False, frozenset({"smtp"})), Column(True, False, frozenset())  # noqa: FBT003 - heard, silent
GONE = Column(False, True, frozenset())  # noqa: FBT003 - heard, silent
HERE = Target("home", kinds.HANDSHAKE, "here", "smtp")


def refined(own: Verdict, *, throttling: bool = False, **columns: Column) -> Verdict:
    """Refine a verdict of smtp on the node ``here``."""
    return Matrix(columns).refine(own, HERE, throttling=throttling)


def test_a_closed_port_is_named_by_what_the_others_show() -> None:
    """Open elsewhere: this port. Open nowhere: its listener. Its node silent while another answers: the node."""
    assert refined(Verdict.PORT_CLOSED, here=SHUT, there=OPEN) is Verdict.PORT_CLOSED
    assert refined(Verdict.PORT_CLOSED, here=SHUT, there=SHUT) is Verdict.LISTENER_DOWN
    assert refined(Verdict.PORT_CLOSED, here=GONE, there=OPEN) is Verdict.NODE_UNREACHABLE


def test_a_single_silent_node_is_unreachable_and_several_are_not() -> None:
    """Where no node answers at all, the fault may be our own network's."""
    assert refined(Verdict.PORT_CLOSED, here=GONE) is Verdict.NODE_UNREACHABLE
    assert refined(Verdict.PORT_CLOSED, here=GONE, there=GONE) is Verdict.LISTENER_DOWN


def test_throttling_explains_a_missing_greeting_and_nothing_else() -> None:
    """The mail log shows smtpd dying; a port that greets is not throttled."""
    assert refined(Verdict.NO_GREETING, throttling=True, here=OPEN) is Verdict.THROTTLED
    assert refined(Verdict.NO_GREETING, here=OPEN) is Verdict.NO_GREETING
    assert refined(Verdict.TLS_INVALID, throttling=True, here=OPEN) is Verdict.TLS_INVALID
