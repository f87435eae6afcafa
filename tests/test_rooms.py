"""What is known of rooms and modules by name is there, and whatever takes servers says so."""

import ast
from pathlib import Path

from tests.rooms import DEADLINES, LONGEST, SERVERS, SHARES, deadline_of, group_of, rank_of, room_of

TESTS = Path(__file__).parent
STARTERS = (
    "tests.alerts.promtools",
    "tests.alerts.servers.alertmanager",
    "tests.alerts.servers.prometheus",
    "tests.browser.chromium",
    "tests.image.container",
    "tests.kube.cluster",
    "tests.lab.lab",
)
"""Whatever starts servers, or runs programs that a bare machine has not."""


def test_every_name_is_one() -> None:
    """A room or a module that is renamed keeps its deadline and its place."""
    assert all((TESTS / room).is_dir() for room in {*SERVERS, *DEADLINES})
    assert all((TESTS.parent / module).is_file() for module in (*LONGEST, *SHARES))
    assert all(_exists(name) for name in STARTERS)
    assert set(SHARES) <= set(LONGEST)


def test_whatever_takes_servers_is_marked() -> None:
    """In other rooms, who imports what starts servers carries the marker: ``make test-fast`` leaves it out."""
    unmarked = {
        str(file.relative_to(TESTS))
        for file in TESTS.rglob("test_*.py")
        if file.relative_to(TESTS).parts[0] not in SERVERS
        and any(name.startswith(STARTERS) for name in _imported(file))
        and "mark.servers" not in file.read_text()
    }
    assert unmarked == set()


def test_a_test_is_known_by_its_id() -> None:
    """Its room, its group, its deadline and its turn."""
    in_lab, shared, alone = (
        "tests/lab/test_sshd.py::test_a[tests/x.py]",
        f"{LONGEST[0]}::test_b",
        "tests/test_c.py::test_c",
    )
    assert [room_of(each) for each in (in_lab, shared, alone)] == ["lab", "lab", ""]
    assert [deadline_of(each) for each in (in_lab, alone)] == [DEADLINES["lab"], None]
    assert (group_of(in_lab), group_of(alone)) == ("tests/lab/test_sshd.py", "tests/test_c.py")
    assert {group_of(f"{shared}[{number}]") for number in range(20)} == {f"{LONGEST[0]} 0", f"{LONGEST[0]} 1"}
    assert sorted((alone, in_lab, shared), key=rank_of) == [shared, in_lab, alone]


def _imported(file: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}


def _exists(name: str) -> bool:
    file = TESTS.parent.joinpath(*name.split(".")).with_suffix(".py")
    return file.is_file() or f"def {file.stem}(" in file.parent.with_suffix(".py").read_text()
