"""What is handed in by POST, read with care: a fault is one sentence that says what was expected."""

import json
import math
from collections.abc import Mapping, Sequence

from monitor.core.status import PathStatus

LONGEST_SHOWN = 80


class ReportError(ValueError):
    """What was handed in is of no use; says what was expected."""


def text_of(body: bytes, expected: str) -> str:
    """Decode a body.

    Raises:
        ReportError: it is not UTF-8.
    """
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ReportError(f"expected {expected}, in UTF-8") from error


def object_of(text: str) -> Mapping[str, object]:
    """Read a JSON object.

    Raises:
        ReportError: it is none.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError("expected a JSON object, and this is no JSON") from error
    if not isinstance(document, dict):
        raise ReportError("expected a JSON object, got a list")
    return document


def path_of(name: object, statuses: Sequence[PathStatus]) -> PathStatus:
    """Find the path of this name; without a name the only one.

    Raises:
        ReportError: there is none.
    """
    chosen = [status for status in statuses if name in {None, status.name}] if isinstance(name, str | None) else []
    if len(chosen) != 1:
        names = ", ".join(status.name for status in statuses)
        raise ReportError(f"path: expected one of {names}, got {shown(name)}")
    return chosen[0]


def seconds_of(key: str, value: object, longest: float) -> float:
    """Read a number of seconds.

    Raises:
        ReportError: it is none, negative, or too many.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= longest:
        raise ReportError(f"{key}: expected a number from 0 to {longest:.0f}, got {shown(value)}")
    return float(value)


def line_of(key: str, value: object, longest: int) -> str:
    """Read a text as one line, cut to a length; absent it is empty.

    Raises:
        ReportError: it is no text.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ReportError(f"{key}: expected a text, got {shown(value)}")
    return "".join(each if each.isprintable() else " " for each in value[:longest])


def shown(value: object) -> str:
    """Quote a value for a sentence; a number that is no number is one all the same."""
    if value is None:
        return "nothing"
    if isinstance(value, float) and not math.isfinite(value):
        return "no finite number"
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
