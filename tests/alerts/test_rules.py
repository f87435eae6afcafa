"""The shipped alert rules: what is committed is what the code says, Prometheus takes it, and every rule is tried."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.config.alert_rules import rules_yaml
from monitor.core.verdicts import Hop
from monitor.publish import catalogue
from monitor.publish.alerting.thresholds import Thresholds
from monitor.publish.families import PREFIX, Family
from tests.alerts.promtools import PROMTOOLS, promtool

ROOT = Path(__file__).parents[2]
FILE = ROOT / "alerts" / "mailpath.rules.yml"
TESTS = sorted((ROOT / "alerts" / "tests").glob("*.yml"))

RULES: list[dict[str, Any]] = [rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
FAMILIES = {f"{PREFIX}{each.name}": each for each in vars(catalogue).values() if isinstance(each, Family)}


def identity(rule: dict[str, Any]) -> tuple[str, str]:
    """Name a rule: several of one alert differ in severity."""
    return rule["alert"], rule["labels"]["severity"]


def test_the_committed_rules_are_those_of_the_shipped_configuration() -> None:
    """Whoever changes a rule in the code runs tools/generate_docs.py."""
    assert FILE.read_text() == rules_yaml(Thresholds())


def test_the_promtools_are_two() -> None:
    """The oldest that is supported, which knows keep_firing_for, and a current one."""
    versions = [re.search(r"version (\d+)\.(\d+)", promtool(tool, "--version")) for tool in PROMTOOLS]
    packaged, current = (tuple(map(int, found.groups())) for found in versions if found is not None)
    assert (2, 42) <= packaged < (3, 0) <= current


@pytest.mark.parametrize("tool", PROMTOOLS)
@pytest.mark.parametrize("chosen", [Thresholds(), Thresholds(labels={"team": "mail"}, edges={"a": "x", "b": "y"})])
def test_prometheus_takes_the_rules(chosen: Thresholds, tool: str, tmp_path: Path) -> None:
    """Without a warning, with further labels and with several edges too."""
    file = tmp_path / "rules.yml"
    file.write_text(rules_yaml(chosen))
    assert f"SUCCESS: {len(RULES)} rules found" in promtool(tool, "check", "rules", file)


@pytest.mark.parametrize("tool", PROMTOOLS)
@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_the_rules_do_what_their_tests_say(file: Path, tool: str) -> None:
    """Each file is a set of stories: promtool plays them and compares what fires with what should."""
    promtool(tool, "test", "rules", file)


def test_every_alert_fires_in_some_test() -> None:
    """In each of its severities."""
    expected = {
        (found[1], found[2])
        for file in TESTS
        for found in re.finditer(r'ALERTS\{alertname="(\w+)".*severity="(\w+)"\}', file.read_text())
    }
    assert {identity(rule) for rule in ALERTS} == expected


def test_every_alert_is_read_in_some_test() -> None:
    """Word for word, as whoever is woken reads it."""
    stories = yaml.safe_load((ROOT / "alerts" / "tests" / "texts.yml").read_text())["tests"]
    read = {each["alertname"] for story in stories for each in story["alert_rule_test"] if each["exp_alerts"]}
    assert read == {rule["alert"] for rule in ALERTS}


def test_every_hop_has_its_alert() -> None:
    """And no alert names a hop that there is not."""
    assert {rule["labels"]["hop"] for rule in ALERTS} == set(Hop)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: "-".join(identity(rule)))
def test_an_alert_says_what_a_person_needs(rule: dict[str, Any]) -> None:
    """Severity, hop and path; what broke, what it means for mail, what to run, and where more of it stands."""
    labels, annotations = rule["labels"], rule["annotations"]
    assert labels["severity"] in {"critical", "warning", "info"}
    assert "path" in labels or re.search(r"by \([^)]*\bpath\b", rule["expr"])
    assert set(annotations) == {"summary", "description", "command", "runbook_url"}
    assert annotations["command"]
    assert "{address}" not in annotations["command"]
    assert annotations["command"].splitlines()[0] in annotations["description"]
    assert (ROOT / annotations["runbook_url"]).read_text().startswith("<!--")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_metric_and_label_of_a_rule_exists(rule: dict[str, Any]) -> None:
    """In the catalogue, or among what the rules themselves record; nothing selects by job."""
    recorded = {each["record"] for each in RULES if "record" in each}
    text = "\n".join((rule["expr"], *rule.get("annotations", {}).values()))
    assert "job" not in re.findall(r"\w+(?==)", rule["expr"])
    found = re.findall(r"(?<![\w:])([a-z_]+:mailpath_[\w:]+|mailpath_\w+)(?:\{([^}]*)\})?", text)
    assert found or rule["alert"] == "MailpathBudgetBurning"
    for name, matchers in found:
        if name in recorded:
            continue
        assert set(re.findall(r"(\w+)(?:=~|!~|!=|=)", matchers)) <= set(FAMILIES[name].labels)
