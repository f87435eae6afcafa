"""The rounds of one target: its probe asks, its path's book learns, and the result says how soon to look again."""

from dataclasses import dataclass
from typing import Protocol

from monitor.core import kinds
from monitor.core.model import Target
from monitor.core.observations import Observation, Repeat
from monitor.core.verdicts import Verdict
from monitor.daemon.compose import TargetProbe
from monitor.daemon.shared import Shared
from monitor.engine.cadence import FAST, NORMAL, Pace
from monitor.engine.scheduler import Done
from monitor.links.connector import ConnectResult
from monitor.probes.check import Check
from monitor.verdict.path_book import PathBook


class Path(Protocol):
    """What the rounds of a target need of its path."""

    shared: Shared
    book: PathBook

    @property
    def leading(self) -> bool:
        """Whether this replica does everything."""

    def look_around(self, closed: Target) -> None:
        """Ask the targets beside this one soon."""


@dataclass(frozen=True, slots=True)
class TargetRounds:
    """Rounds that are a task each."""

    path: Path
    probe: TargetProbe

    async def run(self) -> Pace:
        """Do a round; give the pace of the next one."""
        # A process that was frozen may come to its rounds before it hears that another one leads.
        if not self.path.leading and self.probe.target.probe is not kinds.CHECK:
            return NORMAL
        return _pace(self.path, await self.observe())

    async def observe(self) -> Observation:
        """Do a round, and tell what it has found."""
        path, probe = self.path, self.probe
        started = path.shared.now()
        result = await probe.run(path.book.ask(probe.target, started))
        observation = probe.judge(result, path.shared.span(started))
        path.shared.on_observation(observation)
        return observation


@dataclass(frozen=True, slots=True)
class CheckRounds:
    """Rounds of a check whose address is a literal: thousands a second, so they take no task."""

    path: Path
    probe: Check

    def begin(self, done: Done) -> None:
        """Begin a round; ``done`` is told its end."""
        self.probe.begin(done)

    def conclude(self, found: ConnectResult, began: float) -> Pace:
        """End a round; in short, where all is as it was, for nearly all end so."""
        path, probe = self.path, self.probe
        shared = path.shared
        if found.reason is None and shared.on_repeat is not None:
            repeat = Repeat(probe.target, began, shared.loop.time(), shared.wall_clock(), found.seconds)
            if path.book.repeat(repeat):
                shared.on_repeat(repeat)
                return NORMAL
        observation = probe.judge(found, shared.span(began))
        shared.on_observation(observation)
        return _pace(path, observation)


def _pace(path: Path, observation: Observation) -> Pace:
    if not path.book.contradicted(observation.target):
        return NORMAL
    if not observation.answered or observation.judgement.verdict is Verdict.PORT_CLOSED:
        path.look_around(observation.target)
    return FAST
