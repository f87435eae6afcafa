"""Settings written down: YAML with defaults filled in and secrets hidden, and the file's shape as JSON Schema."""

from typing import cast

import msgspec
import yaml

from monitor.config.settings import Settings
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
    """Return plain values as a file holds them: every fraction is a duration, and a dollar sign is written twice."""
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


def json_schema() -> dict[str, Plain]:
    """Describe the file in JSON Schema (draft 2020-12), every block in place.

    There are no references and no identifiers in it, so it can be put into another schema as it is, such as a Helm
    chart's ``values.schema.json``.
    """
    schema = msgspec.json.schema(Settings)
    inlined = cast("dict[str, Plain]", _inlined(schema, schema["$defs"]))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **inlined}


def _inlined(schema: Plain, definitions: dict[str, Plain]) -> Plain:
    if isinstance(schema, list):
        return [_inlined(inner, definitions) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        schema = {**cast("dict[str, Plain]", definitions[reference.removeprefix("#/$defs/")]), **schema}
    inlined = {key: _inlined(inner, definitions) for key, inner in schema.items() if key not in ("$ref", "$defs")}
    if "default" in inlined:
        inlined["default"] = as_written(inlined["default"])
    if inlined.get("type") == "number":
        inlined["type"] = "string"  # msgspec knows a duration by what it is in memory, a schema by what is written
    return inlined
