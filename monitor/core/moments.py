"""Moments as numbers and as text: seconds since the epoch, RFC 3339 and UTC.

The one module of the pure rooms that imports ``datetime``, and only for its arithmetic: it never asks which time it is,
nor which zone the machine is in.
"""

from datetime import UTC, datetime


def seconds_of(written: str) -> float | None:
    """Parse an RFC 3339 time to seconds since the epoch; ``None`` for anything else, such as a time without a zone."""
    try:
        moment = datetime.fromisoformat(written)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def start_of_day(year: int, month: int, day: int) -> float | None:
    """The first moment of a date in UTC, in seconds since the epoch; ``None``: the calendar has no such date."""
    try:
        return datetime(year, month, day, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def rfc3339(at: float) -> str:
    """Write seconds since the epoch as RFC 3339 in UTC, to the second: ``2026-04-19T06:25:00+00:00``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def utc(at: float, form: str = "%Y-%m-%d %H:%M") -> str:
    """Write seconds since the epoch for people (``form`` as in ``strftime``): ``2026-04-19 06:25 UTC``."""
    return f"{datetime.fromtimestamp(at, UTC):{form}} UTC"
