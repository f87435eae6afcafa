"""``python -m bench.account``: what a check more takes, line by line of the code that allocates it (tracemalloc)."""

import linecache
import tempfile
from pathlib import Path

from bench import peers
from bench.figures.memory import more_of
from bench.measure import ROOT

LEAST = 4.0  # bytes: what takes less is left out


def main() -> None:
    """Measure once, and print the lines that take the most first."""
    peers.allow_descriptors()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        accept = [peers.build(Path(place))["target"], "accept", *peers.CHECK_PORTS]
        with peers.running(accept, peers.CHECK_PORTS, Path(place, "target.log")):
            lines = more_of("lines")
    for line, size in sorted(lines.items(), key=lambda each: -each[1]):
        if abs(size) >= LEAST:
            file, _, number = line.rpartition(":")
            print(
                f"{size:7.1f} {file.removeprefix(f'{ROOT}/')}:{number} {linecache.getline(file, int(number)).strip()}"
            )
    print(f"{sum(lines.values()):7.1f} in all")


if __name__ == "__main__":
    main()
