"""A deadline for every test: what hangs is ended, and names itself.

How many seconds a test has say pytest-timeout's own setting, its marker and ``tests/rooms.py``. When they are over, the
test fails with the stacks of all threads and the tasks of all event loops. Where even that does not end it (a call into
C, an event loop that waits for somebody in its end), the process is ended: xdist names the test that it was in.
"""

import asyncio
import faulthandler
import gc
import io
import os
import signal
from tempfile import TemporaryFile
from typing import Any, TextIO

import pytest

from tests.rooms import deadline_of

AGAIN = 5.0
"""Seconds from one attempt to the next: code that catches everything may have caught the first."""
GRACE = 120.0
"""Seconds that a test has to take its servers down, and a process to end, before the process is ended."""
STDERR = pytest.StashKey[TextIO]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the way to the terminal: during a test, standard error is captured."""
    config.stash[STDERR] = os.fdopen(os.dup(2), "w")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Watch over the end of the process: a thread that nobody ends would hold it for ever."""
    if not hasattr(config, "workerinput"):  # one of xdist's workers waits for the others, and is ended with them
        _end_after(GRACE, config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of a room with a deadline of its own that one, unless it has one itself."""
    for item in items:
        seconds = deadline_of(item.nodeid)
        if seconds is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(seconds))


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:  # noqa: ANN401 - pytest-timeout has no types
    """Let the test fail when its seconds are over, and again until it has."""

    def late(*_: object) -> None:
        pytest.fail(f"{item.nodeid} has not ended within {settings.timeout:.0f} s\n{everything()}", pytrace=False)

    _end_after(settings.timeout + GRACE, item.config)
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, settings.timeout, AGAIN)
    return True


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_timeout_cancel_timer() -> bool:
    """Be content with the test: it has ended, or it has failed and shall take its servers down in peace."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Watch over the end of the fixtures, for pytest stops the watch where a test has failed."""
    _end_after(GRACE, item.config)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish() -> None:
    """The test has ended."""
    faulthandler.cancel_dump_traceback_later()


def everything() -> str:
    """Give the stacks of all threads and all tasks, whatever loop or thread they are in."""
    with TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        threads = file.read()
    tasks = io.StringIO()
    for each in gc.get_objects():
        if isinstance(each, asyncio.Task) and not each.done():
            each.print_stack(file=tasks)
    return f"{threads}\n{tasks.getvalue()}"


def _end_after(seconds: float, config: pytest.Config) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True, file=config.stash[STDERR])
