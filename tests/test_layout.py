"""The layout: each module of monitor/ has its test module in the same place, each test module has its subject.

``monitor/ROOM/name.py`` is tested by ``tests/ROOM/test_name.py``; further aspects of it by ``test_name_aspect.py``.
"""

import ast
import tomllib
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
MONITOR = ROOT / "monitor"

# Modules without a test module, each with its reason. A module with any judgement in it does not belong here.
UNTESTED = {
    "__main__.py": "calls cli.main and no more; tests/e2e, tests/lab and tests/image start it",
    "publish/backend.py": "a protocol: signatures without a body, which mypy holds daemon/service.py to",
}

# Test modules of a room that are about no module in particular, each with its subject.
BEHAVIOURS = {
    "daemon/test_hot_paths.py": "the number of calls that a check, a log line, a handshake and a scrape take",
    "publish/test_cluster.py": "what is known of the cluster, in metrics, events and the status document alike",
    "publish/test_hosts.py": "what is known of an edge's host, in metrics, events, picture and document alike",
    "publish/test_negatives.py": "what must be refused, in metrics, events and the status document alike",
    "publish/test_proofs.py": "the proof of the client IP, in metrics, document and page alike",
    "publish/test_roundtrips.py": "a roundtrip's result, in metrics, document and page, and not in the health",
    "verdict/test_fault_table.py": "faults of a whole path, from what the probes see to the verdicts and the hop",
    "verdict/test_properties.py": "what a path's status never does, whatever comes",
}


def subject(test: Path) -> Path | None:
    """The module that a test module is about: its own name, or the longest that its name goes on from."""
    words = test.stem.removeprefix("test_").split("_")
    names = (test.with_name("_".join(words[:count]) + ".py") for count in range(len(words), 0, -1))
    return next((name for name in names if (MONITOR / name).is_file()), None)


def modules() -> set[Path]:
    """Every module of monitor/, by its path from there; a package's own file is no module."""
    return {file.relative_to(MONITOR) for file in MONITOR.rglob("*.py") if file.name != "__init__.py"}


def modules_of_tests() -> set[Path]:
    """Every test module that stands in a place of monitor/'s, by its path from tests/."""
    places = {module.parent for module in modules()} - {Path()}
    beside = {file.relative_to(TESTS) for place in places for file in (TESTS / place).glob("test_*.py")}
    top = {Path(file.name) for file in TESTS.glob("test_*.py") if (MONITOR / file.name[len("test_") :]).is_file()}
    return beside | top


def test_each_module_has_its_test_module() -> None:
    """Or a reason in ``UNTESTED``: write tests/ROOM/test_NAME.py, about what the module does."""
    tested = {module.with_name(f"test_{module.name}") for module in modules()}
    missing = {test.with_name(test.name[len("test_") :]).as_posix() for test in tested - modules_of_tests()}
    assert missing == UNTESTED.keys()


def test_each_test_module_has_its_subject() -> None:
    """Or is about several modules and stands in ``BEHAVIOURS``: whoever moves a module moves its tests along."""
    assert {test.as_posix() for test in modules_of_tests() if subject(test) is None} == BEHAVIOURS.keys()


def test_a_test_module_tests() -> None:
    """One without a test would pass for its module's."""
    for test in modules_of_tests():
        tree = ast.parse((TESTS / test).read_text())
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert any(isinstance(node, kinds) and node.name.startswith("test_") for node in tree.body), test


def test_a_packages_own_file_holds_its_law_and_nothing_that_needs_a_test() -> None:
    """A docstring, and what it hands on from its modules."""
    for file in MONITOR.rglob("__init__.py"):
        law, *rest = ast.parse(file.read_text()).body
        assert isinstance(law, ast.Expr), file
        for node in rest:
            constants = isinstance(node, ast.Assign | ast.Expr) and file.parent == MONITOR
            names = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            assert isinstance(node, ast.ImportFrom | ast.Import) or names or constants, f"{file}: {ast.unparse(node)}"


def test_nothing_is_left_out_of_coverage() -> None:
    """No file is omitted and no line excluded: what is hard to test is tested too."""
    assert "coverage" not in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert not (ROOT / ".coveragerc").exists()
    excluded = "pragma: no" + " cover"
    assert [file for file in MONITOR.rglob("*.py") if excluded in file.read_text()] == []


def test_the_lists_are_short_and_give_reasons() -> None:
    """An exception without a reason is an omission."""
    assert len(UNTESTED) <= 10
    assert len(BEHAVIOURS) <= 10
    assert all(len(reason.split()) > 3 for reason in (*UNTESTED.values(), *BEHAVIOURS.values()))
