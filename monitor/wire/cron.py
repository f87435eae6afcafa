"""How often a schedule comes round: the plain forms of crontab(5), which nearly every CronJob has."""

import re

_STEP = re.compile(r"\A\*/([1-9]\d?)\Z")
_FIXED = re.compile(r"\A\d{1,2}\Z")
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_MACROS = {"@hourly": _HOUR, "@daily": _DAY, "@midnight": _DAY}
_FIELDS = 5


def longest_pause(schedule: str) -> float | None:
    """Return the seconds between two runs, the longest where they differ; ``None`` for what is not a plain form.

    Plain are ``*``, ``*/N`` and one number, for minute and hour, on every day.
    """
    fields = schedule.split()
    if len(fields) != _FIELDS or fields[2:] != ["*", "*", "*"]:
        return _MACROS.get(schedule)
    minute, hour = fields[:2]
    if hour == "*":
        return _pause(minute, _MINUTE, _HOUR)
    # within an hour the minutes may be as they like: the hours without any are longer
    return _pause(hour, _HOUR, _DAY) if _pause(minute, _MINUTE, _HOUR) is not None else None


def _pause(field: str, unit: float, whole: float) -> float | None:
    if field == "*":
        return unit
    if _FIXED.match(field):
        return whole
    step = _STEP.match(field)
    # ``*/40`` runs at 0 and 40: 40 minutes, then 20
    return None if step is None else min(int(step[1]) * unit, whole)
