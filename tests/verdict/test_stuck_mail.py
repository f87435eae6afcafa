"""Mail that waits for our own mailboxes: counted, aged, forgotten; and mail to others, which is their affair."""

from dataclasses import replace

import pytest

from monitor.core.status import PathStatus
from monitor.core.verdicts import Hop
from monitor.verdict.path_book import PathBook
from monitor.verdict.stuck_mail import FORGOTTEN_AFTER, REMEMBERED, Stuck, StuckMail
from tests.verdict.build import all_well, well
from tests.verdict.lines import batch

LMTP = "connect to mail.example.org[private/dovecot-lmtp]: No such file or directory"


def deferred(queue_id: str, delay: int, agent: str = "lmtp", reason: str = LMTP) -> str:
    """Write the line of a deferred delivery."""
    return (
        f"postfix/{agent}[7]: {queue_id}: to=<a@example.org>, relay=none, delay={delay}, "
        f"delays={delay}/0/0/0, dsn=4.4.1, status=deferred ({reason})"
    )


def sent(queue_id: str, delay: int) -> str:
    """Write the line of a delivery that came to its end."""
    return (
        f"postfix/lmtp[7]: {queue_id}: to=<a@example.org>, relay=mail.example.org[private/dovecot-lmtp], "
        f"delay={delay}, delays={delay}/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Saved)"
    )


def waiting(*lines: str, now: float = 0.0, at: float = 0.0) -> Stuck | None:
    """Give what waits at a time after these lines."""
    mail = StuckMail()
    mail.record(batch(*lines, now=at))
    return mail.known(now)


def test_the_oldest_ages_between_its_lines() -> None:
    """Its line comes at each attempt only; its age is that of now."""
    stuck = waiting(deferred("AAAAA1", 30), deferred("AAAAA2", 300), deferred("AAAAA1", 31), now=60.0)
    assert stuck == Stuck(2, 360.0, f"status=deferred ({LMTP})")
    assert not stuck.grave


@pytest.mark.parametrize(
    ("lines", "grave"),
    [
        ([deferred("AAAAA1", 601)], True),
        ([deferred(f"AAAAA{number}", 1) for number in range(3)], True),
        ([deferred(f"AAAAA{number}", 1) for number in range(2)], False),
    ],
)
def test_growth_or_age_is_grave(lines: list[str], grave: bool) -> None:  # noqa: FBT001 - a table's column
    """One message may have a fault of its own; several, or one for long, are the server's."""
    stuck = waiting(*lines)
    assert stuck is not None
    assert stuck.grave is grave


def test_it_ends_by_delivery_and_by_silence() -> None:
    """What was sent waits no more, and what Postfix does not try again is gone."""
    mail = StuckMail()
    mail.record(batch(deferred("AAAAA1", 300), deferred("AAAAA2", 300)))
    mail.record(batch(sent("AAAAA1", 400), sent("BBBBB1", 50), now=100.0))
    assert mail.known(FORGOTTEN_AFTER) is not None
    assert mail.known(FORGOTTEN_AFTER + 1) is None


def test_a_folded_deferral_is_late_word_of_one_that_is_known() -> None:
    """It is no second message, and does not make the first one younger."""
    mail = StuckMail()
    mail.record(batch(deferred("A1B2C3", 100), now=0.0))
    mail.record(batch(deferred("A1B2C3", 100), "syslogd: last message repeated 1 times", now=0.0))
    known = mail.known(30.0)
    assert known is not None
    assert (known.messages, known.oldest) == (1, 130.0)


def test_a_bounce_at_once_ends_no_wait() -> None:
    """It is of another recipient of the same message."""
    bounced = sent("AAAAA1", 1).replace("status=sent", "status=bounced")
    assert waiting(deferred("AAAAA1", 1), bounced) is not None


@pytest.mark.parametrize(
    ("agent", "reason", "ours"),
    [
        ("smtp", "connect to mx.example.net[203.0.113.9]:25: Connection timed out", False),
        ("smtp", "Host or domain name not found. Name service error for name=example.net type=MX", False),
        ("error", "delivery temporarily suspended: connect to m[203.0.113.9]:25: Connection refused", False),
        ("smtp", "connect to 127.0.0.1[127.0.0.1]:10024: Connection refused", True),
        ("smtp-amavis/smtp", "connect to ::1[::1]:10024: Connection refused", True),
        ("error", "delivery temporarily suspended: connect to m[private/dovecot-lmtp]: Connection refused", True),
        ("error", "mail transport unavailable", True),
        ("virtual", "cannot update mailbox: No space left on device", True),
        ("pipe", "temporary failure", True),
    ],
)  # fmt: skip
def test_mail_to_other_houses_is_their_affair(agent: str, reason: str, ours: bool) -> None:  # noqa: FBT001 - a column
    """Only what waits for a mailbox or filter of our own counts."""
    assert (waiting(deferred("AAAAA1", 300, agent, reason)) is not None) is ours


def test_memory_is_bounded() -> None:
    """A queue of thousands is counted to a bound; those that are known are followed on."""
    mail = StuckMail()
    mail.record(batch(*(deferred(f"A{number:06d}", 1) for number in range(REMEMBERED + 50))))
    known = mail.known(0.0)
    assert known is not None
    assert known.messages == REMEMBERED


def shown(*lines: str) -> PathStatus:
    """Give the status of a path on which all is well but for these lines."""
    book: PathBook = well()
    book.record(batch(*lines))
    return all_well(book, 1.0).status(1.0, 1_000_001.0)


def test_stuck_mail_is_the_mail_servers_hop() -> None:
    """Every dialogue works, and nothing reaches a mailbox: the diagnosis, a finding and health say so."""
    status = shown(*(deferred(f"AAAAA{number}", 700) for number in range(3)))
    assert status.diagnosis.hop is Hop.MAIL_SERVER
    assert "has accepted 3 messages and cannot deliver" in status.diagnosis.summary
    assert "the oldest waits for 12 min: status=deferred (connect to" in status.diagnosis.summary
    assert [(each.severity, each.kind) for each in status.findings] == [("warning", "deferred")]
    assert status.health.status == "warn"
    assert status.maillog is not None
    assert (status.maillog.stuck, status.maillog.oldest_stuck) == (3, 701.0)


def test_one_message_is_information() -> None:
    """It is told and does not warn; without any the count is zero, and where the log cannot be read, nothing."""
    status = shown(deferred("AAAAA1", 5))
    assert [(each.severity, each.kind) for each in status.findings] == [("info", "deferred")]
    assert (status.diagnosis.hop, status.health.status) == (Hop.NONE, "pass")
    quiet = well().status(1.0, 1_000_001.0).maillog
    assert quiet is not None
    assert (quiet.stuck, quiet.oldest_stuck) == (0, None)
    blind = replace(batch(), lines=0)
    book = well()
    book.record(blind)
    late = book.status(100.0, 1_000_100.0).maillog
    assert late is not None
    assert (late.up, late.stuck) == (False, None)
