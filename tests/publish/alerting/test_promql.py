"""Expressions and lists are built from the catalogue, which refuses what does not exist."""

import pytest

from monitor.publish import catalogue
from monitor.publish.alerting.promql import HERE, aggregate, increase, listing, select


def test_a_selector() -> None:
    """Matchers in their order; HERE is for a template to fill in."""
    assert select(catalogue.BUILD_INFO) == "mailpath_build_info"
    assert select(catalogue.DIAGNOSIS, hop="edge") == 'mailpath_diagnosis{hop="edge"}'
    chosen = select(catalogue.VERDICT, path=HERE, verdict=("!~", "ok|slow"))
    assert chosen == 'mailpath_verdict{path=%q,verdict!~"ok|slow"}'


def test_aggregations() -> None:
    """By labels of the metric's own."""
    assert aggregate("min", catalogue.EDGE_UP, ("path",)) == "min by (path) (mailpath_edge_up)"
    assert increase(catalogue.PROBES, ("path",), "5m") == "sum by (path) (increase(mailpath_probes_total[5m]))"


def test_a_label_that_the_metric_does_not_have_is_refused() -> None:
    """Neither to select by nor to aggregate to."""
    with pytest.raises(ValueError, match="diagnosis has no label node"):
        select(catalogue.DIAGNOSIS, node="a")
    with pytest.raises(ValueError, match="edge_up has no label service"):
        aggregate("max", catalogue.EDGE_UP, ("path", "service"))


def test_a_list_names_its_members() -> None:
    """Labels and the texts in between; the whole is left out where there is none."""
    assert listing("Silent", "up{path=%q} == 0", "node", " (", "service", ")", sort="node") == (
        "{{ with query (printf `up{path=%q} == 0` $labels.path) }} Silent: "
        "{{ range $i, $row := . | sortByLabel `service` | sortByLabel `node` }}{{ if $i }}, {{ end }}"
        "{{ $row.Labels.node }} ({{ $row.Labels.service }}){{ end }}.{{ end }}"
    )
