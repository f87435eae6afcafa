"""Readers are found by the first letters, which must therefore be plain ones."""

import re

from monitor.wire.maillog import dovecot, postfix
from monitor.wire.maillog.dispatch import LETTERS, READERS

LITERAL = re.compile(r"[\w /:-]+\"?")


def test_letters_are_literal() -> None:
    """A pattern that began with anything but plain letters would never be found."""
    for template in (*postfix.ALL, *dovecot.MASTER):
        letters = template.message.removeprefix("warning: ")[:LETTERS]
        assert len(letters) == LETTERS, template.message
        assert LITERAL.fullmatch(letters), template.message


def test_every_template_is_reached() -> None:
    """Each first word of a message has its reader."""
    for template in (*postfix.ALL, *dovecot.MASTER):
        assert template.message[:LETTERS] in READERS
    assert "imap-" in READERS
