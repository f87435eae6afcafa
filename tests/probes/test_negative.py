"""Rulings of negative probes: a refusal has no failure, an acceptance and a broken attempt have one."""

import pytest

from monitor.core.conversation import Failure
from monitor.core.taxonomy import Phase, Reason
from monitor.probes.negative import accepted, refused, spoke_tls, untold, words
from tests.probes.mail_server import complete


def test_a_refusal_is_the_success() -> None:
    """The server's words are kept."""
    assert refused("554 5.7.1 Relay access denied") == (True, "554 5.7.1 Relay access denied", None)


def test_an_acceptance_is_a_failure_of_its_phase() -> None:
    """The reason says what is wrong: it was accepted."""
    ruling = accepted(Phase.PROOF, "250 2.1.5 Ok")
    assert (ruling.refused, ruling.reply) == (False, "250 2.1.5 Ok")
    assert ruling.failure == Failure(Phase.PROOF, Reason.ACCEPTED, "250 2.1.5 Ok")


def test_what_broke_off_proves_neither() -> None:
    """And says why."""
    failure = Failure(Phase.CONNECT, Reason.TIMEOUT)
    assert untold(failure) == (None, "", failure)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"421 4.3.0 mail Server local error\r\nmore\r\n", "421 4.3.0 mail Server local error"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"", "closed without a word"),
        (b"\r\n", "closed without a word"),
    ],
)
def test_the_peers_last_words_are_one_line(data: bytes, shown: str) -> None:
    """Whatever bytes they are."""
    assert words(Failure(Phase.GREETING, Reason.CLOSED, "", data)) == shown


def test_tls_facts_prove_that_the_peer_spoke_tls() -> None:
    """A peer in plain text shows none."""
    assert spoke_tls(complete())
    assert not spoke_tls(complete(tls=None))
