"""The documents that are made from the code say what the code says, and leave nothing out."""

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from monitor.core.maillog import Problem

# Texts of the code that look like events.
NO_EVENTS = {"icon.svg", "monitor.publish", "status.css", "status.js"}

ROOT = Path(__file__).parents[1]
GENERATOR: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "generate_docs.py"))
DOCUMENTS: dict[str, str] = GENERATOR["documents"]()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_document_is_the_generated_one(name: str) -> None:
    """Whoever changes a word in the code runs tools/generate_docs.py."""
    assert (ROOT / "docs" / name).read_text() == DOCUMENTS[name]


def test_every_problem_of_the_mail_log_is_documented() -> None:
    """And none that does not exist: the table of docs/mail-log.md has each label once."""
    table = (ROOT / "docs" / "mail-log.md").read_text().partition("## Problems")[2].partition("## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(name for row in rows for name in re.findall(r"`([a-z_]+)`", row)) == sorted(Problem)


def test_every_command_is_complete() -> None:
    """What is to be typed has nothing left to be filled in."""
    for name in ("reasons.md", "verdicts.md"):
        document = DOCUMENTS[name]
        assert "{" not in document
        assert "}" not in document


def test_every_event_is_in_one_of_the_two_tables() -> None:
    """And no other: what is logged under a name that nobody can look up is of little use."""
    documented = [
        name
        for document in ("events.md", "operations.md")
        for line in (ROOT / "docs" / document).read_text().splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z]+\.[a-z_]+)`", line.split("|")[1])
    ]
    constants = [
        node.value
        for room in ("daemon", "publish")
        for file in (ROOT / "monitor" / room).glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    names = {each for each in constants if re.fullmatch(r"[a-z]+\.[a-z_]+", each)} - NO_EVENTS
    # The notifier puts these together: of both it says the same two things.
    names |= {f"{what}.{how}" for what in ("webhook", "heartbeat") for how in ("failed", "recovered")}
    assert sorted(documented) == sorted(names)
