"""``make bench``: every group of figures, or those that are named; a table and JSON of what came out."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import peers
from bench.figures import checks, daemon, handshakes, maillog, scrape
from bench.measure import ROUNDS, Figure
from bench.report import merge

Group = Callable[[Path, dict[str, Path], int], Iterator[Figure]]
# A new group of figures is one file and one line here.
GROUPS: dict[str, Group] = {
    "checks": checks.figures,
    "handshakes": handshakes.figures,
    "maillog": maillog.figures,
    "scrape": scrape.figures,
    "daemon": daemon.figures,
}


def main() -> None:
    """Measure, and write ``results.json`` and ``results.md``; what was not measured now stays as it was."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all without any")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of each figure (%(default)s)")
    asked = parser.parse_args()
    unknown = set(asked.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    peers.allow_descriptors()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        directory = Path(place)
        programs = peers.build(directory)
        for name in asked.groups or GROUPS:
            print(name, file=sys.stderr)
            for figure in GROUPS[name](directory, programs, asked.rounds):
                merge(name, figure)


main()
