"""A real Chromium, driven by Playwright, and a demo for it to look at."""

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.demo import base_of
from tests.patience import stretched

# No sandbox: tests run as root in containers. The rest keeps the browser itself from talking to anybody.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = "the status page is tested in a real browser: {} is missing (`make test` installs it)"


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium; a test fails with a sentence where it, or Playwright, is missing."""
    try:
        api: Any = import_module("playwright.sync_api")
    except ImportError:
        pytest.fail(MISSING.format("playwright"))
    program = shutil.which("chromium")
    if program is None:
        pytest.fail(MISSING.format("chromium"))
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield running
        running.close()


@dataclass
class Witness:
    """What a page did beside showing itself: words on the console, and requests, by address."""

    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> None:  # noqa: ANN401 - Playwright may be missing, its types with it
        """Note everything from now on."""
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


def until(page: Any, script: str, within: float = 30.0) -> None:  # noqa: ANN401 - Playwright may be missing
    """Poll until a script gives true; Playwright's own waiting needs ``eval``, which the page's policy forbids."""
    deadline = time.monotonic() + stretched(within)
    while not page.evaluate(script):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within} s: {script}\n{page.locator('body').inner_text()}")
        page.wait_for_timeout(50)


class Demo:
    """A running demo."""

    def __init__(self, process: "subprocess.Popen[bytes]", base: str) -> None:
        """Take a process that listens at ``base``."""
        self._process = process
        self.base = base

    def freeze(self) -> None:
        """End it without a word, as a host that loses its power."""
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def demo(directory: Path, *arguments: str, port: int = 0) -> Iterator[Demo]:
    """Run ``mailpath demo`` while the context lasts."""
    output = directory / "output"
    address = f"127.0.0.1:{port}"
    command = [sys.executable, "-m", "monitor", "demo", "--web.listen-address", address, "--log.format", "json"]
    with output.open("wb") as file:
        process = subprocess.Popen([*command, *arguments], stdout=file, stderr=subprocess.STDOUT)
    try:
        yield Demo(process, base_of(process, output))
    finally:
        process.terminate()
        process.wait()
