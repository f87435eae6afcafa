"""What a path knows of its roundtrips, and what the diagnosis makes of it."""

from dataclasses import replace

from monitor.core.maillog import LineKind, LogRecord
from monitor.core.observations import MaillogBatch
from monitor.core.roundtrip import Roundtrip, RoundtripStatus, Step, Via
from monitor.core.status import PathStatus
from monitor.core.verdicts import Hop, Verdict
from monitor.verdict import roundtrips
from monitor.verdict.path_book import PathBook
from monitor.verdict.roundtrips import REMEMBERED, RoundtripBook, findings
from tests.verdict.build import MUTE, SMTP, all_well, door, plan, seen

AT = 1_000_000.0
BREVO = "77.32.148.20"
ARRIVED = Roundtrip(
    "home", AT, success=True, duration=12.0, via=Via.BREVO, client_address=BREVO, client_ip_recovered=True
)
LOST = Roundtrip("home", AT, success=False, duration=300.0, via=Via.BREVO, step=Step.ARRIVE, detail="it did not arrive")


def connect(
    address: str = BREVO,
    at: float = AT - 10,
    kind: LineKind = LineKind.POSTSCREEN_CONNECT,
    program: str = "p/postscreen",
) -> MaillogBatch:
    """Give a batch of the mail log with one connection."""
    record = LogRecord(kind, "", program, 1, address, 40101, "", 0, -1, "", "")
    return MaillogBatch("home", "file", 0.0, at, records=(record,))


def book_of(*results: Roundtrip, interval: float | None = 1200.0) -> RoundtripBook:
    """Give a book with results."""
    book = RoundtripBook()
    book.replan(interval)
    for result in results:
        book.record(result)
    return book


def test_a_failure_keeps_the_last_success() -> None:
    """The last result and the last success are two things."""
    status = book_of(ARRIVED, replace(LOST, at=AT + 60)).status(AT + 61)
    assert status is not None
    assert (status.last_success, status.last, status.overdue) == (AT, replace(LOST, at=AT + 60), None)


def test_overdue_after_three_intervals() -> None:
    """Counted from the last result, or from the start where none has come; never where none is expected."""
    book = book_of(ARRIVED)
    assert [book.status(AT + age).overdue for age in (3600.0, 3601.0)] == [None, 3601.0]  # type: ignore[union-attr]
    none_yet = book_of()
    assert none_yet.status(AT) == RoundtripStatus()
    assert none_yet.status(AT + 3601) == RoundtripStatus(overdue=3601.0)
    assert book_of(ARRIVED, interval=None).status(AT + 99_999).overdue is None  # type: ignore[union-attr]
    assert book_of(interval=None).status(AT) is None


def logged_as(book: RoundtripBook) -> str:
    """Give the service that the mail log has the sender at."""
    status = book.status(AT)
    assert status is not None
    return status.logged_as


def test_the_mail_log_names_the_service() -> None:
    """Postscreen speaks first, and its name is the listener's; the line may come before the result or after it."""
    book = book_of(ARRIVED)
    assert logged_as(book) == ""
    book.record_log(connect())
    book.record_log(connect(at=AT - 9, kind=LineKind.SMTPD_CONNECT, program="postfix/smtpd"))
    assert logged_as(book) == "p/postscreen"


def test_without_postscreen_smtpd_speaks() -> None:
    """The only line is taken, whosever it is; an old one of postscreen's does not count any more."""
    book = book_of(ARRIVED)
    book.record_log(connect(at=AT - 900))
    assert logged_as(book) == ""
    book.record_log(connect(kind=LineKind.SMTPD_CONNECT, program="postfix/smtpd"))
    assert logged_as(book) == "postfix/smtpd"


def test_who_connects_at_another_time_or_does_something_else_is_not_meant() -> None:
    """Another address, no address, another kind of line, a result that names no address."""
    book = book_of(ARRIVED)
    book.record_log(connect("192.0.2.1"))
    book.record_log(connect(""))
    book.record_log(connect(kind=LineKind.POSTSCREEN_PASS))
    assert logged_as(book) == ""
    book.record_log(connect())
    book.record(replace(ARRIVED, client_address=""))
    assert logged_as(book) == ""


def test_memory_is_bounded() -> None:
    """A scan from everywhere drives out the oldest."""
    book = book_of(ARRIVED)
    book.record_log(connect())
    for number in range(REMEMBERED):
        book.record_log(connect(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"))
    assert logged_as(book) == ""


def test_findings() -> None:
    """A message that arrived may still show that something is wrong; one that did not shows nothing more."""
    assert list(findings(None, "")) == []
    assert list(findings(RoundtripStatus(last=ARRIVED), "")) == []
    assert list(findings(RoundtripStatus(last=replace(LOST, via_backup=True)), "")) == []
    wrong = replace(ARRIVED, client_ip_recovered=False, client_address="10.0.20.1", via_backup=True)
    lost, backup = findings(RoundtripStatus(last=wrong), "10.0.20.1")
    assert (lost.severity, lost.kind, "10.0.20.1" in lost.message) == ("critical", "client_ip_lost", True)
    assert (backup.severity, backup.kind, "pfctl" in str(backup.remedy)) == ("warning", "via_backup", True)
    (backup,) = findings(RoundtripStatus(last=replace(ARRIVED, via_backup=True)), "")
    assert "ssh" not in str(backup.remedy)


def status_with(*results: Roundtrip, broken: bool = False, at: float = AT) -> PathStatus:
    """Give the status of a path on which everything is fine, or whose front door is mute, with results."""
    book = all_well(PathBook(replace(plan(), roundtrip_interval=1200.0)))
    if broken:
        for _ in range(2):
            book.record(seen(door(SMTP), Verdict.NO_GREETING, MUTE))
    for result in results:
        book.record(result)
    return book.status(1.0, at)


def test_hops_are_fine_and_the_message_does_not_arrive() -> None:
    """That is a cause of its own; /healthz says nothing of it."""
    status = status_with(LOST)
    assert status.diagnosis.hop is Hop.ROUNDTRIP
    assert "does not arrive" in status.diagnosis.summary
    assert status.diagnosis.evidence == (f"roundtrip: {LOST.words}",)
    assert status.health == status_with().health
    assert status.health.status == "pass"
    assert status.roundtrip is not None


def test_each_step_has_its_words() -> None:
    """Who cannot send, or cannot read the mailbox, has another fault than one whose message is lost."""
    summaries = {status_with(replace(LOST, step=step)).diagnosis.summary for step in (*Step, None)}
    assert len(summaries) == len(Step)


def test_a_known_fault_explains_it() -> None:
    """A roundtrip that fails on a broken path is no cause of its own."""
    status = status_with(LOST, broken=True)
    assert status.diagnosis.hop is Hop.BACKEND
    assert not any("roundtrip" in other for other in status.diagnosis.others)


def test_nobody_tries_any_more() -> None:
    """Where results were expected, silence is told."""
    status_with()
    book = all_well(PathBook(replace(plan(), roundtrip_interval=1200.0)))
    book.record(ARRIVED)
    diagnosis = book.status(1.0, AT + 3720).diagnosis
    assert (diagnosis.hop, diagnosis.summary) == (Hop.ROUNDTRIP, "No roundtrip has been reported for 62 min.")


def test_a_success_is_silent() -> None:
    """Nothing is broken, nothing is found."""
    status = status_with(ARRIVED)
    assert status.diagnosis.hop is Hop.NONE
    assert [finding for finding in status.findings if finding.subject == "roundtrip"] == []


def test_the_log_of_a_path_is_the_roundtrips_as_well() -> None:
    """The path's book tells both."""
    book = all_well(PathBook(plan()))
    book.record(ARRIVED)
    book.record(connect())
    assert book.status(1.0, AT).roundtrip == RoundtripStatus(ARRIVED, AT, None, "p/postscreen")
    assert roundtrips.SLACK > 0
