"""``/metrics`` read back, as a scraper reads it."""

from collections.abc import Sequence

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from monitor.core.status import PathStatus
from monitor.publish.metrics import Metrics

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def metrics(lag: float = 0.0) -> Metrics:
    """Give metrics that nothing has been told to yet."""
    return Metrics("1.2.3", "abcdef", lambda: lag)


def read(text: str, *, openmetrics: bool = False) -> Series:
    """Parse an exposition; every series only once."""
    series: Series = {}
    for family in (openmetrics_families if openmetrics else text_families)(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in series, f"{key} twice"
            series[key] = sample.value
    return series


def scrape(source: Metrics, *statuses: PathStatus) -> Series:
    """Scrape in both formats, which must say the same, and give the series."""
    snapshot = source.snapshot(statuses)
    text = read(snapshot.expose("", "").body.decode())
    openmetrics = read(snapshot.expose(OPENMETRICS, "").body.decode(), openmetrics=True)
    ours = {key: value for key, value in text.items() if key[0].startswith("mailpath_")}
    assert ours == {key: value for key, value in openmetrics.items() if key[0].startswith("mailpath_")}
    return text


def value(series: Series, name: str, **labels: str) -> float | None:
    """Give the value of one series; ``None`` where it is absent."""
    return series.get((f"mailpath_{name}", frozenset(labels.items())))


def select(series: Series, name: str, **labels: str) -> list[dict[str, str]]:
    """Give the labels of all series of a name that carry these labels."""
    wanted = labels.items()
    return [dict(key) for found, key in series if found == f"mailpath_{name}" and wanted <= dict(key).items()]


def states(series: Series, name: str, label: str, **labels: str) -> dict[str, float]:
    """Give a state set: its states and their values."""
    found: Sequence[dict[str, str]] = select(series, name, **labels)
    return {each[label]: series[f"mailpath_{name}", frozenset(each.items())] for each in found}
