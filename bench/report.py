"""The results: JSON to compare by, and a table to read."""

import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from bench.machine import machine
from bench.measure import Bound, Figure

HERE = Path(__file__).parent
JSON_FILE, TABLE_FILE = HERE / "results.json", HERE / "results.md"

_HEAD = """# Results

Made by `make bench`; the figures and how they are taken are explained in [README.md](README.md).

{machine}

Values are medians (lowest to highest of the rounds). A ratio is the median of the rounds' own ratios.
"""


def merge(group: str, figure: Figure) -> None:
    """Add a figure to the results, in place of an older one of its name, and write both files anew."""
    known: dict[str, Any] = json.loads(JSON_FILE.read_text()) if JSON_FILE.exists() else {}
    figures: dict[str, Any] = known.get("figures", {})
    figures[figure.name] = _document(group, figure)
    document = {"machine": machine(), "figures": figures}
    _write(document)
    print("\n".join(_rows(figure.name, figures[figure.name])), file=sys.stderr)


def keep_only(group: str, names: Collection[str]) -> None:
    """Drop a group's figures of other names: it measures them no more."""
    document: dict[str, Any] = json.loads(JSON_FILE.read_text())
    figures = document["figures"]
    document["figures"] = {
        name: figure for name, figure in figures.items() if figure["group"] != group or name in names
    }
    _write(document)


def _write(document: dict[str, Any]) -> None:
    JSON_FILE.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    TABLE_FILE.write_text(_table(document))


def _document(group: str, figure: Figure) -> dict[str, Any]:
    return {
        "group": group,
        "unit": figure.unit,
        "note": figure.note,
        "values": {
            name: {
                "median": _short(figure.median(name)),
                "lowest": _short(min(values)),
                "highest": _short(max(values)),
                "rounds": len(values),
            }
            for name, values in figure.values.items()
        },
        "bounds": [_bound(figure, bound) for bound in figure.bounds],
    }


def _bound(figure: Figure, bound: Bound) -> dict[str, Any]:
    return {
        "of": bound.of,
        "to": bound.to,
        "value": _short(figure.ratio(bound)),
        "must": bound.must,
        "reach": bound.reach,
        "at_least": bound.at_least,
        "holds": figure.holds(bound, bound.must),
        "reached": figure.holds(bound, bound.reach),
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _table(document: dict[str, Any]) -> str:
    lines = [f"- {key}: {value}" for key, value in document["machine"].items()]
    parts = [_HEAD.format(machine="\n".join(lines))]
    group = ""
    for name, figure in document["figures"].items():
        if figure["group"] != group:
            group = figure["group"]
            parts.append(f"## {group}\n")
        parts.append("\n".join(_rows(name, figure)) + "\n")
    return "\n".join(parts)


def _rows(name: str, figure: dict[str, Any]) -> list[str]:
    rows = [f"### {name}", "", f"| | {figure['unit']} | lowest to highest | rounds |", "| --- | --- | --- | --- |"]
    for contender, each in figure["values"].items():
        rows.append(
            f"| {contender} | {each['median']:g} | {each['lowest']:g} to {each['highest']:g} | {each['rounds']} |"
        )
    if figure["bounds"]:
        rows += ["", "| bound | measured | must | reach | |", "| --- | --- | --- | --- | --- |"]
    for bound in figure["bounds"]:
        sign = "≥" if bound["at_least"] else "≤"
        what = f"{bound['of']} / {bound['to']}" if bound["to"] else bound["of"]
        says = "reached" if bound["reached"] else "holds" if bound["holds"] else "**missed**"
        marks = f"{sign} {bound['must']:.3g} | {sign} {bound['reach']:.3g}"
        rows.append(f"| {what} | {bound['value']:.3g} | {marks} | {says} |")
    if figure["note"]:
        rows += ["", figure["note"]]
    return rows
