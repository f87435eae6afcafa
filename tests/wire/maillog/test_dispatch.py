"""Readers are found by the first letters, which must therefore be plain ones."""

import re

import pytest

from monitor.wire.maillog import dovecot, postfix
from monitor.wire.maillog.dispatch import LETTERS, READERS
from monitor.wire.maillog.template import MAYBE_QUEUED, QUEUED, Template

LITERAL = re.compile(r"[\w /:-]+\"?")
TEMPLATES = (*postfix.ALL, *dovecot.MASTER, *dovecot.LOGIN, *dovecot.AUTH)


def words_of(template: Template) -> str:
    """Give a message without the queue id and the ``warning:`` that it may begin with."""
    return template.message.removeprefix(MAYBE_QUEUED).removeprefix(QUEUED).removeprefix("warning: ")


@pytest.mark.parametrize("template", TEMPLATES, ids=words_of)
def test_letters_are_literal(template: Template) -> None:
    """A pattern that began with anything but plain letters would never be found."""
    letters = words_of(template)[:LETTERS]
    assert len(letters) == LETTERS
    assert LITERAL.fullmatch(letters)


@pytest.mark.parametrize("template", TEMPLATES, ids=words_of)
def test_every_template_is_reached(template: Template) -> None:
    """Each first word of a message has its reader; of those behind a queue id ``NOQUEUE`` has one as well."""
    message = template.message.replace(QUEUED, "NOQUEUE: ") if template.message.startswith(QUEUED) else template.message
    assert message.removeprefix(MAYBE_QUEUED)[:LETTERS] in READERS
