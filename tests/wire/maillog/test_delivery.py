"""Lines of delivery agents: what waits, since when, for whom; what has gone; and what a recipient's name may forge."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.maillog import LineKind, LogRecord, Problem
from monitor.wire.maillog import MaillogParser
from monitor.wire.maillog.delivery import read_delivery
from tests.wire.maillog.lines import line

REFUSED = "connect to 127.0.0.1[127.0.0.1]:24: Connection refused"
DELAYS = "delay=312, delays=312/0.01/0/0, dsn=4.4.1"


def read(program: str, message: str) -> list[LogRecord]:
    """Read one line."""
    return MaillogParser().feed(line(program, message))


def deferred(reason: str, relay: str = "none", to: str = "to=<a@example.org>") -> str:
    """Write the message of a delivery that was deferred."""
    return f"4F2A1B3C: {to}, relay={relay}, {DELAYS}, status=deferred ({reason})"


@pytest.mark.parametrize(
    ("program", "relay", "reason", "address"),
    [
        ("postfix/smtp", "none", REFUSED, "127.0.0.1"),
        ("postfix/amavis/smtp", "127.0.0.1[127.0.0.1]:10024", "conversation with 127.0.0.1[127.0.0.1]", "127.0.0.1"),
        ("postfix/smtp", "none", "connect to mx.example.net[2001:db8::25]:25: Network is unreachable", "2001:db8::25"),
        ("postfix/smtp", "mx.example.net[203.0.113.9]:25", "host m[203.0.113.9] said: 450", "203.0.113.9"),
        ("postfix/lmtp", "none", "connect to m[private/lmtp]: No such file or directory", "private/lmtp"),
        ("postfix/lmtp", "m[/run/dovecot/lmtp]", "host m said: 452 4.2.2 Quota exceeded", "/run/dovecot/lmtp"),
        ("postfix/error", "none", f"delivery temporarily suspended: {REFUSED}", "127.0.0.1"),
        ("postfix/error", "none", "mail transport unavailable", ""),
        ("postfix/virtual", "virtual", "mailbox /var/mail/a: No space left on device", ""),
        ("postfix/smtp", "none", "Host or domain name not found. Name service error for name=x type=MX", ""),
    ],
)  # fmt: skip
def test_what_is_deferred(program: str, relay: str, reason: str, address: str) -> None:
    """Queue id, delay, the next server wherever the line names it, and why."""
    (record,) = read(program, deferred(reason, relay))
    assert (record.kind, record.problem) == (LineKind.DELIVERY_DEFERRED, Problem.DEFERRED)
    assert (record.queue_id, record.delay, record.address) == ("4F2A1B3C", 312.0, address)
    assert record.text == f"status=deferred ({reason})"


def test_nobodys_address_is_kept() -> None:
    """Recipients are read past; what another server has said is dropped where it names one."""
    to = "to=<a@example.org>, orig_to=<b@example.org>"
    (record,) = read("postfix/lmtp", deferred("host m said: 450 <a@example.org> busy", "m[private/lmtp]", to))
    assert "example.org" not in repr(record)
    assert record.text == "status=deferred"


@pytest.mark.parametrize(("status", "at_once"), [("sent", 0), ("bounced", 1), ("expired", 0)])
def test_the_end_of_a_wait(status: str, at_once: int) -> None:
    """What leaves the queue after a wait is read; of what leaves it at once, as most mail does, only a bounce is."""
    message = "4F2A1B3C: to=<a@example.org>, relay=m[private/lmtp], delay={}, delays=9/0/0/1, dsn=2.0.0, status={} (ok)"
    (record,) = read("postfix/lmtp", message.format("1834.2", status))
    assert (record.kind, record.queue_id, record.problem) == (LineKind.DELIVERY_ENDED, "4F2A1B3C", "")
    assert len(read("postfix/lmtp", message.format("0.43", status))) == at_once


@pytest.mark.parametrize(
    "level", ["may", "may?", "may:none", "!verify", "!verify/requiretls", "dane:encrypt/requiretls?"]
)
def test_tls_levels(level: str) -> None:
    """Each feature by name, with `!` before, `:` and what it came to or `?` behind (pol_stats_format, from 3.11 on)."""
    (record,) = read("postfix/smtp", deferred(REFUSED).replace(", dsn=", f", tls={level}, dsn="))
    assert (record.queue_id, record.delay, record.address) == ("4F2A1B3C", 312.0, "127.0.0.1")


def test_mail_that_is_delivered_at_once_costs_next_to_nothing() -> None:
    """It is most of all mail, and a million lines a second are to be read: a tenth of a whole line, by measurement."""
    message = (
        "4F2A1B3C: to=<a@example.org>, relay=m[private/lmtp], delay={}, delays=9/0/0/1, dsn=2.0.0, status=sent (ok)"
    )
    at_once, waited = (line("postfix/lmtp", message.format(delay)).decode() for delay in ("0.43", "1834.2"))
    assert 3 * _cost(at_once) < _cost(waited)


@pytest.mark.parametrize(
    "message",
    [
        # the whole line is there, and the recipient's own words are not believed
        (
            'AB12CD34: to=<"x>, relay=none, delay=99999, delays=1/1/1/1, dsn=4.0.0, status=deferred (y"@example.org>, '
            "relay=local, delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent (ok)"
        ),
        "AB12CD34: to=<a>, relay=none, delay=99999, delays=1/1/1/1, dsn=4.0.0, status=deferred",
        "AB12CD34: to=<a>, relay=none, delay=x, delays=1/1/1/1, dsn=4.0.0, status=deferred (y)",
        "warning: to=<a>, relay=none, delay=9, delays=1/1/1/1, dsn=4.0.0, status=deferred (y)",
    ],
)
def test_forged_and_cut_lines(message: str) -> None:
    """Only a whole line of a delivery agent is one."""
    assert read("postfix/smtp", message) == []


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=200))
def test_any_words(words: str) -> None:
    """Whatever stands for a recipient or a reason, the line is read or left, and its queue id is its own."""
    for message in (deferred(words), deferred("x", to=f"to=<{words}>")):
        assert {record.queue_id for record in read("postfix/smtp", message)} <= {"4F2A1B3C"}


def _cost(text: str) -> float:
    """Give the least processor time that reading a line has taken in several tries."""

    def once() -> float:
        began = time.process_time()
        for _ in range(500):
            read_delivery(text)
        return time.process_time() - began

    return min(once() for _ in range(5))
