"""The failure taxonomy: two closed sets without a dead word."""

import re
from pathlib import Path

import monitor
from monitor.core.taxonomy import Phase, Reason

ROOM = Path(monitor.__file__).parent


def test_every_reason_and_phase_is_given_somewhere() -> None:
    """A word that no code gives as a cause is dead, and goes from the closed set."""
    sources = [file for file in ROOM.rglob("*.py") if file.name != "taxonomy.py"]
    text = "\n".join(file.read_text() for file in sources)
    given = set(re.findall(r"\b(?:Reason|Phase)\.([A-Z_]+)\b", text))
    assert {member.name for member in (*Reason, *Phase)} <= given
