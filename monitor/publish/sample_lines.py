"""The lines of a scrape, their beginnings kept from one scrape to the next.

A series is written as ``name{labels} value``, in the text format and in OpenMetrics alike, and all of it but the value
stays as it is. prometheus_client, whose business formats, headers and everything else remain, sorts and escapes the
labels of each sample anew, which is nearly all that a scrape costs. Of a state set all lines are kept, for as long as
its state stays.

A family is written piece by piece, so that nothing waits for more than a few hundred lines. Several scrapes may take
turns: what is remembered is replaced whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from monitor.publish.families import PREFIX, Family, HistogramFamily, Labels, Rows, StateSet

Encode = Callable[[Collector], bytes]

# Lines of a piece: half a millisecond of work, or little more.
PIECE = 1000

# Nearly all values are a state, a count of few, or a time.
_USUAL = {float(number): f"{number}.0\n" for number in range(1000)}
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_END = b"# EOF\n"


class _Empty(Collector):
    """One metric without samples: its header is all that is written."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> list[Metric]:
        return [self._metric]


class SampleLines:
    """Writes families as ``encode`` (prometheus_client's, of whichever format) would; remembers what it wrote last."""

    def __init__(self) -> None:
        """Begin without any."""
        self._starts: dict[Family, dict[Labels, str]] = {}
        self._sets: dict[Family, dict[Labels, tuple[str, str]]] = {}
        self._buckets: dict[Family, dict[Labels, tuple[str, ...]]] = {}

    def write(self, family: Family, rows: Rows, encode: Encode) -> Iterator[bytes]:
        """Write a line for each row."""
        yield _header(family, encode)
        known, kept = self._starts.get(family, {}), dict[Labels, str]()
        for some in _portions(rows, PIECE):
            starts = {labels: known.get(labels) or _start(family, labels) for labels in some}
            kept |= starts
            yield _bytes(chain.from_iterable(zip(starts.values(), map(_value, some.values()), strict=True)))
        self._starts[family] = kept

    def write_states(self, family: Family, rows: StateSet, encode: Encode) -> Iterator[bytes]:
        """Write a line for each state of each row."""
        yield _header(family, encode)
        known, kept = self._sets.get(family, {}), dict[Labels, tuple[str, str]]()
        nothing = ("", "")
        for some in _portions(rows.current, PIECE):
            for labels, current in some.items():
                before = known.get(labels, nothing)
                kept[labels] = before if before[0] == current else (current, _lines(family, rows, labels, current))
            yield _bytes(kept[labels][1] for labels in some)
        self._sets[family] = kept

    def write_buckets(
        self, family: HistogramFamily, rows: Mapping[Labels, Sequence[float]], encode: Encode
    ) -> Iterator[bytes]:
        """Write the lines of each row: its buckets cumulated, then count and sum."""
        yield _header(family, encode)
        known, kept = self._buckets.get(family, {}), dict[Labels, tuple[str, ...]]()
        for some in _portions(rows, PIECE // (len(family.bounds) + 3)):
            parts = list[str]()
            for labels, (*counts, total) in some.items():
                starts = kept[labels] = known.get(labels) or _bucket_starts(family, labels)
                cumulated = tuple(accumulate(counts))
                values = map(_value, (*cumulated, cumulated[-1], total))
                parts.extend(chain.from_iterable(zip(starts, values, strict=True)))
            yield _bytes(parts)
        self._buckets[family] = kept


def _portions(rows: Mapping[Labels, Any], size: int) -> Iterator[dict[Labels, Any]]:
    items = iter(rows.items())
    while some := dict(islice(items, size)):
        yield some


def _bytes(lines: Iterable[str]) -> bytes:
    # A peer's name may hold surrogates; one of them must not cost the whole scrape.
    return "".join(lines).encode("utf-8", "replace")


def _header(family: Family, encode: Encode) -> bytes:
    return encode(_Empty(family.metric({}))).removesuffix(_END)


def _value(value: float) -> str:
    return _USUAL.get(value) or f"{floatToGoString(value)}\n"  # type: ignore[no-untyped-call]


def _start(family: Family, labels: Labels) -> str:
    """Give a line up to its value."""
    return _written(family.name, zip(family.labels, labels, strict=True))


def _lines(family: Family, rows: StateSet, labels: Labels, current: str) -> str:
    starts = (_start(family, (*labels, state)) for state in rows.states)
    return "".join(f"{start}{_value(state == current)}" for start, state in zip(starts, rows.states, strict=True))


def _bucket_starts(family: HistogramFamily, labels: Labels) -> tuple[str, ...]:
    pairs = tuple(zip(family.labels, labels, strict=True))
    buckets = (_written(f"{family.name}_bucket", (*pairs, ("le", edge))) for edge in family.edges)
    return (*buckets, _written(f"{family.name}_count", pairs), _written(f"{family.name}_sum", pairs))


def _written(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """Write name and labels, these in the order of their names, as prometheus_client does."""
    pairs = ",".join(f'{label}="{value.translate(_ESCAPES)}"' for label, value in sorted(labels))
    return f"{PREFIX}{name}{{{pairs}}} " if pairs else f"{PREFIX}{name} "
