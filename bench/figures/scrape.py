"""``/metrics``: CPU per series, and how long a scrape stops the event loop."""

from collections.abc import Iterator
from pathlib import Path

from bench.measure import Bound, Figure, subject

# Nodes of four services each, without a mail server: 1,000, 10,000 and 100,000 series, roughly.
SIZES = {"1,000": 10, "10,000": 100, "100,000": 1000}


def figures(_directory: Path, _programs: dict[str, Path], rounds: int) -> Iterator[Figure]:
    """Measure every size."""
    for name, nodes in SIZES.items():
        several = rounds if nodes < SIZES["100,000"] else min(rounds, 3)
        told = [subject("scrape", nodes=nodes, scrapes=7) for _ in range(several)]
        per_series = {
            "mailpath": [1e6 * each["cpu"] / each["series"] for each in told],
            "prometheus_client, child metrics": [1e6 * each["own"] / each["series"] for each in told],
        }
        bounds = (Bound("mailpath", "prometheus_client, child metrics", 1.0, 1 / 5),)
        note = f"{told[0]['series']:,} series; HTTP and the statuses' making included."
        title = f"/metrics, some {name} series"
        yield Figure(title, "µs CPU per series", per_series, bounds if nodes == SIZES["10,000"] else (), note)
        stalls = {"stall": [1000 * each["stall"] for each in told], "idle": [1000 * each["idle"] for each in told]}
        limit = (Bound("stall", "", 20, 5),) if nodes == SIZES["10,000"] else ()
        yield Figure(f"{title}: the loop's longest stall", "ms", stalls, limit)
