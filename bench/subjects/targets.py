"""What the daemon keeps for its targets, as Python's own account of allocations (tracemalloc) has it, by who holds it.

Neither the interpreter, nor the libraries' code, nor what the allocator rounds up is in it: those do not grow with the
targets, or are in the resident memory beside it.
"""

import tracemalloc

tracemalloc.start()  # before anything of ours is imported

import asyncio  # noqa: E402
import gc  # noqa: E402
from collections import Counter  # noqa: E402
from pathlib import Path  # noqa: E402

from bench.subjects import arguments, run, tell  # noqa: E402
from bench.subjects.settings import checking_daemon, many_targets  # noqa: E402

# The room of the code that allocated, by a part of its file's path; the first one that fits.
HOLDERS = {
    "metric series": ("prometheus_client", "publish/counters", "publish/metrics", "publish/rounds", "publish/deltas"),
    "status page": ("monitor/publish",),
    "configuration": ("monitor/config", "yaml", "msgspec"),
    "beat": ("monitor/engine",),
}
REST = "probe, plan and book"


async def main() -> None:
    """Watch for some rounds; tell the bytes by holder, the targets, and the bytes by line of code."""
    asked = arguments()
    daemon = checking_daemon(many_targets(asked["nodes"], "127.1.{}.{}", {"interval": "1s"}, asked["services"]))
    await daemon.start()
    await asyncio.sleep(asked["seconds"])
    gc.collect()
    held: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for each in tracemalloc.take_snapshot().statistics("lineno"):
        allocated = each.traceback[0]
        held[_holder(Path(allocated.filename))] += each.size
        lines[f"{allocated.filename}:{allocated.lineno}"] += each.size
    tell({"held": held, "targets": sum(len(path.checks) for path in daemon.statuses()), "lines": lines})


def _holder(file: Path) -> str:
    path = file.as_posix()
    return next((name for name, parts in HOLDERS.items() if any(part in path for part in parts)), REST)


run(main)
