"""A YAML file as a tree of nodes, each of which knows its line and column; bounded, and one document only."""

from pathlib import Path
from typing import NamedTuple

import yaml

from monitor.config.faults import Mark
from monitor.core.errors import ConfigError, Fault

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32

_FAST_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Position(NamedTuple):
    """A place in a text, line and column from 0, as in YAML's own marks."""

    line: int
    column: int


def read_bytes(path: Path) -> bytes:
    """Read a configuration file; raises ``ConfigError`` where it cannot be read or is beyond ``MAX_BYTES``."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(Fault(str(path), f"cannot be read: {reason}")) from error
    return data


def compose(data: bytes, file: str) -> yaml.Node | None:
    """Make the tree of a file's one document, ``None`` where it holds none; raises ``ConfigError`` with one fault."""
    if len(data) > MAX_BYTES:
        raise ConfigError(Fault(file, f"larger than {MAX_BYTES // 1024} KiB, more than a configuration can be"))
    text = _decode(data, file)
    try:
        try:
            return _compose(text, file, _FAST_LOADER)
        except yaml.YAMLError:
            # libyaml is quick, PyYAML's own parser names the character that it stumbled over.
            return _compose(text, file, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        message = f"{error.context}: {error.problem}" if error.context else f"{error.problem}"
        raise _fault(file, error.problem_mark or error.context_mark, f"not YAML: {message}") from error
    except yaml.reader.ReaderError as error:
        mark = _position(text, error.position)
        raise _fault(
            file, mark, f"not YAML: the control character U+{_code(error.character):04X} is not allowed"
        ) from error


def _compose(text: str, file: str, loader: type[yaml.SafeLoader | yaml.CSafeLoader]) -> yaml.Node | None:
    _refuse_depth_and_more_documents(text, file, loader)
    return yaml.compose(text, Loader=loader)


def _refuse_depth_and_more_documents(text: str, file: str, loader: type[yaml.SafeLoader | yaml.CSafeLoader]) -> None:
    # The composer recurses; events come one by one, so the depth is known before anything is deep.
    depth = documents = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _fault(file, event.start_mark, f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                message = "a second document begins here; one file holds one configuration"
                raise _fault(file, event.start_mark, message)


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        mark = _position(data[: error.start].decode("utf-8-sig"), error.start)
        raise _fault(file, mark, f"not UTF-8: the byte 0x{data[error.start]:02x}") from error


def _position(text: str, offset: int) -> _Position:
    before = text[:offset]
    line = before.count("\n")
    return _Position(line, len(before) - before.rfind("\n") - 1)


def _code(character: str | bytes | int) -> int:
    return character if isinstance(character, int) else ord(character)


def _fault(file: str, mark: Mark | None, message: str) -> ConfigError:
    return ConfigError(Fault(f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file, message))
