"""Memory of a cluster: kept through a reload of the same place, forgotten with another one."""

from dataclasses import replace

from monitor.core.conversation import Failure
from monitor.core.taxonomy import Phase, Reason
from monitor.verdict.cluster_book import ClusterBook
from tests.verdict.kube_build import PLAN, SOUND, looked


def test_nothing_is_known_at_first() -> None:
    """Not asked is neither up nor down."""
    status = ClusterBook(PLAN).status(0.0)
    assert status is not None
    assert (status.up, status.stale, status.known) == (None, True, None)


def test_a_first_round_that_fails_makes_nothing_known() -> None:
    """What the probe holds before any answer is not knowledge."""
    book = ClusterBook(PLAN)
    book.record(looked(failure=Failure(Phase.API, Reason.REFUSED, "refused")))
    status = book.status(0.0)
    assert status is not None
    assert (status.up, status.known, status.reason) == (False, None, "refused: refused")


def test_a_reload_keeps_what_is_known_of_the_same_place() -> None:
    """Other names to look for change nothing about what was seen."""
    book = ClusterBook(PLAN)
    book.record(looked())
    book.replan(replace(PLAN, ignored=frozenset({"x"})))
    status = book.status(1.0)
    assert status is not None
    assert status.current == SOUND
    book.replan(replace(PLAN, place=("", "mail", "mailserver")))
    status = book.status(1.0)
    assert status is not None
    assert status.known is None


def test_no_plan_no_memory() -> None:
    """A block that goes takes its knowledge along; rounds that come in late are dropped."""
    book = ClusterBook(PLAN)
    book.replan(None)
    book.record(looked())
    assert book.status(1.0) is None
    book.replan(PLAN)
    status = book.status(1.0)
    assert status is not None
    assert status.known is None
