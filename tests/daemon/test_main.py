"""The event loop of a command."""

import asyncio
import importlib.util

from monitor.daemon.main import loop_factory


def test_the_event_loop_is_the_one_that_is_installed() -> None:
    """Uvloop where it can be imported, else asyncio's own."""
    loop = loop_factory()()
    loop.close()
    assert isinstance(loop, asyncio.AbstractEventLoop)
    expected = "asyncio" if importlib.util.find_spec("uvloop") is None else "uvloop"
    assert type(loop).__module__.partition(".")[0] == expected
