"""The message as SMTP carries it."""

from monitor.core.roundtrip import Letter
from monitor.wire.message import message


def test_the_message_is_complete() -> None:
    """Every header that RFC 5322 asks for, and one that keeps robots from answering."""
    made = message(Letter("monitoring@example.org", "smoke-test@example.org", "e2e-probe-01", 0.0))
    assert made["From"] == "monitoring@example.org"
    assert made["To"] == "smoke-test@example.org"
    assert made["Subject"] == "[E2E Monitor] e2e-probe-01"
    assert made["Message-ID"] == "<e2e-probe-01@example.org>"
    assert made["Date"] == "Thu, 01 Jan 1970 00:00:00 -0000"
    assert made["Auto-Submitted"] == "auto-generated"
    assert made.get_content().startswith("mailpath sent this")
