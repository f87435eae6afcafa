"""What is watched: how each protocol speaks."""

import pytest

from monitor.core.model import MailProtocol


@pytest.mark.parametrize(
    ("protocol", "implicit_tls", "speaks_imap"),
    [
        (MailProtocol.SMTP, False, False),
        (MailProtocol.SMTPS, True, False),
        (MailProtocol.SUBMISSION, False, False),
        (MailProtocol.IMAPS, True, True),
    ],
)
def test_a_protocol_says_how_its_dialogue_begins(
    protocol: MailProtocol, *, implicit_tls: bool, speaks_imap: bool
) -> None:
    """TLS from the first byte (RFC 8314) or by STARTTLS, and which language follows."""
    assert (protocol.implicit_tls, protocol.speaks_imap) == (implicit_tls, speaks_imap)


def test_every_protocol_is_in_the_table_above() -> None:
    """A fifth one is decided, not guessed."""
    assert len(MailProtocol) == 4
