"""What is measured of mailpath, each in a process of its own: does its work, prints one line of JSON, ends."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any


def say(words: Any) -> None:
    """Say a line, and go on."""
    print(json.dumps(words), flush=True)


def tell(result: dict[str, Any]) -> None:
    """Print the result and end at once: what a daemon would still tidy up is not measured."""
    print(json.dumps(result), flush=True)
    os._exit(0)


def arguments() -> dict[str, Any]:
    """Give what the harness asks for."""
    asked: dict[str, Any] = json.loads(sys.argv[1])
    return asked


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run on the event loop that the daemon takes."""
    from monitor.daemon.main import loop_factory  # noqa: PLC0415 - some subjects measure what imports cost

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())
