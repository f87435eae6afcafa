"""The real helm and the chart: what it renders, and the words with which it refuses."""

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "mailpath"
VALUES = {file.stem: file for file in sorted((Path(__file__).parent / "values").glob("*.yml"))}
# Whole values.yaml of earlier releases, a file for each: never changed again.
RELEASED = sorted((Path(__file__).parent / "released").glob("*.yml"))
RELEASE, NAMESPACE = "mailpath", "monitoring"
ENVIRONMENT = {"WEBHOOK": "https://hooks.example.org/x", "KUMA_PUSH_URL": "https://kuma.example.org/x"}


@dataclass(frozen=True)
class Helm:
    """The programs of one directory, and a home of their own."""

    programs: Path
    home: Path

    def run(self, *arguments: str, program: str = "helm", given: str = "") -> subprocess.CompletedProcess[str]:
        """Run one of the programs to its end; what it says is not judged."""
        places = {f"HELM_{name}_HOME": str(self.home / name) for name in ("CACHE", "CONFIG", "DATA")}
        return subprocess.run(
            [str(self.programs / program), *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), **places},
        )

    def render(self, values: Document, *more: str) -> list[Document]:
        """Give the objects of a release; a chart that does not render is a failed assertion."""
        done = self._template(values, *more)
        assert done.returncode == 0, done.stderr
        return [document for document in yaml.safe_load_all(done.stdout) if document]

    def refusal(self, values: Document) -> str:
        """Give the words with which values are refused."""
        done = self._template(values)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def _template(self, values: Document, *more: str) -> subprocess.CompletedProcess[str]:
        arguments = ("template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--values", "-", *more)
        return self.run(*arguments, given=json.dumps(values))


@cache
def values(name: str) -> Document:
    """Load a file of values."""
    loaded: Document = yaml.safe_load(VALUES[name].read_text())
    return loaded


def of_kind(documents: list[Document], kind: str, name: str = "") -> Document:
    """Give the one object of a kind, of a name where several have it."""
    found = [each for each in documents if each["kind"] == kind and name in {"", each["metadata"]["name"]}]
    assert len(found) == 1, (kind, name, [(each["kind"], each["metadata"]["name"]) for each in documents])
    return found[0]


def workload(documents: list[Document]) -> Document:
    """Give the Deployment or StatefulSet."""
    kinds = {each["kind"] for each in documents} & {"Deployment", "StatefulSet"}
    assert len(kinds) == 1, kinds
    return of_kind(documents, kinds.pop())


def pods(documents: list[Document]) -> dict[str, Document]:
    """Give the spec of every Pod that a release makes, by the kind that makes it."""
    found: dict[str, Document] = {}
    for each in documents:
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        template = spec.get("template", each if each["kind"] == "Pod" else {})
        if "spec" in template:
            found[each["kind"]] = template["spec"]
    return found
