"""The file's shape as JSON Schema, made from the same types that read it."""

from typing import cast

import msgspec

from monitor.config.settings import Settings
from monitor.config.show import Plain, as_written


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
