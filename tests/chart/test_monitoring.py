"""What the Prometheus operator and Grafana's sidecar are given: valid, and the shipped files to the letter."""

import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.chart.conftest import Rendered
from tests.chart.helm import ROOT, Document, Helm, of_kind, values

OPERATOR = yaml.safe_load((Path(__file__).parent / "operator.schema.yml").read_text())


@pytest.mark.parametrize(
    ("name", "kind"),
    [("roundtrip", "ServiceMonitor"), ("host", "PodMonitor"), ("host", "PrometheusRule")],
)
def test_the_operators_objects_are_valid(rendered: Rendered, name: str, kind: str) -> None:
    """The parts of the operator's definitions that the chart writes, with no key that they do not know."""
    found = of_kind(rendered[name], kind)
    jsonschema.validate(found, {**OPERATOR, "$ref": f"#/$defs/{kind}"})
    with pytest.raises(jsonschema.ValidationError, match=r"honourLabels|grups"):
        jsonschema.validate(_misspelt(found), {**OPERATOR, "$ref": f"#/$defs/{kind}"})


def _misspelt(document: Document) -> Document:
    text = yaml.safe_dump(document).replace("honorLabels", "honourLabels").replace("groups", "grups")
    misspelt: Document = yaml.safe_load(text)
    return misspelt


def test_labels_stay_what_they_are(rendered: Rendered) -> None:
    """``node`` and ``service`` are labels of our own: honorLabels; what is laid over the endpoint stands beside it."""
    (endpoint,) = of_kind(rendered["roundtrip"], "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint == {
        "port": "http",
        "path": "/metrics",
        "honorLabels": True,
        "scheme": "https",
        "interval": "30s",
        "scrapeTimeout": "10s",
        "tlsConfig": {"insecureSkipVerify": True},
    }
    (endpoint,) = of_kind(rendered["host"], "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoint == {"port": "http", "path": "/metrics", "honorLabels": True, "interval": "15s"}


@pytest.mark.parametrize(("name", "kind"), [("roundtrip", "ServiceMonitor"), ("host", "PodMonitor")])
def test_a_monitor_finds_the_daemon_and_nothing_else(rendered: Rendered, name: str, kind: str) -> None:
    """By labels that the Service, or the Pods, carry; the headless Service beside it is not scraped as well."""
    wanted = of_kind(rendered[name], kind)["spec"]["selector"]["matchLabels"].items()
    labelled = [each for each in rendered[name] if each["kind"] == "Service"]
    if kind == "PodMonitor":
        labelled = [each["spec"]["template"] for each in rendered[name] if each["kind"] == "Deployment"]
    assert len([each for each in labelled if wanted <= each["metadata"]["labels"].items()]) == 1


def test_the_rules_are_the_shipped_ones_with_the_labels_asked_for(rendered: Rendered) -> None:
    """Nothing but the labels is changed, and templates of Prometheus' own are left to Prometheus."""
    shipped = yaml.safe_load((ROOT / "alerts" / "mailpath.rules.yml").read_text())
    for rule in [rule for group in shipped["groups"] for rule in group["rules"]]:
        if "alert" in rule:
            rule["labels"] = {**rule.get("labels", {}), "team": "mail"}
    assert of_kind(rendered["host"], "PrometheusRule")["spec"] == shipped


@pytest.mark.servers
def test_promtool_takes_the_rules(rendered: Rendered, tmp_path: Path) -> None:
    """``promtool check rules`` finds in the rendered object what no schema sees: a query that does not parse."""
    promtool = shutil.which("promtool")
    assert promtool is not None
    file = tmp_path / "rules.yml"
    spec = of_kind(rendered["host"], "PrometheusRule")["spec"]
    file.write_text(yaml.safe_dump(spec))
    done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{sum(len(group['rules']) for group in spec['groups'])} rules found" in done.stdout + done.stderr


def test_rules_of_ones_own(helm: Helm) -> None:
    """What ``mailpath rules`` prints for another configuration takes their place."""
    groups = [{"name": "own", "rules": [{"alert": "X", "expr": "vector(1)"}]}]
    given = {**values("minimal"), "prometheusRule": {"enabled": True, "groups": groups}}
    assert of_kind(helm.render(given), "PrometheusRule")["spec"] == {
        "groups": [{"name": "own", "rules": [{"alert": "X", "expr": "vector(1)", "labels": {}}]}]
    }


def test_nothing_of_the_operators_unless_asked_for(rendered: Rendered) -> None:
    """Not everybody runs the operator, and without it these kinds are refused."""
    assert not [each for each in rendered["minimal"] if each["apiVersion"].startswith("monitoring.coreos.com")]


def test_each_dashboard_is_what_is_shipped(rendered: Rendered) -> None:
    """One ConfigMap a file, found by the sidecar's label, to the letter and below what the API takes (1 MiB)."""
    shipped = {file.name: file.read_text() for file in (ROOT / "dashboards").rglob("*.json")}
    maps = [each for each in rendered["minimal"] if "grafana_dashboard" in each["metadata"]["labels"]]
    held: dict[str, str] = {}
    for each in maps:
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        held |= each["data"]
    assert {name: text.strip() for name, text in held.items()} == {name: text.strip() for name, text in shipped.items()}
    assert all(len(text) < 1 << 20 for text in held.values())
    assert not [each for each in rendered["host"] if "grafana_dashboard" in each["metadata"]["labels"]]
