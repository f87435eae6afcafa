"""How long each kind of trouble must stand before anybody is told. Times are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.publish.external_url import ExternalUrl

# Stands for the name of a path where every path is meant.
ANY_PATH = ""

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All that the rules take from a configuration and a command line; the defaults are those of a shipped one.

    ``settle`` is how long a broken hop takes until every target tells it: before that, the diagnosis may still move.
    ``rollout`` is what a Deployment with strategy Recreate is allowed, ``absent`` what mailpath itself is, ``cordoned``
    what a node is that somebody has taken out on purpose. A firing alert outlives a gap of ``restart`` in its series.
    ``silence`` is the range in which some round must have ended. ``objective`` is the share of time in which a service
    shall be usable. ``required`` are the services that ``/healthz`` requires, by path. ``edges`` are the edges'
    addresses by path, for commands; ``labels`` are added to every alert.
    Alerts link to the status page at ``external_url``.
    """

    settle: float = 2 * _MINUTE
    rollout: float = 5 * _MINUTE
    cordoned: float = 2 * _HOUR
    absent: float = 5 * _MINUTE
    restart: float = 2 * _MINUTE
    silence: float = 5 * _MINUTE
    certificate_warning: float = 14 * _DAY
    certificate_critical: float = 3 * _DAY
    objective: float = 0.99
    required: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {ANY_PATH: ("smtp", "submission", "imaps")})
    edges: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    runbook_url: str = "docs/runbook"
    external_url: ExternalUrl | None = None


def written(seconds: float) -> str:
    """Write a time as Prometheus does (``90s``, ``2m``, ``1500ms``), in the largest unit that leaves no fraction."""
    milliseconds = round(seconds * 1000)
    units = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
    return next(f"{milliseconds // size}{unit}" for unit, size in units if milliseconds % size == 0)


def spoken(seconds: float) -> str:
    """Say a time as people do (``2 minutes``), in the largest unit that leaves no fraction."""
    units = (("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE), ("second", 1.0))
    unit, size = next((unit, size) for unit, size in units if seconds % size == 0 or size == 1.0)
    return f"{seconds / size:g} {unit}{'' if seconds == size else 's'}"
