"""The roundtrip's words."""

from dataclasses import replace

import pytest

from monitor.core.roundtrip import Letter, Roundtrip, Step, Via

ARRIVED = Roundtrip("home", 1_790_000_000.0, success=True, duration=3.21, via=Via.BREVO)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (ARRIVED, "SUCCESS after 3.2 s"),
        (replace(ARRIVED, detail="seen"), "SUCCESS after 3.2 s: seen"),
        (
            replace(ARRIVED, detail="seen", via_backup=True),
            "SUCCESS after 3.2 s: by the backup MX, not by the front door; seen",
        ),
        (replace(ARRIVED, success=False, step=Step.SEND, detail="refused"), "FAILED after 3.2 s: refused"),
        (replace(ARRIVED, success=False, duration=None), "FAILED: the message was not found"),
    ],
)
def test_words(result: Roundtrip, words: str) -> None:
    """One line says it all, with the words that somebody searches a job's log for."""
    assert result.words == words


def test_a_letter_has_its_marker_in_its_subject() -> None:
    """The subject is what a mailbox is searched for."""
    letter = Letter("a@example.org", "b@example.org", "e2e-probe-0123", 0.0)
    assert letter.subject == "[E2E Monitor] e2e-probe-0123"
    assert "e2e-probe-0123" in letter.text
