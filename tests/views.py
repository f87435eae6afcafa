"""A status, or evidence, with other targets in place of those of one view."""

from dataclasses import replace
from typing import Any, TypeVar

from monitor.core.status import PathStatus, TargetStatus
from monitor.verdict.evidence import Evidence

S = TypeVar("S", PathStatus, Evidence)
VIEWS = ("checks", "handshakes", "front_doors", "others")


def showing(status: S, **changes: Any) -> S:  # noqa: ANN401 - the fields of a dataclass
    """Replace fields as ``dataclasses.replace`` does, and whole views of ``targets`` by their names."""
    views: dict[str, tuple[TargetStatus, ...]] = {name: changes.pop(name, getattr(status, name)) for name in VIEWS}
    return replace(status, targets=tuple(each for view in views.values() for each in view), **changes)
