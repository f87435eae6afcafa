"""The JSON Schema: it describes the file that the reader takes, and can be put into another schema."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.load import parse
from monitor.config.show import json_schema
from monitor.core.errors import ConfigError
from tests.config.documents import COMPLETE

SCHEMA: dict[str, Any] = json_schema()
DOCUMENT: dict[str, Any] = yaml.safe_load(COMPLETE)
_KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


def accepts(schema: dict[str, Any], value: object) -> bool:
    """Judge a value by the part of JSON Schema (draft 2020-12) that is used here, and by no more than that."""
    unknown = schema.keys() - {
        *("$schema", "title", "description", "default", "examples", "type", "properties", "required", "enum"),
        "writeOnly",
        *(
            "additionalProperties",
            "propertyNames",
            "items",
            "minItems",
            "anyOf",
            "pattern",
            "minLength",
            "minimum",
            "maximum",
        ),
    }
    assert not unknown
    if "anyOf" in schema and not any(accepts(each, value) for each in schema["anyOf"]):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    kind = schema.get("type")
    if kind is not None and (not isinstance(value, _KINDS[kind]) or (kind == "integer" and isinstance(value, bool))):
        return False
    return all(_parts_accepted(schema, value))


def _parts_accepted(schema: dict[str, Any], value: object) -> Iterator[bool]:
    if isinstance(value, dict) and schema.get("type") == "object":
        known = schema.get("properties", {})
        yield set(schema.get("required", [])) <= value.keys()
        for key, inner in value.items():
            yield accepts(schema.get("propertyNames", {}), key)
            rest = schema.get("additionalProperties", True)
            yield accepts(known[key], inner) if key in known else rest is not False and accepts(rest, inner)
    elif isinstance(value, list):
        yield len(value) >= schema.get("minItems", 0)
        yield from (accepts(schema.get("items", {}), each) for each in value)
    elif isinstance(value, str):
        yield len(value) >= schema.get("minLength", 0)
        yield re.search(schema.get("pattern", ""), value) is not None
    elif isinstance(value, int):
        yield schema.get("minimum", value) <= value <= schema.get("maximum", value)


def blocks(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give a schema and all within it."""
    yield schema
    rest = schema.get("additionalProperties")
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [each for each in (rest, schema.get("items")) if isinstance(each, dict)]
    for each in inner:
        yield from blocks(each)


def leaves(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the key paths of a document, inner ones included."""
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, (*place, key))


def test_it_stands_by_itself() -> None:
    """It is plain JSON, names its draft, and refers to nothing, so it can be put anywhere."""
    text = json.dumps(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$ref" not in text
    assert "$defs" not in text
    assert "$id" not in text


def test_every_block_refuses_unknown_keys_and_every_key_is_described() -> None:
    """The documentation is made from it: nothing may lack its description, and nothing unknown may pass."""
    for block in blocks(SCHEMA):
        if "properties" in block:
            assert block["additionalProperties"] is False
            assert block["description"]
            assert all(each.get("description", "").endswith(".") for each in block["properties"].values())


def test_defaults_and_examples_are_written_as_in_the_file() -> None:
    """Every default and every example is one that the same schema takes: durations as text, not as seconds."""
    shown = [(each, each["default"]) for each in blocks(SCHEMA) if "default" in each]
    shown += [(each, example) for each in blocks(SCHEMA) for example in each.get("examples", [])]
    assert len(shown) > 80
    assert all(accepts(schema, value) for schema, value in shown)


def test_the_documented_configuration_is_valid() -> None:
    """What is documented is valid by both measures."""
    assert accepts(SCHEMA, DOCUMENT)
    assert parse(COMPLETE, "").paths


def replaced(document: Any, place: tuple[str | int, ...], value: object) -> Any:  # noqa: ANN401 - any JSON
    """Give a document with another value at a place."""
    if not place:
        return value
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[place[0]] = replaced(document[place[0]], place[1:], value)
    return copy


_SHAPE = re.compile(
    r"expected (a mapping|a list|a whole|true or|one of|null|a duration|at least)|missing, and there|unknown key"
)
_SCALARS = st.sampled_from(
    [None, True, False, 0, 1, 25, 70000, 10**9, -1, 2.5, "5s", "1h", "0s", "5", "two words", "", "silent", "smtp"]
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "file", "services", "interval"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.sampled_from(list(leaves(DOCUMENT))), _VALUES)
@settings(max_examples=120, deadline=None)
def test_reader_and_schema_agree(place: tuple[str | int, ...], value: object) -> None:
    """With any value anywhere, what the schema refuses has faults, and what it takes has none of shape or type.

    The reader knows more about texts (addresses, networks, hosts) and about how keys fit together.
    """
    document = replaced(DOCUMENT, place, value)
    try:
        parse(yaml.safe_dump(document).encode(), "")
        faults = []
    except ConfigError as error:
        faults = [fault.message for fault in error.faults]
    if accepts(SCHEMA, document):
        assert [fault for fault in faults if _SHAPE.match(fault)] == []
    else:
        assert faults
