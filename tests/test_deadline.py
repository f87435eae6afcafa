"""What hangs is ended by its deadline and named, whatever it hangs in."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import stretched

CONFTEST = """
import tests.deadline
tests.deadline.AGAIN, tests.deadline.GRACE = 0.3, GRACE
pytest_plugins = ("tests.deadline",)
"""
IN_A_TASK = """
import asyncio

async def test_it():
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.Event().wait(), name="whoever waits in vain")
"""
IN_A_THREAD = """
import threading

def test_it():
    def waiting_in_vain(): threading.Event().wait()
    threading.Thread(target=waiting_in_vain, daemon=True).start()
    threading.Event().wait()
"""
IN_C = """
import ctypes

def test_it():
    lock = ctypes.create_string_buffer(64)
    for _ in range(2):  # the second waits for the first, and for no signal; nobody else gets the interpreter's lock
        ctypes.PyDLL(None).pthread_mutex_lock(lock)
"""
IN_THE_END_OF_A_LOOP = """
import asyncio

async def stubborn():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def test_it():
    asyncio.get_running_loop().held = asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)
"""
IN_THE_END_OF_THE_PROCESS = """
import threading

def test_it():
    threading.Thread(target=threading.Event().wait).start()
"""
CAUGHT = """
import threading

def test_it():
    for _ in range(2):
        try:
            threading.Event().wait()
        except BaseException:
            pass
"""


def run(directory: Path, test: str, *flags: str, grace: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run a test that has three seconds, as a project of its own, whose process has ``grace`` seconds more."""
    (directory / "conftest.py").write_text(CONFTEST.replace("GRACE\n", f"{grace}\n"))
    (directory / "test_hanging.py").write_text(test)
    (directory / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\ntimeout = 3\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={directory}", *flags]
    return subprocess.run(
        [*command, str(directory)], capture_output=True, text=True, check=False, timeout=stretched(60)
    )


@pytest.mark.parametrize(
    ("test", "where"),
    [(IN_A_TASK, "whoever waits in vain"), (IN_A_THREAD, "waiting_in_vain"), (IN_THE_END_OF_A_LOOP, "stubborn")],
    ids=["task", "thread", "loop"],
)
def test_a_test_that_hangs_fails_with_all_stacks(test: str, where: str, tmp_path: Path) -> None:
    """Its name, its seconds, and where every thread and every task stands."""
    done = run(tmp_path, test)
    assert done.returncode == 1
    assert "test_hanging.py::test_it has not ended within 3 s" in done.stdout
    assert re.search(r'test_hanging.py"?, line \d+', done.stdout)
    assert where in done.stdout
    assert re.search(r"1 (failed|error)", done.stdout)


@pytest.mark.parametrize("test", [IN_C, IN_THE_END_OF_THE_PROCESS], ids=["call into C", "process"])
def test_what_no_failure_ends_ends_the_process(test: str, tmp_path: Path) -> None:
    """With the stacks of all threads on standard error."""
    done = run(tmp_path, test, grace=2.0)
    assert done.returncode == 1
    assert "Timeout (0:00:0" in done.stderr


def test_a_worker_that_is_ended_names_its_test(tmp_path: Path) -> None:
    """Xdist knows what it was in, and the run ends."""
    done = run(tmp_path, IN_C, "-n1", "--max-worker-restart=0", grace=2.0)
    assert done.returncode == 1
    assert "crashed while running 'test_hanging.py::test_it'" in done.stdout
    assert "Timeout (0:00:0" in done.stdout + done.stderr


def test_a_failure_that_is_caught_comes_again(tmp_path: Path) -> None:
    """Code that catches everything does not hang for ever."""
    done = run(tmp_path, CAUGHT)
    assert done.returncode == 0
    assert "1 passed" in done.stdout
