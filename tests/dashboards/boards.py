"""The committed dashboards as data: their panels, and their queries with the variables filled in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dashboards.all import FOLDER

Json = Any
FILES: dict[str, Path] = {file.stem: file for file in sorted(FOLDER.glob("*.json"))}
BOARDS: dict[str, Json] = {uid: json.loads(file.read_text()) for uid, file in FILES.items()}


class Asked(NamedTuple):
    """One query: who asks it, and whether for a moment or for a range of time."""

    where: str
    expr: str
    instant: bool


def panels(board: Json) -> list[Json]:
    """Give a dashboard's panels, without the titles of rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(uid: str) -> Iterator[Asked]:
    """Give all that a dashboard asks: panels, annotations and variables, as they stand."""
    board = BOARDS[uid]
    for panel in panels(board):
        for target in panel["targets"]:
            where = f"{uid}: {panel['title']}" + (f" {target['refId']}" if len(panel["targets"]) > 1 else "")
            yield Asked(where, target["expr"], bool(target.get("instant")))
    for annotation in board.get("annotations", {}).get("list", ()):
        yield Asked(f"{uid}: annotation {annotation['name']}", annotation["expr"], instant=False)
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            selector = re.fullmatch(r"label_values\((.+), \w+\)", variable["query"])
            assert selector, variable["query"]
            yield Asked(f"{uid}: variable {variable['name']}", selector[1], instant=True)


def filled(expr: str, **variables: str) -> str:
    """Fill in the variables, as Grafana does; what is unknown is an error."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: variables[found[1] or found[2]], expr)


EVERYTHING = {"path": "home", "service": ".*", "probe": "handshake", "__rate_interval": "20s", "__range": "1m"}
ASKED = [Asked(each.where, filled(each.expr, **EVERYTHING), each.instant) for uid in BOARDS for each in queries(uid)]
