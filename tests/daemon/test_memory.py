"""What outlives the process: kept, taken up again, and given up without harm."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitor.core.maintenance import Maintenance
from monitor.core.roundtrip import Roundtrip, Step, Via
from monitor.daemon.memory import Memory
from monitor.links.kube_cursor import Cursor
from monitor.links.state_file import StateFile

FILE_POSITION = {"inode": 7, "offset": 123, "fingerprint": "00ff"}
POD_POSITION = {"pod": "uid", "container": "containerd://1", "since": "2026-11-22T08:25:33Z", "seen": ["ab", "cd"]}


def remembering(path: Path) -> tuple[Memory, list[Any]]:
    """Load what is in a file; gives the memory and what was logged."""
    with capture_logs() as logs:
        memory = Memory(StateFile(path))
        memory.load()
    return memory, logs


def test_a_position_outlives_the_process_for_its_own_source_alone(tmp_path: Path) -> None:
    """Another path, another file, another kind of source: none of them is to begin there."""
    file = tmp_path / "state.json"
    memory, logs = remembering(file)
    assert [each["event"] for each in logs] == ["state.absent"]
    memory.passed("home", "file /var/log/mail.log", "file", FILE_POSITION)
    memory.passed("away", "kubernetes x", "kubernetes", POD_POSITION)
    memory, logs = remembering(file)
    assert [(each["event"], each["paths"]) for each in logs] == [("state.loaded", 2)]
    assert memory.position("home", "file /var/log/mail.log") == FILE_POSITION
    assert memory.position("home", "file /var/log/other.log") is None
    assert memory.position("elsewhere", "file /var/log/mail.log") is None
    again = memory.position("away", "kubernetes x")
    assert again is not None
    assert Cursor.load(again).dump() == POD_POSITION


def test_roundtrips_outlive_the_process(tmp_path: Path) -> None:
    """The last one, and when one last succeeded."""
    file = tmp_path / "state.json"
    memory, _ = remembering(file)
    memory.ended(Roundtrip("home", 100.0, success=True, duration=2.5, via=Via.BREVO, client_address="198.51.100.7"))
    failed = Roundtrip("home", 200.0, success=False, step=Step.ARRIVE, detail="not found")
    memory.ended(failed)
    memory, _ = remembering(file)
    assert memory.roundtrips("home") == [Roundtrip("home", 100.0, success=True), failed]
    assert memory.roundtrips("away") == []


def test_announced_work_outlives_the_process(tmp_path: Path) -> None:
    """A restart in the midst of it wakes nobody."""
    file = tmp_path / "state.json"
    memory, _ = remembering(file)
    work = Maintenance("home", 100.0, 3700.0, "new disk")
    memory.announced(work)
    memory, _ = remembering(file)
    assert memory.maintenance("home") == work
    assert memory.maintenance("away") is None


def test_paths_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    """The file does not grow with every name that a path ever had."""
    file = tmp_path / "state.json"
    memory, _ = remembering(file)
    for path in ("home", "away"):
        memory.passed(path, "file x", "file", FILE_POSITION)
    memory.keep_only({"home"})
    memory.passed("home", "file x", "file", FILE_POSITION)
    assert list(json.loads(file.read_text())["paths"]) == ["home"]


def test_without_a_file_nothing_is_kept() -> None:
    """The daemon begins as it always did."""
    memory = Memory()
    memory.load()
    memory.passed("home", "file x", "file", FILE_POSITION)
    assert not memory.kept
    assert memory.position("home", "file x") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"version": 2, "paths": {}}',
        '{"version": 1, "paths": {"home": {"maillog": {"source": "file x", "file": {"inode": "7"}}}}}',
        '{"version": 1, "paths": {"x": {"maillog": {"source": "x", "file": {"inode": 7, "offset": -1}}}}}',
        '{"version": 1, "paths": {"x": {"maillog": {"source": "x", "kubernetes": {"since": "yesterday"}}}}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_of_no_use_is_reported_and_replaced(content: str, tmp_path: Path) -> None:
    """The daemon begins anew, says why, and the next position is saved as ever."""
    file = tmp_path / "state.json"
    file.write_text(content)
    memory, logs = remembering(file)
    assert [(each["event"], each["log_level"]) for each in logs] == [("state.unusable", "warning")]
    assert memory.position("home", "file x") is None
    memory.passed("home", "file x", "file", FILE_POSITION)
    memory, _ = remembering(file)
    assert memory.position("home", "file x") == FILE_POSITION


def test_a_position_of_another_kind_is_none(tmp_path: Path) -> None:
    """As a file may hold that was torn in the middle: a source begins with what it can read, or anew."""
    file = tmp_path / "state.json"
    for source, kind, position in (("file x", "kubernetes", POD_POSITION), ("kubernetes x", "file", FILE_POSITION)):
        memory, _ = remembering(file)
        memory.passed("home", source, kind, position)
        memory, _ = remembering(file)
        assert memory.position("home", source) is None


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=64), start=st.integers(0, 400), end=st.integers(0, 400))
def test_any_bytes_do_no_harm(noise: bytes, start: int, end: int, tmp_path: Path) -> None:
    """A real file, torn and soiled anywhere: what is still taken from it, the sources can begin with."""
    file = tmp_path / "state.json"
    file.unlink(missing_ok=True)
    memory, _ = remembering(file)
    memory.passed("home", "file x", "file", FILE_POSITION)
    memory.passed("away", "kubernetes x", "kubernetes", POD_POSITION)
    whole = file.read_bytes()
    file.write_bytes(whole[: min(start, end)] + noise + whole[max(start, end) :])
    memory, _ = remembering(file)
    position = memory.position("home", "file x")
    assert position is None or position["offset"] >= 0 <= len(bytes.fromhex(position["fingerprint"]))
    position = memory.position("away", "kubernetes x")
    assert position is None or Cursor.load(position)


def test_a_disk_that_is_full_is_told_once_and_its_end_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting goes on; the log does not fill up with it."""
    memory, _ = remembering(tmp_path / "state.json")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with capture_logs() as logs:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", full)
            memory.passed("home", "file x", "file", FILE_POSITION)
            memory.passed("home", "file x", "file", FILE_POSITION)
        memory.passed("home", "file x", "file", FILE_POSITION)
    assert [each["event"] for each in logs] == ["state.unwritable", "state.recovered"]
