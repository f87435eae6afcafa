"""What a daemon may have to bear beside its beat, again and again until we are ended."""

import os
import signal
import time
import urllib.request
from collections.abc import Callable
from itertools import count
from pathlib import Path

from bench.subjects import arguments, say

SLICE = 0.05


def scrape(address: str, pause: float) -> None:
    """Scrape, and do so again after a pause; say how many series the first answer had."""
    for turn in count():
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
            size = sum(not line.startswith(b"#") for line in answer)
        if not turn:
            say({"series": size})
        time.sleep(pause)


def reload(pid: int, pause: float) -> None:
    """Let a daemon load its configuration anew."""
    while True:
        os.kill(pid, signal.SIGHUP)
        time.sleep(pause)


def flood(lines: str, file: str, rate: int) -> None:
    """Add so many lines a second to a mail log, in small portions."""
    known = Path(lines).read_bytes().splitlines(keepends=True)
    portion = round(rate * SLICE)
    with Path(file).open("ab", buffering=0) as log:
        began = time.monotonic()
        for turn in count():
            first = turn * portion % (len(known) - portion)
            log.write(b"".join(known[first : first + portion]))
            time.sleep(max(0.0, began + (turn + 1) * SLICE - time.monotonic()))


if __name__ == "__main__":
    asked = arguments()
    kinds: dict[str, Callable[..., None]] = {"scrape": scrape, "reload": reload, "flood": flood}
    kinds[asked.pop("kind")](**asked)
