"""The file of what is remembered: whole or not at all, for its owner alone."""

import os
import stat
from pathlib import Path

import pytest

from monitor.core.errors import LinkError
from monitor.core.taxonomy import Reason
from monitor.links import state_file
from monitor.links.state_file import StateFile


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """The last content, nothing beside it, readable by the owner alone whatever the umask says."""
    file = StateFile(tmp_path / "state.json")
    before = os.umask(0)
    try:
        file.write(b"a long first content")
        file.write(b"second")
    finally:
        os.umask(before)
    assert file.read() == b"second"
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_write_that_was_cut_short_is_never_seen(tmp_path: Path) -> None:
    """What a killed process has left beside the file is neither read nor in the way."""
    file = StateFile(tmp_path / "state.json")
    file.write(b"whole")
    (tmp_path / "state.json.new").write_bytes(b"ha")
    assert file.read() == b"whole"
    file.write(b"new")
    assert file.read() == b"new"


def test_what_cannot_be_replaced_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old position would count its lines again: better none."""
    file = StateFile(tmp_path / "state.json")
    file.write(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(LinkError, match="No space left on device") as caught:
        file.write(b"new")
    assert caught.value.reason is Reason.LOCAL_ERROR
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    """Whoever else may write in the directory cannot make us overwrite another file."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "state.json.new").symlink_to(victim)
    with pytest.raises(LinkError):
        StateFile(tmp_path / "state.json").write(b"new")
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["absent", "directory", "fifo", "large", "no directory"])
def test_what_cannot_be_read_is_a_link_error(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and with the reason."""
    path = tmp_path / "state.json"
    expected = Reason.LOCAL_ERROR
    match kind:
        case "absent":
            expected = Reason.NOT_FOUND
        case "directory":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "large":
            monkeypatch.setattr(state_file, "SIZE_LIMIT", 3)
            path.write_bytes(b"four")
            expected = Reason.TOO_LARGE
        case "no directory":
            path = tmp_path / "gone" / "state.json"
            expected = Reason.NOT_FOUND
            with pytest.raises(LinkError):
                StateFile(path).write(b"new")
    with pytest.raises(LinkError) as caught:
        StateFile(path).read()
    assert caught.value.reason is expected
