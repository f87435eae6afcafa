"""``make bench``: every group of figures, or those that are named; a table and JSON of what came out."""

import argparse
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench import peers
from bench.figures import checks, daemon, detection, handshakes, lateness, maillog, memory, scrape
from bench.measure import ROUNDS, Figure
from bench.report import keep_only, merge

Group = Callable[[Path, dict[str, Path], int], Iterator[Figure]]
# A new group of figures is one file and one line here.
GROUPS: dict[str, Group] = {
    "checks": checks.figures,
    "handshakes": handshakes.figures,
    "maillog": maillog.figures,
    "scrape": scrape.figures,
    "lateness": lateness.figures,
    "memory": memory.figures,
    "daemon": daemon.figures,
    "detection": detection.figures,
}


def main() -> int:
    """Measure, and write ``results.json`` and ``results.md``; what was not measured now stays as it was.

    A group that fails is told, and the others go on; the exit code then is 1.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; all without any")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of each figure (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=lateness.SECONDS, help="of each window of lateness (%(default)g)"
    )
    asked = parser.parse_args()
    unknown = set(asked.groups) - set(GROUPS)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    peers.allow_descriptors()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and with us all that we have started
    groups = GROUPS | {"lateness": partial(lateness.figures, seconds=asked.seconds)}
    began, failed = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        programs = peers.build(Path(place))
        for name in asked.groups or groups:
            _progress(began, f"{name} begins")
            directory = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=place))
            try:
                measured = []
                for figure in groups[name](directory, programs, asked.rounds):
                    merge(name, figure)
                    measured.append(figure.name)
                    _progress(began, f"{name}: {figure.name}")
                keep_only(name, measured)
            except Exception:  # noqa: BLE001 - whatever it is, the other groups are worth having
                traceback.print_exc()
                failed.append(name)
    _progress(began, f"failed: {', '.join(failed)}" if failed else "all is measured")
    return 1 if failed else 0


def _progress(began: float, words: str) -> None:
    passed = time.monotonic() - began
    print(f"[{passed // 60:.0f}:{passed % 60:02.0f}] {words}", file=sys.stderr, flush=True)


sys.exit(main())
