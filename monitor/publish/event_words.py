"""Events as people read them."""

from collections.abc import Callable, Mapping

from monitor.core.maintenance import NO_REASON
from monitor.core.verdicts import Hop, Verdict
from monitor.publish.event_memory import Event
from monitor.publish.picture import Level, level_of

Fields = Mapping[str, str]
_HOPS: Mapping[str, Level] = {Hop.NONE: Level.OK, Hop.MONITOR: Level.UNKNOWN}
_LEVELS = {"debug": Level.UNKNOWN, "info": Level.OK, "warning": Level.WARN, "error": Level.BAD}


def level_of_event(event: Event) -> Level:
    """Give what an event means for the path; what is unusual but no state is as in the log."""
    after = event.fields.get("after", "")
    match event.name:
        case "verdict.changed":
            return level_of(Verdict(after))
        case "diagnosis.changed":
            return _HOPS.get(after, Level.BAD)
        case _:
            return _LEVELS.get(event.level, Level.UNKNOWN)


def words_of_event(event: Event) -> str:
    """Say an event in one sentence; one that is not known here by its name and fields."""
    write = _SENTENCES.get(event.name)
    if write is not None:
        return write(event.fields) + (" (expected: maintenance)" if "expected" in event.fields else "")
    return " ".join((event.name, *(f"{key}={value}" for key, value in event.fields.items())))


def _diagnosis(fields: Fields) -> str:
    if fields["after"] == Hop.NONE:
        return f"{fields['before']} is mended: {fields['detail']}"
    return f"{fields['after']}: {fields['detail']}"


def _verdict(fields: Fields) -> str:
    return f"{fields['node']} {fields['service']}: {fields['before']} → {fields['after']}"


def _server(fields: Fields) -> str:
    return f"HAProxy's {fields['backend']}/{fields['server']}: {fields['before']} → {fields['after']}"


def _why(fields: Fields) -> str:
    return ": ".join(fields[key] for key in ("reason", "detail") if fields.get(key))


_SENTENCES: dict[str, Callable[[Fields], str]] = {
    "diagnosis.changed": _diagnosis,
    "verdict.changed": _verdict,
    "haproxy.server_state_changed": _server,
    "haproxy.unreachable": lambda fields: f"HAProxy on {fields['node']} does not answer: {_why(fields)}",
    "haproxy.recovered": lambda fields: f"HAProxy on {fields['node']} answers again",
    "maillog.stalled": lambda fields: f"the mail log ({fields['source']}) stands still: {_why(fields)}",
    "maillog.recovered": lambda fields: f"the mail log ({fields['source']}) flows again",
    "maintenance.began": lambda fields: f"maintenance until {fields['until']}: {fields['detail'] or NO_REASON}",
    "maintenance.ended": lambda _fields: "the maintenance has ended: what is broken now is not expected",
    "negative.accepted": lambda fields: f"{fields['probe']} on {fields['node']}: what must be refused was accepted",
    "probe.bug": lambda fields: f"a bug of mailpath in {fields['task']}: see its log",
}
