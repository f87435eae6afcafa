"""Settings written down: YAML with defaults filled in and secrets hidden."""

import msgspec
import yaml

from monitor.config.values import Secret, render_duration

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None


def show(settings: msgspec.Struct) -> str:
    """Write settings, all or a block of them, as YAML that reads as the same settings, but for secrets."""
    plain = msgspec.to_builtins(settings, enc_hook=_hidden)
    return yaml.safe_dump(as_written(plain), sort_keys=False, allow_unicode=True, width=120)


def _hidden(value: object) -> str:
    if isinstance(value, Secret):
        return repr(value)
    raise NotImplementedError(type(value))


def as_written(value: Plain) -> Plain:
    """Give plain values as a file holds them: every fraction is a duration, and a dollar sign is written twice."""
    match value:
        case dict():
            return {key: as_written(inner) for key, inner in value.items()}
        case list() | tuple():
            return [as_written(inner) for inner in value]
        case float():
            return render_duration(value)
        case str():
            return value.replace("$", "$$")
    return value
