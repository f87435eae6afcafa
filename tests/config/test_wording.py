"""The words of a fault."""

import msgspec.inspect
import pytest
import yaml

from monitor.config.services import ServiceEntry
from monitor.config.settings import PathSettings
from monitor.config.sources import EdgeSettings, SshSettings
from monitor.config.wording import describe, expected, unknown_key


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (bool, "true or false"),
        (ServiceEntry | None, "a mapping or null"),
        (tuple[int, ...] | None, "a list or null"),
    ],
)
def test_what_is_expected(kind: object, words: str) -> None:
    """A type says what it expects, null last."""
    assert expected(msgspec.inspect.type_info(kind)) == words


def test_what_fields_expect() -> None:
    """Fields say what their kind of text, number or choice is."""
    edge = {field.name: expected(field.type) for field in msgspec.inspect.type_info(EdgeSettings).fields}  # type: ignore[attr-defined]
    ssh = {field.name: expected(field.type) for field in msgspec.inspect.type_info(SshSettings).fields}  # type: ignore[attr-defined]
    entry = {field.name: expected(field.type) for field in msgspec.inspect.type_info(ServiceEntry).fields}  # type: ignore[attr-defined]
    assert edge["ssh"].startswith("a mapping or a name of letters")
    assert ssh["host"] == "a host name or an IP address or null"
    assert entry["protocol"] == "one of smtp, smtps, submission, imaps"
    assert entry["check_node_port"] == "a whole number from 1 to 65535 or null"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b", "a mapping"),
        ("[a]", "a list"),
        ("~", "nothing"),
        ("5", "5"),
        ("'5'", "'5'"),
        ("2001-01-01", "2001-01-01"),
        ("!x y", "a value with the tag '!x'"),
    ],
)
def test_what_is_there(text: str, words: str) -> None:
    """A value is told as it is written."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert node is not None
    assert describe(node) == words


def test_unknown_keys() -> None:
    """A key like a known one is a slip of the pen; of another, all that are known are told."""
    known = [field.encode_name for field in msgspec.inspect.type_info(PathSettings).fields]  # type: ignore[attr-defined]
    assert unknown_key("front-door", known) == "unknown key; did you mean front_door?"
    assert unknown_key("zz", known).startswith("unknown key; known here: name, nodes, services")
    assert unknown_key("zz", []) == "unknown key; known here: none"
