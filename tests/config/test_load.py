"""Whole files: what is sound loads, what is not gives every fault with its place, and nothing else ever comes out."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config.load import at_once, load, load_yaml_mapping, parse, reading
from monitor.config.settings import Settings
from monitor.core.errors import ConfigError
from tests.config.documents import MINIMAL, faults_of

FAULTS = sorted((Path(__file__).parent / "faults").glob("*.yml"))
ENVIRONMENT = {"HUNTER2": "hunter2"}


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.stem)
def test_each_fault_has_its_whole_sentence(file: Path) -> None:
    """A faulty file yields exactly the sentences that its first lines announce, in their order."""
    data = file.read_bytes()
    announced = [line[2:].decode() for line in data.splitlines() if line.startswith(b"# mailpath.yml")]
    assert announced
    assert faults_of(data, ENVIRONMENT) == announced


def test_other_yaml_files(tmp_path: Path) -> None:
    """A file of another format comes out as plain values; what is no mapping of texts is a fault."""
    file = tmp_path / "web.yml"
    file.write_text("basic_auth_users: {alice: x}\n")
    assert load_yaml_mapping(file) == {"basic_auth_users": {"alice": "x"}}
    file.write_text("")
    assert load_yaml_mapping(file) == {}
    for text in ("- a\n", "1: a\n", "a: 2001-99-99\n", "? [a]\n: b\n", "a: !!binary x\n", "a: !x y\n"):
        file.write_text(text)
        with pytest.raises(ConfigError) as caught:
            load_yaml_mapping(file)
        assert len(caught.value.faults) == 1


def test_a_step_at_a_time(tmp_path: Path) -> None:
    """The same settings, or the same faults, with pauses on the way; nothing is read before the first step."""
    file = tmp_path / "mailpath.yml"
    steps = reading(file, check_files=False)
    file.write_bytes(MINIMAL)
    assert sum(1 for _ in steps) > 1
    assert at_once(reading(file, check_files=False)) == load(file, check_files=False) == parse(MINIMAL, "")
    file.write_text("paths: [")
    with pytest.raises(ConfigError):
        at_once(reading(file, check_files=False))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(deadline=None)
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes, settings or a ``ConfigError`` come out."""
    with contextlib.suppress(ConfigError):
        assert isinstance(parse(data, "", environ={}), Settings)


_SCRAPS = st.sampled_from(
    [
        *("paths: ", "- ", "  ", "\n", "\n    ", "name", ": ", "home", "nodes: ", "static", "{", "}", "[", "]", ", "),
        *("tls: ", "server_name", "null", "5s", "~", "*a", "&a ", "<<: ", "? ", "! ", "'", '"', "services: ", "imaps"),
        *("edges: ", "ssh: ", "maillog: ", "checks: ", "interval", "25", ".nan", "2001-01-01", "%", "---\n", "...\n"),
        *("#", "${X}", "$$", "\t", "%YAML 1.1\n", "|\n", ">", "@", "\x00", "\ufeff"),
    ]
)


@given(st.lists(_SCRAPS, max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_yaml(text: str) -> None:
    """Whatever is made of YAML's own signs and our own keys, settings or a ``ConfigError`` come out."""
    with contextlib.suppress(ConfigError):
        assert isinstance(parse(MINIMAL + text.encode(), "", environ={}), Settings)
    with contextlib.suppress(ConfigError):
        assert isinstance(parse(text.encode(), "", environ={}), Settings)
