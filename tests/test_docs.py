"""The documents that are made from the code say what the code says, and leave nothing out."""

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from monitor.core import runbook
from monitor.core.maillog import Problem
from monitor.core.taxonomy import Phase, Reason
from monitor.core.verdicts import Agreement

# Texts of the code that look like events.
NO_EVENTS = {"openapi.json", "icon.svg", "meanings.toml", "monitor.publish", "status.css", "status.js"}

ROOT = Path(__file__).parents[1]
GENERATOR: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "generate_docs.py"))
DOCUMENTS: dict[str, str] = GENERATOR["documents"]()
REASONS = (ROOT / "docs" / "reasons.md").read_text()
# Commands of docs/reasons.md that neither a page nor an alert shows.
ONLY_THERE = {"Show the fingerprint of the edge's host key.", "Where mailpath runs: see how many files it may open."}
ONLY_THERE |= {"Compare the clocks.", "Read the events of mailpath's Pod."}


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
    for document in (REASONS, DOCUMENTS["verdicts.md"]):
        assert "{" not in document
        assert "}" not in document


def test_every_phase_and_reason_is_explained_in_its_order() -> None:
    """docs/reasons.md lists them as the closed sets do, and each reason in its index."""
    phases, reasons = REASONS.partition("## Phases")[2].split("## Reasons\n")
    assert re.findall(r"^\| `([a-z_]+)` \| .+\.(?: \||$)", phases, re.MULTILINE) == list(Phase)
    assert re.findall(r"^### `([a-z_0-9]+)`$", reasons, re.MULTILINE) == list(Reason)
    assert re.findall(r"\[([a-z_]+)\]\(#\1\)", REASONS.partition("## Phases")[0]) == list(Reason)


def test_an_explanation_of_a_reason_is_made_of_whole_sentences() -> None:
    """What it means, and what to do about it: a full stop at the end, and every code span closed."""
    for section in re.split(r"^### .*\n\n", REASONS, flags=re.MULTILINE)[1:]:
        words = section.partition("```sh")[0].strip().split("\n\n")
        assert len(words) == 2, section
        for text in words:
            assert text.endswith((".", "?"))
            assert text.count("`") % 2 == 0


def test_the_commands_of_a_reason_are_the_runbooks() -> None:
    """What pages and alerts show too stands in docs/reasons.md in the same words."""
    filled = [each.at(GENERATOR["EDGE"]) for each in vars(runbook).values() if isinstance(each, runbook.Remedy)]
    known = {(each.words, each.command) for each in filled}
    blocks = "\n".join(re.findall(r"```sh\n(.*?)\n```", REASONS, re.DOTALL)).split("\n")
    pairs = {(words.removeprefix("# "), command) for words, command in zip(blocks[::2], blocks[1::2], strict=True)}
    assert {words for words, _ in pairs - known} == ONLY_THERE


def test_every_agreement_is_explained_in_its_order() -> None:
    """In whole sentences, as what a verdict means."""
    advice = GENERATOR["AGREEMENTS"]
    assert list(advice) == list(Agreement)
    for text in (text for each in advice.values() for text in each[:2]):
        assert text.endswith(".")
        assert text.count("`") % 2 == 0


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
