"""Which reader takes which line: by the first letters of its message, and of a warning by the letters after that."""

from collections.abc import Callable, Iterable

from monitor.core.maillog import LogRecord
from monitor.wire.maillog import dovecot, postfix
from monitor.wire.maillog.template import Template

Reader = Callable[[str], LogRecord | None]

# Between program and message. Before it stand times, host and program, none of which holds one.
HEAD_END = ": "
# Five tell the messages of interest from each other and from all else: ``imap-login:`` from every session's
# ``imap(user)``.
LETTERS = 5
_WARNING = "warning: "


def _first_of(readers: tuple[Reader, ...]) -> Reader:
    """Try the readers of messages that begin alike, in their order."""

    def read(line: str) -> LogRecord | None:
        for reader in readers:
            record = reader(line)
            if record is not None:
                return record
        return None

    return read


def _by_letters(templates: Iterable[Template], skip: str = "") -> dict[str, Reader]:
    """Key templates by the first letters of their messages behind ``skip``."""
    readers: dict[str, tuple[Reader, ...]] = {}
    for template in templates:
        letters = template.message[len(skip) :][:LETTERS]
        readers[letters] = (*readers.get(letters, ()), template.read)
    return {letters: several[0] if len(several) == 1 else _first_of(several) for letters, several in readers.items()}


_WARNINGS = _by_letters((template for template in postfix.ALL if template.message.startswith(_WARNING)), skip=_WARNING)


def _read_warning(line: str) -> LogRecord | None:
    """Choose by the words of the warning."""
    at = line.find(HEAD_END) + len(HEAD_END) + len(_WARNING)
    return _WARNINGS.get(line[at : at + LETTERS], _read_tempfail)(line)


def _read_tempfail(line: str) -> LogRecord | None:
    """Spare most warnings the pattern, by words that all of its messages have: failed logins can fill a log."""
    return postfix.TEMPFAIL.read(line) if "lookup" in line or "queue" in line else None


READERS: dict[str, Reader] = {
    **_by_letters(
        template for template in (*postfix.ALL, *dovecot.MASTER) if not template.message.startswith(_WARNING)
    ),
    _WARNING[:LETTERS]: _read_warning,
    "imap-login: "[:LETTERS]: _first_of((dovecot.read_login, *(template.read for template in dovecot.HAPROXY))),
}
