"""A file as a tree: bounded in size and depth, UTF-8, one document, and every fault of syntax in its place."""

from pathlib import Path

import pytest
import yaml

from monitor.config.document import MAX_DEPTH, compose
from monitor.config.load import load
from monitor.core.errors import ConfigError
from tests.config.documents import faults_of


def test_size_is_bounded() -> None:
    """A file that no configuration could be is refused before it is read as YAML."""
    assert faults_of(b"#" * 300_000) == ["mailpath.yml: larger than 256 KiB, more than a configuration can be"]


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that is missing, or is none, is the operator's fault, in the system's words."""
    for path, reason in ((tmp_path / "mailpath.yml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as caught:
            load(path, check_files=False)
        assert str(caught.value) == f"{path}: cannot be read: {reason}"


def test_depth_is_bounded() -> None:
    """Nesting is followed to the bound and no deeper: the composer recurses."""
    assert isinstance(compose(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "a.yml"), yaml.SequenceNode)
    with pytest.raises(ConfigError, match=f"^a.yml:1:{MAX_DEPTH + 1}: nested deeper than"):
        compose(b"[" * 200_000, "a.yml")


def test_an_empty_file_has_no_tree() -> None:
    """Nothing, comments and a byte order mark are no document."""
    assert [compose(data, "") for data in (b"", b"# mailpath\n", b"\xef\xbb\xbf")] == [None, None, None]


@pytest.mark.parametrize(
    ("data", "place"),
    [(b"a: \xff", "1:4"), (b"a: b\n\xc3\xa4\xc3", "2:2"), (b"a: b\n c: d\n", "2:3"), (b"a: \x07", "1:4")],
)
def test_faults_of_syntax_have_their_place(data: bytes, place: str) -> None:
    """Line and column count from 1, in characters, whoever found the fault."""
    with pytest.raises(ConfigError, match=f"^a.yml:{place}: not "):
        compose(data, "a.yml")
