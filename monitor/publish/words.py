"""The small parts that every view of a path is made of: a state, a moment, a length of time, a command to copy."""

import re
from collections.abc import Sequence

from monitor.core.moments import rfc3339, utc
from monitor.core.runbook import Remedy
from monitor.publish.markup import Markup, tag, together
from monitor.publish.picture import Level

# The same as shape and colour, for those who see neither.
LEVEL_WORDS = {Level.OK: "fine", Level.UNKNOWN: "unknown", Level.WARN: "ailing", Level.BAD: "broken"}
FIRST_ITEMS = 3
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_CODE = re.compile("`([^`]+)`")


def duration(seconds: float) -> str:
    """Write a duration as people say it: ``340 ms``, ``12 s``, ``3 min``, ``2 h``, ``4 d``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - two digits are enough


def moment(at: float, form: str = "%H:%M:%S") -> Markup:
    """Write a moment (epoch seconds) in UTC; the script turns it into the reader's own time."""
    return tag("time", utc(at, form), datetime=rfc3339(at))


def mark(level: Level) -> Markup:
    """Draw a state: a shape of its own for each level, drawn by the stylesheet."""
    return tag("span", class_=f"mark {level}", aria_hidden="true")


def badge(level: Level, *text: str) -> Markup:
    """Write a state with its mark; the text says the same as shape and colour."""
    return tag("span", mark(level), *text, class_=f"badge {level}")


def breakable(name: str) -> Markup:
    """Let a long name be broken behind its underscores, where a reader would break it."""
    first, *others = name.split("_")
    return together(first, *(part for other in others for part in ("_", tag("wbr"), other)))


def prose(text: str) -> Markup:
    """Write a sentence; what stands between a pair of backticks is code, as in Markdown, a lone one is itself."""
    *pairs, last = _CODE.split(text)
    parts = [part for said, code in zip(pairs[::2], pairs[1::2], strict=True) for part in (said, tag("code", code))]
    return together(*parts, last)


def remedy(next_step: Remedy) -> Markup:
    """Write what to do next: the words as prose, and only a command with a button that copies it."""
    words = tag("p", prose(next_step.words), class_="remedy")
    return words if next_step.command is None else together(words, command(next_step.command))


def command(text: str) -> Markup:
    """Write a command to be copied."""
    button = tag("button", "Copy", type="button", class_="copy", hidden="", aria_label=f"Copy: {text}")
    return tag("div", tag("code", text), button, class_="command")


def listing(title: str, items: Sequence[str]) -> Markup:
    """Write a titled list; a long one is folded, so that it does not push away what else there is to read."""
    first, others = items[:FIRST_ITEMS], items[FIRST_ITEMS:]
    if len(others) == 1:  # as short as the word that would hide it
        first, others = items, ()
    folded = tag("details", tag("summary", f"{len(others)} more"), _items(others)) if others else ""
    return tag("div", tag("h3", title), _items(first), folded)


def _items(items: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", prose(item)) for item in items))


def card(title: str, *content: str, kind: str = "") -> Markup:
    """Write a titled card."""
    return tag("section", tag("h3", title), *content, class_=f"card {kind}".strip())
