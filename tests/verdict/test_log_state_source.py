"""monitor.verdict.log_state: whether the mail log is read."""

import pytest

from monitor.core.conversation import Failure
from monitor.core.observations import MaillogBatch, MaillogCounts
from monitor.core.status import MaillogStatus
from monitor.core.taxonomy import Phase, Reason
from monitor.verdict.log_state import STALE_AFTER, LogState
from monitor.verdict.stuck_mail import Stuck
from tests.verdict.build import SERVICES

GONE = Failure(Phase.FOLLOW, Reason.NOT_FOUND, "/var/log/mail.log: no such file")


def batch(*, lag: float | None = None, failure: Failure | None = None) -> MaillogBatch:
    """Give a reading at second 100."""
    return MaillogBatch("home", "file", 100.0, 1_000_100.0, lag=lag, failure=failure)


def record(state: LogState, batch: MaillogBatch) -> bool:
    """Record a reading without a line of interest; give whether it is news."""
    return state.record(batch, MaillogCounts("home", "file", batch.at, 0, 0, finished=batch.finished))


def status(state: LogState, *, after: float = 1.0, stuck: Stuck | None = None) -> MaillogStatus:
    """Ask so many seconds after the reading."""
    told = state.status("file", 100.0 + after, stuck)
    assert told is not None
    return told


def test_where_no_log_is_followed_there_is_no_status() -> None:
    """Not even of one that was followed before."""
    assert LogState(SERVICES).status(None, 0.0, None) is None


def test_before_the_first_reading_nothing_is_known() -> None:
    """Neither up nor down."""
    assert status(LogState(SERVICES)).up is None


@pytest.mark.parametrize(("after", "up"), [(1.0, True), (STALE_AFTER, True), (STALE_AFTER + 0.1, False)])
def test_a_reading_holds_for_a_while(after: float, up: bool) -> None:  # noqa: FBT001 - a column of the table
    """Then the source gives no sign of life, and its lag is not known any more."""
    state = LogState(SERVICES)
    record(state, batch(lag=0.5))
    told = status(state, after=after)
    assert (told.up, told.lag, told.cause) == ((True, 0.5, None) if up else (False, None, Reason.STALE))


def test_a_failure_is_told_by_its_reason_and_words() -> None:
    """Until the source can be read again; then the lag is that of the newest line known."""
    state = LogState(SERVICES)
    record(state, batch(lag=0.5))
    record(state, batch(failure=GONE))
    assert status(state).reason == "not_found: /var/log/mail.log: no such file"
    record(state, batch())
    assert (status(state).up, status(state).lag) == (True, 0.5)


def test_waiting_mail_stands_in_the_status() -> None:
    """As much of it as the log has told."""
    state = LogState(SERVICES)
    record(state, batch())
    told = status(state, stuck=Stuck(2, 60.0, "mail transport unavailable"))
    assert (told.stuck, told.oldest_stuck) == (2, 60.0)


def test_what_is_news() -> None:
    """The first reading, and one that fails otherwise than the one before; not one more without a line."""
    state = LogState(SERVICES)
    assert [record(state, each) for each in (batch(), batch(), batch(failure=GONE), batch(failure=GONE), batch())] == [
        True,
        False,
        True,
        False,
        True,
    ]
