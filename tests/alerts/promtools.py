"""promtool twice: the distribution's, and one of a current Prometheus; what is shipped must please both."""

import functools
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "current-promtool.sh"
PROMTOOLS = ("packaged", "current")


@functools.cache
def program(which: str) -> str:
    """Find a promtool; the current one is downloaded once, and where that cannot be, the test fails and says why."""
    if which == "packaged":
        return "promtool"
    done = subprocess.run([SCRIPT], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.fail(f"{SCRIPT.name} gives no current promtool: {done.stderr}")
    return done.stdout.strip()


def promtool(which: str, *arguments: str | Path, stdin: str | None = None) -> str:
    """Run one of them; fail with its words where it does not succeed, lint included."""
    command = [program(which), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
