"""The lines of a scrape, their beginnings kept from one scrape to the next.

A series is written as ``name{labels} value``, in the text format and in OpenMetrics alike, and all of it but the value
stays as it is. prometheus_client, whose business formats, headers and everything else remain, sorts and escapes the
labels of each sample anew, which is nearly all that a scrape costs.
"""

from collections.abc import Callable
from itertools import chain

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from monitor.publish.families import PREFIX, Family, Labels, Rows

Encode = Callable[[Collector], bytes]

_USUAL = {0.0: "0.0\n", 1.0: "1.0\n"}
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_END = b"# EOF\n"


class _Empty(Collector):
    """One metric without samples: its header is all that is written."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> list[Metric]:
        return [self._metric]


class SampleLines:
    """Writes families; remembers the beginnings of the lines that it wrote last."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: dict[Family, dict[Labels, str]] = {}

    def write(self, family: Family, rows: Rows, encode: Encode) -> bytes:
        """Write a family as ``encode`` (prometheus_client's, of whichever format) would.

        Any thread may call it, several at a time: what is remembered is replaced whole.
        """
        known, usual = self._known.get(family, {}), _USUAL
        starts = {labels: known.get(labels) or _start(family, labels) for labels in rows}
        self._known[family] = starts
        values = (usual.get(value) or f"{floatToGoString(value)}\n" for value in rows.values())  # type: ignore[no-untyped-call]
        lines = "".join(chain.from_iterable(zip(starts.values(), values, strict=True)))
        header = encode(_Empty(family.metric({}))).removesuffix(_END)
        return header + lines.encode("utf-8", "replace")


def _start(family: Family, labels: Labels) -> str:
    """Give a line up to its value: labels in the order of their names, as prometheus_client writes them."""
    if not labels:
        return f"{PREFIX}{family.name} "
    pairs = sorted(zip(family.labels, labels, strict=True))
    written = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs)
    return f"{PREFIX}{family.name}{{{written}}} "
