"""What is written with kept beginnings is what prometheus_client writes, line by line, in both formats."""

from collections.abc import Callable

import pytest
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitor.publish.families import Family, HistogramFamily, Kind, Labels, Rows, StateSet
from monitor.publish.sample_lines import PIECE, SampleLines

COUNTER = Family(Kind.COUNTER, "lines_total", "Lines.", ("path", "node"))
GAUGE = Family(Kind.GAUGE, "age_seconds", 'A "quoted"\nhelp.', ("zone", "area"))
INFO = Family(Kind.INFO, "build_info", "Build.", ("version",))
SET = Family(Kind.GAUGE, "verdict", "Verdict.", ("path", "node", "verdict"))
WAIT = HistogramFamily(Kind.HISTOGRAM, "wait_seconds", "Wait.", ("zone", "area"), bounds=(0.5, 6.0))
LAG = HistogramFamily(Kind.HISTOGRAM, "lag_seconds", "Lag.", bounds=(0.5, 6.0))
BARE = Family(Kind.COUNTER, "skipped_total", "Skipped.")
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
    for _ in range(2):
        assert b"".join(lines.write(family, rows, encode)) == theirs


@pytest.mark.parametrize("accept", FORMATS)
def test_state_sets_too(accept: str) -> None:
    """All states of a row, and again when one has changed."""
    lines, encode = SampleLines(), encoder(accept)
    states = StateSet(("good", 'b"d'), {("home", "a"): "good", ("home", "b"): 'b"d'})
    for current in ("good", 'b"d', 'b"d', "good"):
        states.current["home", "a"] = current
        theirs = encode(Only(SET.metric(states.rows()))).removesuffix(b"# EOF\n")
        assert b"".join(lines.write_states(SET, states, encode)) == theirs


@pytest.mark.parametrize("accept", FORMATS)
def test_histograms_too(accept: str) -> None:
    """Buckets, count and sum; with labels on both sides of ``le``, and with none."""
    lines, encode = SampleLines(), encoder(accept)
    for family, labels in ((WAIT, ("smtp", "connect")), (LAG, ())):
        for row in ((0.0, 0.0, 0.0, 0.0), (1.0, 2000.0, 3.0, 40.25), (1.0, 2000.0, 3.0, 1e20)):
            theirs = encode(Only(family.histogram({labels: row}))).removesuffix(b"# EOF\n")
            assert b"".join(lines.write_buckets(family, {labels: row}, encode)) == theirs


def test_what_is_much_is_written_in_pieces() -> None:
    """No piece has more than so many lines, and together they are all."""
    rows: Rows = {("home", str(number)): 1.0 for number in range(2 * PIECE + 1)}
    pieces = list(SampleLines().write(COUNTER, rows, encoder("")))
    assert [piece.count(b"\n") for piece in pieces] == [2, PIECE, PIECE, 1]
    durations: dict[Labels, tuple[float, ...]] = {
        ("smtp", str(number)): (1.0, 2.0, 3.0, 4.0) for number in range(PIECE)
    }
    assert all(piece.count(b"\n") <= PIECE for piece in SampleLines().write_buckets(WAIT, durations, encoder("")))


def test_what_has_vanished_is_forgotten() -> None:
    """A row that is not written any more leaves nothing behind; one that comes anew is written."""
    lines, encode = SampleLines(), encoder("")

    def written(rows: Rows) -> bytes:
        return b"".join(lines.write(COUNTER, rows, encode))

    written({("home", "a"): 1.0, ("home", "b"): 2.0})
    assert b'node="a"' not in written({("home", "b"): 2.0, ("home", "c"): 4.0})
    assert written({("home", "c"): 5.0}).endswith(b'mailpath_lines_total{node="c",path="home"} 5.0\n')
