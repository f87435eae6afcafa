"""What is written with kept beginnings is what prometheus_client writes, line by line, in both formats."""

from collections.abc import Callable

import pytest
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitor.publish.families import Family, Kind, Rows
from monitor.publish.sample_lines import SampleLines

COUNTER = Family("lines_total", Kind.COUNTER, "Lines.", ("path", "node"))
GAUGE = Family("age_seconds", Kind.GAUGE, 'A "quoted"\nhelp.', ("zone", "area"))
INFO = Family("build_info", Kind.INFO, "Build.", ("version",))
BARE = Family("skipped_total", Kind.COUNTER, "Skipped.")
FORMATS = ("text/plain", "application/openmetrics-text; version=1.0.0")


class Only(Collector):
    """A collector of one metric."""

    def __init__(self, metric: Metric) -> None:
        """Hold it."""
        self._metric = metric

    def collect(self) -> list[Metric]:
        """Give it."""
        return [self._metric]


def encoder(accept: str) -> Callable[[Collector], bytes]:
    """Give prometheus_client's encoder."""
    return choose_encoder(accept)[0]


@pytest.mark.parametrize("accept", FORMATS)
@pytest.mark.parametrize(
    ("family", "rows"),
    [
        (COUNTER, {("home", "a"): 3.0, ("home", 'b"\\\n'): 1e21}),
        (GAUGE, {("z", "ä"): 0.25, ("a", ""): float("inf"), ("b", "c"): float("nan")}),
        (GAUGE, {("z", "\udcff"): 1.0}),
        (INFO, {("1.0",): 1.0}),
        (BARE, {(): 0.0}),
    ],
)
def test_it_writes_what_prometheus_client_writes(accept: str, family: Family, rows: Rows) -> None:
    """Values, escapes, odd names: the bytes are the same, the second time too."""
    lines, encode = SampleLines(), encoder(accept)
    theirs = encode(Only(family.metric(rows))).removesuffix(b"# EOF\n")
    assert lines.write(family, rows, encode) == theirs
    assert lines.write(family, rows, encode) == theirs


def test_what_has_vanished_is_forgotten() -> None:
    """A row that is not written any more leaves nothing behind; one that comes anew is written."""
    lines, encode = SampleLines(), encoder("")
    lines.write(COUNTER, {("home", "a"): 1.0, ("home", "b"): 2.0}, encode)
    assert b'node="a"' not in lines.write(COUNTER, {("home", "b"): 2.0, ("home", "c"): 4.0}, encode)
    assert lines.write(COUNTER, {("home", "c"): 5.0}, encode).endswith(
        b'mailpath_lines_total{node="c",path="home"} 5.0\n'
    )
