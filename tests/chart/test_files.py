"""What the chart has from elsewhere is what is there, and its documents leave no value out."""

import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor import __version__
from monitor.config.show import json_schema
from tests.chart.helm import CHART, ROOT

GENERATOR: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "generate_chart.py"))
MADE: dict[str, str] = GENERATOR["documents"]()


@pytest.mark.parametrize("name", MADE)
def test_the_committed_file_is_the_made_one(name: str) -> None:
    """Whoever changes what the chart has a copy of runs ``make chart``."""
    assert (CHART / name).read_text() == MADE[name]


def test_no_dashboard_is_left_over() -> None:
    """A dashboard that is no more is in the chart no more."""
    kept = {f"files/dashboards/{file.name}" for file in (CHART / "files" / "dashboards").glob("*")}
    assert kept == {name for name in MADE if name.startswith("files/dashboards/")}


def test_the_alert_rules_are_the_shipped_ones() -> None:
    """The chart has the very file of alerts/."""
    shipped = Path(ROOT / "alerts" / "mailpath.rules.yml").read_text()
    assert MADE["files/mailpath.rules.yml"] == shipped


def test_the_schema_has_the_configurations_own() -> None:
    """``values.config`` is held to what ``mailpath config schema`` prints, to the letter."""
    schema = GENERATOR["values_schema"]()
    assert {"$schema": schema["$schema"], **schema["$defs"]["configuration"]} == json_schema()
    assert schema["then"]["properties"]["config"] == {"$ref": "#/$defs/configuration"}


def test_the_schema_knows_every_value_and_no_other() -> None:
    """values.yaml and its schema have the same keys, whole blocks of Kubernetes' own apart."""
    chart = yaml.safe_load((CHART / "values.yaml").read_text())
    own = yaml.safe_load((ROOT / "helm" / "values.schema.yml").read_text())
    assert set(own) == {*chart, "enabled", "global"}  # helm's own, of a parent chart
    for key, value in chart.items():
        if not GENERATOR["_is_schema"](own[key]):
            assert set(own[key]) == set(value), key


def test_every_value_is_explained() -> None:
    """Each key of values.yaml has its comment, so that the table has no empty cell."""
    assert [".".join(place) for place, _, comment in GENERATOR["leaves"]() if not comment] == []


def test_the_chart_is_of_this_daemon() -> None:
    """The image's tag is the daemon's version, unless told otherwise."""
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == __version__
