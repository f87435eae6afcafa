"""The roundtrip's message as SMTP carries it (RFC 5322)."""

from email.message import EmailMessage
from email.utils import formatdate

from monitor.core.roundtrip import Letter


def message(letter: Letter) -> EmailMessage:
    """Write the message, headers and body."""
    made = EmailMessage()
    made["From"] = letter.sender
    made["To"] = letter.recipient
    made["Subject"] = letter.subject
    made["Date"] = formatdate(letter.at)
    made["Message-ID"] = f"<{letter.marker}@{letter.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's vacation notice shall answer
    made.set_content(letter.text)
    return made
