"""helm and Kubernetes' own schemas find nothing to say, whatever is set."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.chart.conftest import Rendered
from tests.chart.helm import CHART, RELEASED, VALUES, Helm, workload

VERSIONS = ("1.35", "1.36", "1.37")
CUSTOM = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}


@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_nothing_to_say(helm: Helm, name: str) -> None:
    """``helm lint --strict``: a warning is an error."""
    done = helm.run("lint", "--strict", "--quiet", str(CHART), "--values", str(VALUES[name]))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", VALUES)
def test_the_objects_are_kubernetes_own(rendered: Rendered, name: str, version: str) -> None:
    """Every object but the operator's is valid, and has no key that Kubernetes does not know."""
    known = [each for each in rendered[name] if each["kind"] not in CUSTOM]
    assert len(known) >= 3
    for each in known:
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.stem)
def test_the_values_of_a_released_chart_are_still_taken(helm: Helm, file: Path) -> None:
    """Whoever has kept an earlier release's values, whole, has nothing to change."""
    assert workload(helm.render(yaml.safe_load(file.read_text())))["kind"] == "Deployment"


@pytest.mark.parametrize("name", VALUES)
def test_no_two_objects_have_one_name(rendered: Rendered, name: str) -> None:
    """Whatever is rendered can be applied at once, and says that it is the release's."""
    places = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in rendered[name]]
    assert len(places) == len(set(places))
    assert {each["metadata"]["labels"]["app.kubernetes.io/managed-by"] for each in rendered[name]} == {"Helm"}


def test_the_notes_say_what_to_do_next(helm: Helm) -> None:
    """After an installation helm says how to look, and what a scrape job that keeps by name must admit."""
    done = helm.run("install", "mailpath", str(CHART), "--dry-run=client", "--values", str(VALUES["minimal"]))
    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("NOTES:")[2]
    for words in ("mailpath_.+", "helm test", "kubectl --namespace", "honor_labels: true", "mailpath check"):
        assert words in notes, notes
