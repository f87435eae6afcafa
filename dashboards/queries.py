"""Queries in PromQL, with the dashboard's variables in them."""

from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from monitor.publish import catalogue
from monitor.publish.alerting.promql import Matcher, aggregate, select
from monitor.publish.families import Family, HistogramFamily, Kind

PATH = "$path"
SERVICE: Matcher = ("=~", "$service")
PROBE = "$probe"
# A rate's window as Grafana computes it: never shorter than four scrapes.
WINDOW = "$__rate_interval"
ALERTS = 'ALERTS{alertname=~"Mailpath.+",alertstate="firing"}'


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, how its series are called (``{{label}}``), and whether only now matters."""

    expr: str
    legend: str = ""
    instant: bool = False
    format: PromQueryFormat = PromQueryFormat.TIME_SERIES

    def target(self, ref: str) -> Dataquery:
        """Give it as a panel's target."""
        query = Dataquery().ref_id(ref).expr(self.expr).legend_format(self.legend).format(self.format)
        return query.instant() if self.instant else query.range()


def now(expr: str, legend: str = "") -> Query:
    """Ask for the present only."""
    return Query(expr, legend, instant=True)


def of_path(operator: str, family: Family, by: tuple[str, ...], **matchers: Matcher) -> str:
    """Aggregate a metric of the chosen path."""
    return aggregate(operator, family, by, path=PATH, **matchers)


def recorded(series: str, **matchers: str) -> str:
    """Select what the rules have recorded of the chosen path."""
    words = ",".join(f'{label}="{value}"' for label, value in {"path": PATH, **matchers}.items())
    return f"{series}{{{words}}}"


def rate(family: Family, by: tuple[str, ...], **matchers: Any) -> str:  # noqa: ANN401 - matchers of any label
    """Give a counter's growth a second, replicas added up."""
    return f"sum by ({', '.join(by)}) (rate({select(family, **matchers)}[{WINDOW}]))"


def growth(family: Family, by: tuple[str, ...], window: str, **matchers: Matcher) -> str:
    """Give how much a counter has grown in a window, replicas added up."""
    return f"sum by ({', '.join(by)}) (increase({select(family, path=PATH, **matchers)}[{window}]))"


def buckets(family: HistogramFamily, by: tuple[str, ...] = (), **matchers: Matcher) -> str:
    """Give how much each bucket of a histogram has grown, by its upper bound ``le`` and further labels."""
    bucket = Family(Kind.GAUGE, f"{family.name}_bucket", family.help, (*family.labels, "le"))
    return f"sum by ({', '.join(('le', *by))}) (increase({select(bucket, **matchers)}[{WINDOW}]))"


def quantile(share: float, histogram: str) -> str:
    """Give the value below which this share of a histogram's observations lies."""
    return f"histogram_quantile({share}, {histogram})"


def each_replica(operator: str, selector: str) -> str:
    """Aggregate what mailpath says of itself by replica, which is the scrape's ``instance``."""
    return f"{operator} by (instance) ({selector})"


def process(metric: str) -> str:
    """Select a metric of the Python client library's, of mailpath's processes only."""
    return f"{metric} and on (instance) {select(catalogue.BUILD_INFO)}"
