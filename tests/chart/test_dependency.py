"""The chart below a parent's, as most houses install what is not theirs: switched by a condition, beside others."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.chart.helm import CHART, NAMESPACE, VALUES, Document, Helm, workload

PARENT = {
    "apiVersion": "v2",
    "name": "house",
    "version": "1.0.0",
    "dependencies": [{"name": "mailpath", "version": ">=0", "condition": "mailpath.enabled"}],
}


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """A chart that depends on this one, by a condition."""
    shutil.copytree(CHART, tmp_path / "charts" / "mailpath")
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(PARENT))
    return tmp_path


def render(helm: Helm, parent: Path, values: Document) -> list[Document]:
    """Render the parent with these values."""
    arguments = ("template", "house", str(parent), "--namespace", NAMESPACE, "--values", "-")
    done = helm.run(*arguments, given=json.dumps(values))
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


@pytest.mark.parametrize("name", VALUES)
def test_enabled_by_the_parents_condition(helm: Helm, parent: Path, name: str) -> None:
    """The condition's key and the parent's globals are no unknown values; the rest is as it is alone."""
    own = yaml.safe_load(VALUES[name].read_text())
    values = {"global": {"imageRegistry": "registry.example.org"}, "mailpath": {**own, "enabled": True}}
    below = render(helm, parent, values)
    assert {each["kind"] for each in below} == {each["kind"] for each in helm.render(own)}
    assert workload(below)["metadata"]["labels"]["app.kubernetes.io/instance"] == "house"


def test_disabled_by_the_parents_condition(helm: Helm, parent: Path) -> None:
    """Then there is nothing of it, and nothing about its values is asked."""
    assert render(helm, parent, {"mailpath": {"enabled": False}}) == []


def test_a_condition_that_is_no_answer_is_refused(helm: Helm, parent: Path) -> None:
    """A word in place of true or false is named with its place."""
    values = {"mailpath": {"serverName": "mail.example.org", "ssh": {"existingSecret": "x"}, "enabled": "yes"}}
    done = helm.run("template", "house", str(parent), "--values", "-", given=json.dumps(values))
    assert done.returncode != 0
    assert "enabled" in done.stderr
