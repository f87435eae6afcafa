"""The committed JSON: what the code makes, what Grafana takes, and what a reader needs of every panel."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dashboards.all import FOLDER, documents
from tests.dashboards.boards import BOARDS, FILES, Json, panels

ROOT = Path(__file__).parents[2]
SCHEMA = Path(__file__).parent / "data" / "dashboard.schema.json"
UNITS = {"none", "short", "s", "ops", "cps", "percentunit", "bytes"}
"""Units of Grafana's that are in use; ``none`` is for mapped states, which have words."""
MADE_OF = {
    "mailpath-overview": {"stat": 12, "table": 1, "state-timeline": 5, "timeseries": 1},
    "mailpath-services": {"timeseries": 7, "heatmap": 6, "state-timeline": 1, "stat": 3, "table": 2},
    "mailpath-mail-log": {"stat": 6, "timeseries": 5, "state-timeline": 2},
    "mailpath-itself": {"stat": 6, "heatmap": 1, "timeseries": 9, "state-timeline": 2},
}
EVERY = [(uid, panel) for uid, board in BOARDS.items() for panel in panels(board)]
PANELS = [pytest.param(panel, id=f"{uid}: {panel['title']}") for uid, panel in EVERY]
STATES = [
    pytest.param(panel, id=f"{uid}: {panel['title']}")
    for uid, panel in EVERY
    if panel["type"] in {"stat", "state-timeline"}
]


def test_the_committed_json_is_what_the_code_makes() -> None:
    """Whoever changes a dashboard runs make dashboards."""
    assert {file.name: file.read_text() for file in FOLDER.iterdir()} == documents()


def test_grafana_takes_it() -> None:
    """By the JSON Schema of Grafana's own types; tools/grafana-schema.sh makes it."""
    command = [sys.executable, "-m", "check_jsonschema", f"--schemafile={SCHEMA}", *map(str, FILES.values())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("uid", MADE_OF)
def test_a_dashboard_has_its_panels(uid: str) -> None:
    """None is lost, and none comes without a look at these tests."""
    assert Counter(panel["type"] for panel in panels(BOARDS[uid])) == MADE_OF[uid]


def test_there_are_no_other_dashboards() -> None:
    """Each is in the table above."""
    assert BOARDS.keys() == MADE_OF.keys()


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows(panel: Json) -> None:
    """Title, description, unit, and what stands there where nothing is known."""
    assert len(panel["description"]) > len(panel["title"])
    assert panel["description"].endswith(".")
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    assert defaults["noValue"]
    assert panel["targets"]
    for link in panel.get("links", ()):
        page = re.fullmatch(r"\$\{runbook\}/(Mailpath\w+\.md)", link["url"])
        assert page
        assert (ROOT / "docs" / "runbook" / page[1]).is_file()


@pytest.mark.parametrize("panel", STATES)
def test_a_state_has_words_and_colours(panel: Json) -> None:
    """A number without a unit is a state: each of its values has a word of its own and a colour."""
    defaults = panel["fieldConfig"]["defaults"]
    if defaults["unit"] != "none" or panel["options"].get("textMode") == "name":
        assert defaults["thresholds"]["steps"]
        return
    (mapping,) = defaults["mappings"]
    words = [result["text"] for result in mapping["options"].values()]
    assert len(set(words)) == len(words) >= 2
    assert all(result["color"] for result in mapping["options"].values())


@pytest.mark.parametrize("uid", BOARDS)
def test_no_datasource_is_built_in(uid: str) -> None:
    """It is a variable everywhere, and so is the path where there is one."""
    board = BOARDS[uid]
    used = [panel["datasource"] for panel in panels(board)]
    used += [target["datasource"] for panel in panels(board) for target in panel["targets"]]
    used += [each["datasource"] for each in board.get("annotations", {}).get("list", ())]
    used += [each["datasource"] for each in board["templating"]["list"] if each["type"] == "query"]
    assert {(each["type"], each["uid"]) for each in used} == {("prometheus", "${datasource}")}
    names = [variable["name"] for variable in board["templating"]["list"]]
    assert names[0] == "datasource"
    assert ("path" in names) == (uid != "mailpath-itself")


@pytest.mark.parametrize("uid", BOARDS)
def test_dashboards_lead_to_each_other_and_to_the_runbook(uid: str) -> None:
    """With the path and the time that are chosen; verdict changes are marked wherever a path is watched."""
    board = BOARDS[uid]
    others, runbook = board["links"]
    assert others["tags"] == ["mailpath"] == board["tags"]
    assert (others["includeVars"], others["keepTime"]) == (True, True)
    assert runbook["url"] == "${runbook}"
    marks = [each["name"] for each in board.get("annotations", {}).get("list", ())]
    assert marks == ([] if uid == "mailpath-itself" else ["Announced work", "Broken hop", "Verdicts"])


@pytest.mark.parametrize("uid", BOARDS)
def test_panels_fill_the_grid(uid: str) -> None:
    """No two overlap, no line has a hole, and each panel has a number of its own."""
    board = BOARDS[uid]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    cells = Counter(
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    assert set(cells.values()) == {1}
    height = max(y for _, y in cells) + 1
    assert len(cells) == 24 * height
