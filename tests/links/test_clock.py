"""The wall clock: seconds since the epoch, as the rest of the machine counts them; and the loop's, for measuring."""

from pathlib import Path

import pytest

from monitor.links.clock import exact_time, wall_clock
from tests.virtual_time import VirtualLoop


def test_the_wall_clock_counts_as_the_file_system_does(tmp_path: Path) -> None:
    """A file written between two readings carries a time between them (the kernel's ticks are a hundredth at most)."""
    before = wall_clock()
    (tmp_path / "file").touch()
    assert before - 0.02 <= (tmp_path / "file").stat().st_mtime <= wall_clock() + 0.02


def test_the_loops_clock_is_used_and_jumps_with_it() -> None:
    """Tests turn it."""
    loop = VirtualLoop()
    now = exact_time(loop)
    loop.block(7.0)
    assert now() == 7.0
    loop.close()


def test_uvloops_clock_is_read_anew_within_a_pass() -> None:
    """Its own stands still for a whole pass of the loop, and counts milliseconds."""
    uvloop = pytest.importorskip("uvloop")
    loop = uvloop.new_event_loop()
    now = exact_time(loop)
    first = now()
    assert first != now()
    assert abs(first - loop.time()) < 60.0
    loop.close()
