"""What a block of lines looks like of which not one was recognised: how many are a mail server's, and one of them.

Looked at only then, so that a log that is read pays nothing for it. The example leaves the house, on the page and in
alerts: what may be an address, a name of a person or a number in it is masked.
"""

import re
from typing import NamedTuple

MAX_EXAMPLE = 160
_MASK = "\N{HORIZONTAL ELLIPSIS}"
# Wherever it stands in the line: what is put around it may be the very thing that is not understood.
_TAGGED = re.compile(r"\b(?P<tag>(?:postfix|dovecot)(?:/[\w.-]{1,64}){0,3})(?:\[\d{1,9}\])?: (?P<message>.*)", re.ASCII)
_TELLING = re.compile(r"[@=<\d]")
_UNPRINTABLE = re.compile(r"[^ -~]")


class Unread(NamedTuple):
    """How many lines are tagged postfix or dovecot, and the masked example: one of them, or else any (``""``: none)."""

    tagged: int
    example: str


def look_at_unread(block: bytes) -> Unread:
    """Count the lines of Postfix and Dovecot, and mask the first of them."""
    tagged, first, other = 0, "", ""
    for line in block.decode("latin-1").split("\n"):
        found = _TAGGED.search(line)
        if found is None:
            other = other or _masked(line)
            continue
        tagged += 1
        first = first or f"{found['tag']}: {_masked(found['message'])}"[:MAX_EXAMPLE]
    return Unread(tagged, first or other)


def _masked(text: str) -> str:
    """Mask each word that holds a digit or one of ``@=<``; the rest as printable ASCII, bounded."""
    words = (
        _MASK if _TELLING.search(word) else _UNPRINTABLE.sub("?", word) for word in text[: 8 * MAX_EXAMPLE].split()
    )
    return " ".join(words)[:MAX_EXAMPLE]
