"""From the tree of a YAML file to typed settings, field by field, noting every fault on the way.

The types say it all: which keys there are, what each is, what it defaults to (``msgspec.inspect``). What is at fault is
noted and replaced by its default, so that reading goes on to the next fault.
"""

import re
from collections.abc import Mapping

import msgspec.inspect as mi
import yaml

from monitor.config.faults import Faults, below
from monitor.config.values import Scalar, VariableError, expand
from monitor.config.wording import TAG, describe, description, expected, is_null, is_plain, unknown_key

# Far beyond any configuration; aliases of aliases multiply without end.
MAX_VALUES = 200_000

_MERGE = f"{TAG}merge"
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)
_TRUE = frozenset({"true", "yes", "on"})  # YAML 1.1: what else has the tag is false


class TooManyValuesError(Exception):
    """Reading was given up, since aliases multiply what the file holds."""


class _Broken:
    """Stands for a value that could not be read."""


_BROKEN = _Broken()
_Pairs = dict[str, tuple[yaml.Node, yaml.Node]]


class Reader:
    """Reads nodes as types; faults and places go to ``faults``, ``${NAME}`` comes from ``environ``."""

    def __init__(self, faults: Faults, environ: Mapping[str, str]) -> None:
        """Begin a file."""
        self._faults = faults
        self._environ = environ
        self._values = 0

    def read(self, node: yaml.Node, kind: mi.Type, place: str) -> object:
        """Read a node as a type; what is at fault is noted, and ``_BROKEN`` or a stand-in is given."""
        self._count()
        self._faults.places[place] = node.start_mark
        chosen, scalar = _choose(kind, node)
        match chosen, node:
            case mi.StructType(), yaml.MappingNode():
                value = self._struct(node, chosen, place)
            case mi.DictType(), yaml.MappingNode():
                value = self._dict(node, chosen, place)
            case mi.VarTupleType(), yaml.SequenceNode():
                value = self._tuple(node, chosen, place)
            case mi.NoneType(), _:
                value = None
            case mi.Type(), yaml.ScalarNode() if scalar is not None:
                value = self._text(node, scalar, kind, place)
            case mi.Type(), yaml.ScalarNode():
                value = self._scalar(node, chosen, kind, place)
            case _:
                value = self._unexpected(place, kind, describe(node))
        return value

    def _count(self) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise TooManyValuesError

    def _unexpected(self, place: str, kind: mi.Type, got: str) -> object:
        self._faults.add(place, f"expected {expected(kind)}, got {got}")
        return _BROKEN

    def _struct(self, node: yaml.MappingNode, kind: mi.StructType, place: str) -> object:
        pairs = self._pairs(node, place)
        known = [field.encode_name for field in kind.fields]
        for key in pairs.keys() - set(known):
            self._faults.add(below(place, key), unknown_key(key, known), pairs[key][0].start_mark)
        values: dict[str, object] = {}
        for field in kind.fields:
            inner = below(place, field.encode_name)
            if field.encode_name in pairs:
                value = self.read(pairs[field.encode_name][1], field.type, inner)
            elif field.required:
                value = self._missing(node, field, inner)
            else:
                continue
            if value is not _BROKEN:
                values[field.name] = value
            elif field.required:
                values[field.name] = _stand_in(field.type)
        return kind.cls(**values)

    def _missing(self, node: yaml.MappingNode, field: mi.Field, place: str) -> object:
        bare, _ = _bare(field.type)
        if isinstance(bare, mi.StructType):
            # An absent block is read as an empty one: the faults are its own missing keys.
            empty = yaml.MappingNode(f"{TAG}map", [], node.start_mark, node.end_mark)
            return self.read(empty, field.type, place)
        self._faults.add(place, f"missing, and there is no default. {description(field.type)}", node.start_mark)
        return _BROKEN

    def _dict(self, node: yaml.MappingNode, kind: mi.DictType, place: str) -> object:
        result: dict[str, object] = {}
        _, keys = _bare(kind.key_type)
        for key, (key_node, value_node) in self._pairs(node, place).items():
            inner = below(place, key)
            if keys is not None and not _parses(keys, key):
                self._faults.add(inner, f"expected {keys.expected}, as key", key_node.start_mark)
                continue
            value = self.read(value_node, kind.value_type, inner)
            if value is not _BROKEN:
                result[key] = value
        return result

    def _tuple(self, node: yaml.SequenceNode, kind: mi.VarTupleType, place: str) -> object:
        if kind.min_length and not node.value:
            self._faults.add(place, "expected at least one entry, got an empty list")
        items = (self.read(item, kind.item_type, f"{place}[{index}]") for index, item in enumerate(node.value))
        # Something stands for what is broken: the others must keep their places.
        return tuple(_stand_in(kind.item_type) if item is _BROKEN else item for item in items)

    def _pairs(self, node: yaml.MappingNode, place: str, merging: tuple[yaml.Node, ...] = ()) -> _Pairs:
        """Return a mapping's keys and values; what ``<<`` merges in yields to what stands in the mapping itself."""
        own: _Pairs = {}
        merged: _Pairs = {}
        for key_node, value_node in node.value:
            self._count()
            if not isinstance(key_node, yaml.ScalarNode):
                self._faults.add(place, f"expected a text as key, got {describe(key_node)}", key_node.start_mark)
            elif key_node.tag == _MERGE:
                for source in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    if isinstance(source, yaml.MappingNode) and source not in (node, *merging):
                        merged = self._pairs(source, place, (node, *merging)) | merged
                    else:
                        got = "itself" if source in (node, *merging) else describe(source)
                        message = f"expected a mapping to merge, got {got}"
                        self._faults.add(below(place, "<<"), message, source.start_mark)
            elif key_node.value in own:
                first = own[key_node.value][0].start_mark.line + 1
                message = f"given twice, first on line {first}"
                self._faults.add(below(place, key_node.value), message, key_node.start_mark)
            else:
                own[key_node.value] = (key_node, value_node)
        return merged | own

    def _scalar(self, node: yaml.ScalarNode, chosen: mi.Type, kind: mi.Type, place: str) -> object:
        text = node.value
        match chosen, node.tag.removeprefix(TAG):
            case mi.IntType(ge=least, le=most), "int" if _WHOLE_NUMBER.fullmatch(text):
                number = int(text)
                if (least is None or number >= least) and (most is None or number <= most):
                    return number
            case mi.BoolType(), "bool":
                return text.lower() in _TRUE
            case mi.EnumType(cls=cls), "str" if text in {member.value for member in cls}:
                return cls(text)
            case mi.LiteralType(values=values), "str" if text in values:
                return text
        return self._unexpected(place, kind, describe(node))

    def _text(self, node: yaml.ScalarNode, scalar: Scalar, kind: mi.Type, place: str) -> object:
        got = "something else" if scalar.secret else describe(node)
        if node.tag != f"{TAG}str":
            hint = " (put it in quotes)" if is_plain(node) and _parses(scalar, node.value) else ""
            return self._unexpected(place, kind, f"{got}{hint}")
        try:
            text = expand(node.value, self._environ)
        except VariableError as error:
            self._faults.add(place, str(error))
            return _BROKEN
        if not _parses(scalar, text):
            # What a variable holds may be a secret that went astray: the fault shows the reference alone.
            return self._unexpected(place, kind, got if text == node.value else f"what {got} stands for")
        return scalar.parse(text)


def _bare(kind: mi.Type) -> tuple[mi.Type, Scalar | None]:
    """Unwrap a type's annotations; give the scalar among them."""
    scalar = None
    while isinstance(kind, mi.Metadata):
        scalar = (kind.extra or {}).get("scalar", scalar)
        kind = kind.type
    return kind, scalar


def _choose(kind: mi.Type, node: yaml.Node) -> tuple[mi.Type | None, Scalar | None]:
    """Return the member of a union that a node may be, by its shape; of another type, that type itself."""
    bare, scalar = _bare(kind)
    members = [_bare(member) for member in bare.types] if isinstance(bare, mi.UnionType) else [(bare, scalar)]
    return next(((member, scalar) for member, scalar in members if _fits(member, node)), (None, None))


def _fits(kind: mi.Type, node: yaml.Node) -> bool:
    if isinstance(kind, mi.NoneType):
        return is_null(node)
    if isinstance(kind, (mi.StructType, mi.DictType)):
        return isinstance(node, yaml.MappingNode)
    if isinstance(kind, mi.VarTupleType):
        return isinstance(node, yaml.SequenceNode)
    return isinstance(node, yaml.ScalarNode) and not is_null(node)


def _parses(scalar: Scalar, text: str) -> bool:
    try:
        scalar.parse(text)
    except ValueError:
        return False
    return True


def _stand_in(kind: mi.Type) -> object:
    """Return something of a required type, so that the rest can still be judged; its fault is noted already."""
    bare, _ = _bare(kind)
    if isinstance(bare, mi.StructType):
        return bare.cls(**{field.name: _stand_in(field.type) for field in bare.fields if field.required})
    return () if isinstance(bare, mi.VarTupleType) else ""
