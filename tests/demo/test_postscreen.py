"""The simulated postscreen: the greet wait, its cache, and who speaks too early."""

import pytest

from monitor.core.maillog import LineKind, Problem
from monitor.demo.postscreen import delta
from tests.demo.stand import CLIENT, Stand


async def test_a_first_contact_waits_behind_a_teaser(stand: Stand) -> None:
    """The teaser comes at once, the greeting after the wait, and the log says PASS NEW."""
    stand.open("smtp")
    conversation = await stand.converse("smtp")
    assert conversation.failure is None
    assert conversation.greet_wait > 0.04
    records = await stand.records()
    assert [record.kind for record in records] == [
        LineKind.POSTSCREEN_CONNECT,
        LineKind.POSTSCREEN_PASS,
        LineKind.SMTPD_CONNECT,
        LineKind.SMTPD_DISCONNECT,
    ]
    assert conversation.endpoints is not None
    assert (records[0].address, records[0].port) == (CLIENT, conversation.endpoints.local_port)
    assert (records[0].local_address, records[0].local_port) == ("10.0.20.1", 20025)
    assert records[1].text.startswith("PASS NEW")


async def test_a_known_client_passes_at_once(stand: Stand) -> None:
    """The second contact meets neither teaser nor wait: PASS OLD."""
    stand.open("smtp")
    await stand.converse("smtp")
    conversation = await stand.converse("smtp")
    assert conversation.failure is None
    assert conversation.greet_wait == 0
    assert [record.text for record in await stand.records() if "PASS OLD" in record.text]


async def test_who_speaks_before_the_greeting_is_caught(stand: Stand) -> None:
    """Commands before the greeting are not recognised, and logged as PREGREET."""
    stand.open("smtp", proxied=False)
    answer = await stand.say(b"EHLO x\r\nQUIT\r\n")
    assert answer.splitlines()[1:] == [b"502 5.5.2 Error: command not recognized", b"221 2.0.0 Bye"]
    assert [record.problem for record in await stand.records() if record.problem] == [Problem.PREGREET]


async def test_who_hangs_up_during_the_wait_is_not_let_pass(stand: Stand) -> None:
    """A port scan leaves CONNECT, HANGUP and DISCONNECT, and reaches no smtpd."""
    stand.open("smtp", proxied=False)
    await stand.say(b"")
    kinds = [record.kind for record in await stand.records()]
    assert kinds == [LineKind.POSTSCREEN_CONNECT, *[LineKind.POSTSCREEN_DISCONNECT] * 2]


@pytest.mark.parametrize(
    ("seconds", "written"), [(9.3e-05, "0"), (0.00123, "0.001"), (0.045, "0.045"), (0.2, "0.2"), (5.98, "6")]
)
def test_times_are_written_without_an_exponent(seconds: float, written: str) -> None:
    """A client that speaks within a tenth of a millisecond is logged as any other."""
    assert delta(seconds) == written
