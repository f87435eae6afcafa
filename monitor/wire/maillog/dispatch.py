"""Which reader takes which line: by the first letters of its message, behind a queue id or ``warning:`` by the next.

Three tables: ``READERS`` by how a message begins; in it, for warnings, a second one by the words of the warning; for
messages that begin with a queue id a third one by what follows it.
"""

from collections.abc import Callable, Iterable, Iterator

from monitor.core.maillog import LogRecord
from monitor.wire.maillog import dovecot, postfix
from monitor.wire.maillog.delivery import read_delivery
from monitor.wire.maillog.template import MAYBE_QUEUED, QUEUED, Template

Reader = Callable[[str], LogRecord | None]

# Between program and message. Before it stand times, host and program, none of which holds one.
HEAD_END = ": "
# Five tell the messages of interest from each other and from all else: ``imap-login:`` from every session's
# ``imap(user)``.
LETTERS = 5
# Behind a queue id four do; a delivery's fifth is the recipient's.
LETTERS_QUEUED = 4
# In every message about a client, and in few others: what may begin with a queue id and is no delivery.
CLIENT = " from "
_WARNING = "warning: "


def _first_of(readers: tuple[Reader, ...]) -> Reader:
    """Try the readers of messages that begin alike, in their order."""

    def read(line: str) -> LogRecord | None:
        for reader in readers:
            record = reader(line)
            if record is not None:
                return record
        return None

    return readers[0] if len(readers) == 1 else read


def _by_letters(templates: Iterable[tuple[str, Reader]], count: int = LETTERS) -> dict[str, Reader]:
    """Key readers by the first letters of the words that are given with them."""
    readers: dict[str, tuple[Reader, ...]] = {}
    for words, reader in templates:
        readers[words[:count]] = (*readers.get(words[:count], ()), reader)
    return {letters: _first_of(several) for letters, several in readers.items()}


def _behind(prefix: str, templates: Iterable[Template]) -> Iterator[tuple[str, Reader]]:
    """Choose the templates whose messages begin so, with the words that follow."""
    return ((each.message.removeprefix(prefix), each.read) for each in templates if each.message.startswith(prefix))


def _plain(templates: Iterable[Template]) -> Iterator[tuple[str, Reader]]:
    """Choose the templates whose messages may begin with words of their own."""
    return (
        (each.message.removeprefix(MAYBE_QUEUED), each.read)
        for each in templates
        if not each.message.startswith((_WARNING, QUEUED))
    )


_WARNINGS = _by_letters(_behind(_WARNING, postfix.ALL))


def _read_warning(line: str) -> LogRecord | None:
    """Choose by the words of the warning."""
    at = line.find(HEAD_END) + len(HEAD_END) + len(_WARNING)
    return _WARNINGS.get(line[at : at + LETTERS], _read_tempfail)(line)


def _read_tempfail(line: str) -> LogRecord | None:
    """Spare most warnings the pattern, by words that all of its messages have: failed logins can fill a log."""
    if "lookup" in line or "queue" in line or "unavailable" in line or "authentication server" in line:
        return postfix.TEMPFAIL.read(line)
    return None


_QUEUED = _by_letters(
    (
        ("to=<", read_delivery),
        *_behind(QUEUED, postfix.ALL),
        *_behind(MAYBE_QUEUED, postfix.ALL),
    ),
    LETTERS_QUEUED,
)


def read_queued(line: str) -> LogRecord | None:
    """Choose by what follows a queue id."""
    reader = _QUEUED.get(line.split(HEAD_END, 2)[-1][:LETTERS_QUEUED])
    return None if reader is None else reader(line)


READERS: dict[str, Reader] = {
    **_by_letters(_plain((*postfix.ALL, *dovecot.MASTER))),
    _WARNING[:LETTERS]: _read_warning,
    "NOQUEUE: "[:LETTERS]: read_queued,
    "imap-login: "[:LETTERS]: _first_of((dovecot.read_login, *(template.read for template in dovecot.LOGIN))),
    "auth: "[:LETTERS]: _first_of(tuple(template.read for template in dovecot.AUTH)),
}
