"""A metric family and its rows: the plain data between what is counted and what prometheus_client writes.

Rows are kept as ``{label values: value}`` and not as prometheus_client's child metrics: a copy of a dict is a
snapshot to be rendered while probes go on, a target's series vanish by dropping keys, and a counter costs one entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from prometheus_client.core import Metric
from prometheus_client.utils import floatToGoString

PREFIX = "mailpath_"

Labels = tuple[str, ...]
Rows = Mapping[Labels, float]


class StateSet(NamedTuple):
    """The rows of a state set: all its states, and the current one by the values of the labels before the state's."""

    states: tuple[str, ...]
    current: dict[Labels, str]

    def rows(self) -> Rows:
        """Give one row for each possible state; exactly the current one is 1."""
        return {
            (*labels, state): float(state == current)
            for labels, current in self.current.items()
            for state in self.states
        }


class Kind(StrEnum):
    """The types of OpenMetrics that are used here; state sets are gauges, as in kube-state-metrics."""

    COUNTER = "counter"
    GAUGE = "gauge"
    INFO = "info"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """One metric: its full name without the prefix, what it says, and the names of its labels."""

    kind: Kind
    name: str
    help: str
    labels: Labels = ()

    def __post_init__(self) -> None:
        """Hold each kind to its suffix: OpenMetrics refuses the whole scrape otherwise."""
        suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(self.kind, "")
        if not self.name.endswith(suffix):
            raise ValueError(f"{self.name}: the name of {self.kind} ends in {suffix}")

    def metric(self, rows: Rows) -> Metric:
        """Give the family with these rows as prometheus_client has it."""
        metric = self._empty()
        sample = PREFIX + self.name
        for values, value in rows.items():
            metric.add_sample(sample, self._labelled(values), value)
        return metric

    def _empty(self) -> Metric:
        suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(self.kind, "")
        return Metric(PREFIX + self.name.removesuffix(suffix), self.help, self.kind.value)

    def _labelled(self, values: Labels) -> dict[str, str]:
        # A peer's name may hold surrogates; one of them must not cost the whole scrape.
        return {
            name: value.encode("utf-8", "replace").decode() for name, value in zip(self.labels, values, strict=True)
        }


@dataclass(frozen=True, slots=True, eq=False)
class HistogramFamily(Family):
    """A histogram; ``bounds`` are the upper edges of its buckets, without ``+Inf``."""

    bounds: tuple[float, ...] = ()

    @property
    def edges(self) -> tuple[str, ...]:
        """The upper edges as they are written, that of the last bucket included."""
        return (*map(floatToGoString, self.bounds), "+Inf")

    def histogram(self, rows: Mapping[Labels, Sequence[float]]) -> Metric:
        """Give the family; a row is the count of each bucket, that of ``+Inf`` included, and then the sum."""
        metric = self._empty()
        edges = self.edges
        for values, (*counts, total) in rows.items():
            labels = self._labelled(values)
            cumulated = tuple(accumulate(counts))
            for edge, count in zip(edges, cumulated, strict=True):
                metric.add_sample(f"{metric.name}_bucket", {**labels, "le": edge}, count)
            metric.add_sample(f"{metric.name}_count", labels, cumulated[-1])
            metric.add_sample(f"{metric.name}_sum", labels, total)
        return metric
