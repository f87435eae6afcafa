"""Brevo's API: what is asked, and what its answers mean."""

import json

import pytest

from monitor.core.errors import WireError
from monitor.core.roundtrip import Letter
from monitor.core.taxonomy import Reason
from monitor.wire import brevo

LETTER = Letter("monitoring@example.org", "smoke+test@example.org", "e2e-probe-01", 0.0)


def test_send() -> None:
    """The documented body: sender, recipients, subject, text."""
    asked = brevo.send(LETTER)
    assert asked[:2] == ("POST", "/smtp/email")
    document = json.loads(asked.body)
    assert document["sender"]["email"] == "monitoring@example.org"
    assert document["to"] == [{"email": "smoke+test@example.org"}]
    assert document["subject"] == LETTER.subject
    assert document["textContent"] == LETTER.text


def test_unblock() -> None:
    """The recipient is part of the path, and so is quoted."""
    assert brevo.unblock("smoke+test/1@example.org") == (
        "DELETE",
        "/smtp/blockedContacts/smoke%2Btest%2F1%40example.org",
        b"",
    )


def test_accepted() -> None:
    """Any 2xx will do; nobody to unblock is no fault either."""
    brevo.check_sent(201, b'{"messageId": "<1@example.net>"}')
    brevo.check_unblocked(204, b"")
    brevo.check_unblocked(404, b'{"code": "document_not_found", "message": "x"}')


@pytest.mark.parametrize(
    ("status", "body", "reason", "words"),
    [
        (
            401,
            b'{"code": "unauthorized", "message": "Key not found"}',
            Reason.AUTH_FAILED,
            "401 (unauthorized: Key not found)",
        ),
        (400, b'{"code": "missing_parameter"}', Reason.UNEXPECTED_REPLY, "400 (missing_parameter)"),
        (500, b"<html>", Reason.UNEXPECTED_REPLY, "500"),
        (404, b"[" * 100_000, Reason.UNEXPECTED_REPLY, "404"),
        (429, b'["x"]', Reason.UNEXPECTED_REPLY, "429"),
        (302, b'{"code": 1, "message": "a\\u0007b"}', Reason.UNEXPECTED_REPLY, "302 (a?b)"),
        (400, b"\xff", Reason.UNEXPECTED_REPLY, "400"),
    ],
)
def test_refused(status: int, body: bytes, reason: Reason, words: str) -> None:
    """The reason, and Brevo's own words as far as they are words."""
    with pytest.raises(WireError) as caught:
        brevo.check_sent(status, body)
    assert (caught.value.reason, caught.value.detail) == (reason, f"Brevo answered {words}")


def test_unblocking_refused() -> None:
    """A key that may not unblock is told as one that may not send."""
    with pytest.raises(WireError, match="Brevo answered 403"):
        brevo.check_unblocked(403, b"")


def test_long_words_are_cut() -> None:
    """An answer may be as long as it likes."""
    with pytest.raises(WireError) as caught:
        brevo.check_sent(400, json.dumps({"message": "x" * 9999}).encode())
    assert len(caught.value.detail) < 300
