"""The wall clock: seconds since the epoch, as the rest of the machine counts them."""

from pathlib import Path

from monitor.links.clock import wall_clock


def test_the_wall_clock_counts_as_the_file_system_does(tmp_path: Path) -> None:
    """A file written between two readings carries a time between them (the kernel's ticks are a hundredth at most)."""
    before = wall_clock()
    (tmp_path / "file").touch()
    assert before - 0.02 <= (tmp_path / "file").stat().st_mtime <= wall_clock() + 0.02
