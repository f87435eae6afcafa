"""What is to be judged, and by which measure: the frozen counterpart of a configuration."""

from dataclasses import dataclass

from monitor.core.model import Node, Service, Target


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """One target of check, handshake or front door; times in seconds."""

    target: Target
    address: str
    port: int
    interval: float
    timeout: float
    rise: int
    fall: int

    @property
    def stale_after(self) -> float:
        """Seconds after which the last ended round proves nothing any more."""
        return stale_after(self.interval, self.timeout)


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """One edge; ``interval`` is that of HAProxy's rounds, ``asks_haproxy`` whether there is a socket to ask."""

    name: str
    address: str
    interval: float
    timeout: float
    asks_haproxy: bool


@dataclass(frozen=True, slots=True)
class HealthRule:
    """What /healthz requires: these services, each on at least so many nodes."""

    services: tuple[str, ...]
    healthy_nodes: int


@dataclass(frozen=True, slots=True)
class PathPlan:
    """One path: everything that is watched of it."""

    name: str
    nodes: tuple[Node, ...]
    services: tuple[Service, ...]
    targets: tuple[TargetPlan, ...]
    edges: tuple[EdgePlan, ...]
    maillog_source: str | None
    health: HealthRule


def stale_after(interval: float, timeout: float) -> float:
    """Give the age in seconds, from the end of the last completed round, beyond which knowledge is stale."""
    return 3 * max(interval, timeout)
