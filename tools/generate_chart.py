# ruff: noqa: INP001 - a script beside others, and no package
"""Writes what the chart has from elsewhere: a chart reads no file outside itself, and nothing is to be said twice.

The schema of its values, the table of its README, the alert rules, the dashboards and the daemon's own defaults. Run it
from anywhere: ``make chart``. A test holds the committed files to its output.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from monitor.config.alert_rules import rules_yaml
from monitor.config.services import DEFAULT_SERVICES
from monitor.config.show import json_schema
from monitor.config.sources import EdgeSettings, KubernetesLog, KubernetesSettings, LeaseSettings, SshSettings
from monitor.publish.alerting.thresholds import Thresholds

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "helm" / "mailpath"
OWN_SCHEMA = ROOT / "helm" / "values.schema.yml"
DASHBOARDS = ROOT / "dashboards"

BEGIN, END = "<!-- values: made by tools/generate_chart.py from values.yaml -->", "<!-- end of values -->"

# Words of JSON Schema, by which a leaf of values.schema.yml is told from a block of values.
_WORDS = {"type", "enum"}

Document = dict[str, Any]


def documents() -> dict[str, str]:
    """Give every file of the chart that is made, by its place in the chart."""
    return {
        "values.schema.json": _json(values_schema()),
        "README.md": _readme((CHART / "README.md").read_text()),
        "files/defaults.yaml": _defaults(),
        "files/mailpath.rules.yml": rules_yaml(Thresholds()),
        **{f"files/dashboards/{file.name}": file.read_text() for file in sorted(DASHBOARDS.rglob("*.json"))},
    }


def values_schema() -> Document:
    """Give the schema of the values: the chart's own, and the configuration's under ``config``.

    A ``config`` without paths is the chart's to fill in: there they are not required.
    """
    own = yaml.safe_load(OWN_SCHEMA.read_text())
    about = {".".join(path): comment for path, _, comment in leaves()}
    configuration = json_schema()
    draft = configuration.pop("$schema")
    with_paths = {"properties": {"config": {"required": ["paths"]}}}
    return {
        "$schema": draft,
        "title": "Values of the chart mailpath",
        **_block(own, "", about),
        "if": with_paths,
        "then": {"properties": {"config": {"$ref": "#/$defs/configuration"}}},
        "else": {"properties": {"config": {"$ref": "#/$defs/beside"}}},
        "$defs": {"configuration": configuration, "beside": _without_paths(configuration)},
    }


def leaves() -> Iterator[tuple[tuple[str, ...], Any, str]]:
    """Give each key of values.yaml that is no block of keys: its place, its default, its comment."""
    text = (CHART / "values.yaml").read_text()
    lines = text.splitlines()
    yield from _leaves(yaml.compose(text), (), lines, own=yaml.safe_load(OWN_SCHEMA.read_text()))


def _leaves(
    block: yaml.MappingNode, place: tuple[str, ...], lines: list[str], own: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    for key, value in block.value:
        here = (*place, key.value)
        below = own.get(key.value, {})
        if isinstance(value, yaml.MappingNode) and value.value and not _is_schema(below):
            yield from _leaves(value, here, lines, below)
        elif isinstance(value, yaml.MappingNode) and value.flow_style is False and value.value:
            # a block of Kubernetes' own keys: each is told by itself
            yield from _leaves(value, here, lines, {})
        else:
            yield here, _plain(value), _comment(lines, key.start_mark.line)


def _comment(lines: list[str], line: int) -> str:
    found: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("# "):
        line -= 1
        found.insert(0, lines[line].lstrip().removeprefix("# "))
    return " ".join(found)


def _plain(node: yaml.Node) -> object:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)  # type: ignore[no-untyped-call]
    finally:
        loader.dispose()


def _is_schema(value: Mapping[str, Any]) -> bool:
    return any(isinstance(value.get(word), str | list) for word in _WORDS)


def _block(own: Mapping[str, Any], place: str, about: Mapping[str, str]) -> Document:
    properties: Document = {}
    for key, value in own.items():
        here = f"{place}{key}"
        if _is_schema(value):
            comment = about.get(here)
            properties[key] = {**({"description": comment} if comment else {}), **value}
        else:
            properties[key] = _block(value, f"{here}.", about)
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _without_paths(configuration: Document) -> Document:
    properties = {key: value for key, value in configuration["properties"].items() if key != "paths"}
    return {**configuration, "properties": properties, "required": []}


def _defaults() -> str:
    known = {
        "services": DEFAULT_SERVICES,
        "edge": EdgeSettings(),
        "ssh": SshSettings(),
        "log": KubernetesLog(),
        "kubernetes": KubernetesSettings(),
        "lease": LeaseSettings(),
    }
    text = yaml.safe_dump(msgspec.to_builtins(known), sort_keys=False)
    return f"# The daemon's own defaults, for Role and NetworkPolicy. Made by tools/generate_chart.py.\n{text}"


def _readme(text: str) -> str:
    rows = "\n".join(
        f"| `{'.'.join(path)}` | `{json.dumps(default, ensure_ascii=False)}` | {comment.replace('|', chr(92) + '|')} |"
        for path, default, comment in leaves()
    )
    table = f"{BEGIN}\n| value | default | meaning |\n| --- | --- | --- |\n{rows}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: table, text, flags=re.DOTALL)


def _json(document: Document) -> str:
    return f"{json.dumps(document, indent=1, ensure_ascii=False)}\n"


def main() -> None:
    """Write them, and take away dashboards that are no more."""
    made = documents()
    for old in (CHART / "files" / "dashboards").glob("*.json"):
        if f"files/dashboards/{old.name}" not in made:
            old.unlink()
    for name, text in made.items():
        (CHART / name).parent.mkdir(parents=True, exist_ok=True)
        (CHART / name).write_text(text)


if __name__ == "__main__":
    main()
