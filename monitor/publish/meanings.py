"""What each verdict and hop means, and what to do about it, as ``meanings.toml`` says: pages, alerts, docs/verdicts.md.

The words come with the package and are read once.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import NamedTuple, TypeVar

from monitor.core import runbook
from monitor.core.runbook import Remedy
from monitor.core.verdicts import Hop, Verdict

Name = TypeVar("Name", bound=StrEnum)


class Advice(NamedTuple):
    """What something means, what to do about it, and the remedies with a command for that (none: nothing to run)."""

    meaning: str
    remedy: str
    commands: tuple[Remedy, ...] = ()


_TABLES = tomllib.loads(files("monitor.publish").joinpath("meanings.toml").read_text("utf-8"))


def _advice(table: str, kind: type[Name]) -> Mapping[Name, Advice]:
    return {kind(name): _row(**row) for name, row in _TABLES[table].items()}


def _row(meaning: str, remedy: str, commands: tuple[str, ...] = ()) -> Advice:
    return Advice(_paragraph(meaning), _paragraph(remedy), tuple(getattr(runbook, name) for name in commands))


def _paragraph(text: str) -> str:
    return " ".join(text.split())


VERDICTS = _advice("verdicts", Verdict)
HOPS = _advice("hops", Hop)
