"""monitor.links.record: phases, marks, transcript."""

import pytest

from monitor.core.conversation import DialogueOutcome, Endpoints, Failure, TlsFacts
from monitor.core.taxonomy import Phase, Reason
from monitor.links.record import MAX_LINES, Record
from tests.clock import Clock

ENDS = Endpoints("192.0.2.1", 40001, "192.0.2.25", 25)


@pytest.fixture
def clock() -> Clock:
    """Give a clock at 100 seconds."""
    return Clock(100.0)


@pytest.fixture
def record(clock: Clock) -> Record:
    """Give a record that has just begun."""
    return Record(clock)


def test_time_belongs_to_the_phase_that_runs(record: Record, clock: Clock) -> None:
    """A phase that is entered again goes on where it stopped; connect is what the kernel measured."""
    clock.now += 1.0
    record.connected(ENDS, lambda elapsed: elapsed / 1000)
    clock.now += 0.5
    for phase, seconds in ((Phase.EHLO, 2.0), (Phase.STARTTLS, 4.0), (Phase.EHLO, 8.0)):
        record.enter(phase)
        clock.now += seconds
    record.complete(DialogueOutcome())
    clock.now += 16.0
    conversation = record.conversation()
    assert conversation.phases == {Phase.CONNECT: 0.001, Phase.EHLO: 10.0, Phase.STARTTLS: 4.0}
    assert (conversation.started, conversation.finished) == (100.0, 115.5)


def test_a_connect_that_fails_is_timed_by_our_own_clock(record: Record, clock: Clock) -> None:
    """The kernel measures only what was answered."""
    clock.now += 3.0
    record.fail(Reason.TIMEOUT, "after 3 s")
    conversation = record.conversation()
    assert conversation.phases == {Phase.CONNECT: 3.0}
    assert conversation.failure == Failure(Phase.CONNECT, Reason.TIMEOUT, "after 3 s")
    assert conversation.transcript == ((3.0, ".", "timeout after 3 s in connect"),)


def test_marks_are_seconds_since_the_start(record: Record, clock: Clock) -> None:
    """The greet wait is the distance of two marks."""
    record.mark("teaser")
    clock.now += 6.0
    record.mark("banner")
    assert record.conversation().marks == {"teaser": 0.0, "banner": 6.0}
    assert record.conversation().greet_wait == 6.0


def test_the_evidence_is_what_the_phase_heard(record: Record) -> None:
    """A failure without bytes of its own shows the first ones of its phase, bounded, and none of an earlier one."""
    record.enter(Phase.GREETING)
    record.received(b"220 mail\r\n")
    record.enter(Phase.EHLO)
    for _ in range(3):
        record.received(b"x" * 300)
    record.fail(Reason.RESET, "Connection reset by peer")
    failure = record.conversation().failure
    assert failure is not None
    assert failure.data == b"x" * 512


def test_the_first_end_holds(record: Record) -> None:
    """What goes wrong while hanging up is no failure of a dialogue that was complete."""
    record.complete(DialogueOutcome(greeting="220 mail"))
    record.fail(Reason.RESET, "Connection reset by peer")
    conversation = record.conversation()
    assert conversation.outcome == DialogueOutcome(greeting="220 mail")
    assert conversation.failure is None


def test_the_transcript_reads_like_the_wire(record: Record, clock: Clock) -> None:
    """Each line has its time, its direction and a text of one line."""
    record.connected(Endpoints("2001:db8::1", 40001, "2001:db8::25", 465), lambda elapsed: elapsed)
    record.sent(b"\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c")
    record.secured(TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", None, ""), resumed=False)
    bad = TlsFacts("TLSv1.2", "ECDHE", None, "", Reason.CERTIFICATE_EXPIRED, "long ago")
    record.secured(bad, resumed=True)
    clock.now += 0.25
    record.received(b"220 mail\r\n")
    record.received(b"")
    shown = [(line.at, line.direction, line.text) for line in record.conversation().transcript]
    assert shown == [
        (0.0, ".", "connected [2001:db8::1]:40001 -> [2001:db8::25]:465"),
        (0.0, ">", "16 bytes: 0d0a0d0a000d0a515549540a2111000c"),
        (0.0, ".", "TLS ok TLSv1.3 TLS_AES_256_GCM_SHA384"),
        (0.0, ".", "TLS ok TLSv1.2 ECDHE, session resumed (no certificate shown), but certificate_expired: long ago"),
        (0.25, "<", "220 mail\\r\\n"),
        (0.25, ".", "EOF"),
    ]


def test_the_transcript_is_bounded(record: Record) -> None:
    """A peer that never stops talking fills neither lines nor memory."""
    for _ in range(MAX_LINES + 5):
        record.received(b"x" * 16384)
    transcript = record.conversation().transcript
    assert len(transcript) == MAX_LINES
    assert {len(line.said) for line in transcript} == {len("x" * 512 + "… (16384 bytes)")}
