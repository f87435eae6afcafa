"""What the dashboards ask: PromQL that parses, of metrics that exist, whoever else scrapes them and how often."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest

from monitor.publish import catalogue
from monitor.publish.alerting.groups import rule_groups
from monitor.publish.alerting.thresholds import Thresholds
from monitor.publish.families import PREFIX, Family, HistogramFamily
from tests.dashboards.boards import ASKED, BOARDS, Asked, panels

FAMILIES = {f"{PREFIX}{each.name}": each for each in vars(catalogue).values() if isinstance(each, Family)}
BUCKETS = {f"{name}_bucket": each for name, each in FAMILIES.items() if isinstance(each, HistogramFamily)}
LABELS = {name: {*each.labels} for name, each in FAMILIES.items()}
LABELS |= {name: {*each.labels, "le"} for name, each in BUCKETS.items()}
RECORDED = {
    rule["record"] for group in rule_groups(Thresholds())["groups"] for rule in group["rules"] if "record" in rule
}
PROCESS = {
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}
"""The Python client library's own; everybody has them."""
SCRAPE = {"instance", "pod", "container", "endpoint", "job", "namespace"}
"""Labels that a scrape adds."""

EACH = pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.where)


def selectors(expr: Any, by: set[str] | None = None) -> Iterator[tuple[Any, set[str] | None]]:  # noqa: ANN401 - a tree
    """Give each selector of a tree, and the labels that the aggregation right around it keeps; None where none is."""
    if isinstance(expr, promql.VectorSelector):
        yield expr, by
    elif isinstance(expr, promql.AggregateExpr):
        assert expr.modifier is None or expr.modifier.type is promql.AggModifierType.By
        yield from selectors(expr.expr, set(expr.modifier.labels) if expr.modifier else set())
    elif isinstance(expr, promql.Call):
        for argument in expr.args:
            yield from selectors(argument, by)
    else:
        for part in ("lhs", "rhs", "expr", "vector_selector"):
            if hasattr(expr, part):
                yield from selectors(getattr(expr, part), by)


def found(asked: Asked) -> list[tuple[Any, set[str] | None]]:
    """Give the selectors of a query."""
    return list(selectors(promql.parse(asked.expr)))


@EACH
def test_a_query_parses_and_names_what_there_is(asked: Asked) -> None:
    """Metrics of the catalogue with labels of theirs, series of the rules, alerts, and the process's own."""
    named = found(asked)
    assert named or asked.expr == "vector(0)"
    for selector, _ in named:
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert selector.name in {*LABELS, *RECORDED, *PROCESS, "ALERTS"}
        assert labels <= LABELS.get(selector.name, {"path", "alertname", "alertstate"})


@EACH
def test_a_query_bears_two_replicas_and_any_job(asked: Asked) -> None:
    """Whatever a scrape adds is aggregated away, but for the replica on the dashboard of mailpath itself."""
    if ": variable " in asked.where:
        return
    allowed = {"instance"} if asked.where.startswith("mailpath-itself") else set()
    for selector, by in found(asked):
        assert "job" not in {matcher.name for matcher in selector.matchers.matchers}
        if selector.name not in RECORDED:
            assert by is not None
            assert by & SCRAPE <= allowed


@pytest.mark.parametrize("uid", [uid for uid in BOARDS if uid != "mailpath-itself"])
def test_a_dashboard_of_a_path_asks_of_no_other(uid: str) -> None:
    """Every selector has the chosen path in it."""
    for panel in panels(BOARDS[uid]):
        for target in panel["targets"]:
            chosen = re.findall(r'path=~?"\$path[|"]', target["expr"])
            assert len(chosen) == len(re.findall(r"\w*mailpath_\w+|ALERTS", target["expr"]))
