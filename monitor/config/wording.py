"""The words of a fault: what was expected, and what stands there instead."""

import difflib
from collections.abc import Iterable

import msgspec.inspect as mi
import yaml

from monitor.config.faults import shortened
from monitor.config.values import Scalar

TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(f"{TAG}{name}" for name in ("int", "float", "bool", "timestamp"))


def expected(kind: mi.Type) -> str:
    """What a type expects: the words after ``expected``."""
    match kind:
        case mi.Metadata(extra={"scalar": Scalar() as scalar}):
            words = scalar.expected
        case mi.Metadata(type=inner):
            words = expected(inner)
        case mi.UnionType(types=members):
            words = " or ".join(dict.fromkeys(expected(member) for member in _null_last(members)))
        case mi.IntType(ge=least, le=most):
            words = f"a whole number from {least} to {most}"
        case mi.BoolType():
            words = "true or false"
        case mi.EnumType(cls=cls):
            words = f"one of {', '.join(str(member.value) for member in cls)}"
        case mi.LiteralType(values=values):
            words = f"one of {', '.join(str(value) for value in values)}"
        case mi.VarTupleType():
            words = "a list"
        case mi.NoneType():
            words = "null"
        case _:
            words = "a mapping"
    return words


def _null_last(kinds: Iterable[mi.Type]) -> list[mi.Type]:
    return sorted(kinds, key=lambda kind: isinstance(kind, mi.NoneType))


def is_null(node: yaml.Node) -> bool:
    """Whether a node is null, or nothing at all after its key."""
    return isinstance(node, yaml.ScalarNode) and node.tag == f"{TAG}null"


def is_plain(node: yaml.Node) -> bool:
    """Whether a node is a number, a date or a boolean, which quotes would make a text."""
    return node.tag in _PLAIN_TAGS


def describe(node: yaml.Node) -> str:
    """What a node is: the words after ``got``; a text is quoted, bounded and on one line."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if is_null(node):
        return "nothing"
    if node.tag == f"{TAG}str":
        return shortened(node.value)
    if is_plain(node):
        return shortened(node.value)[1:-1]
    return f"a value with the tag {shortened(node.tag.replace(TAG, '!!'))}"


def unknown_key(key: str, known: list[str]) -> str:
    """The words for an unknown key, with the one that may have been meant, else all that are known."""
    close = difflib.get_close_matches(key, known, n=1)
    return (
        f"unknown key; did you mean {close[0]}?" if close else f"unknown key; known here: {', '.join(known) or 'none'}"
    )


def description(kind: mi.Type) -> str:
    """Return a field's description, as the JSON Schema carries it."""
    return str((kind.extra_json_schema or {}).get("description", "")) if isinstance(kind, mi.Metadata) else ""
