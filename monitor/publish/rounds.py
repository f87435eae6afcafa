"""The last rounds of every target: how long each took, and the transcripts of those that failed."""

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from monitor.core.kinds import Shown
from monitor.core.model import Target
from monitor.core.observations import Observation
from monitor.core.status import PathStatus
from monitor.core.verdicts import Verdict

KEPT_ROUNDS = 120
# A check says nothing, and the rest has no verdict.
_UNHEARD = frozenset({Shown.CHECK, Shown.APART})


class Round(NamedTuple):
    """One ended round: its end (epoch seconds), its length in seconds, and what it meant on its own."""

    at: float
    duration: float
    verdict: Verdict


class TargetRounds(NamedTuple):
    """What is remembered of a target: its rounds, oldest first, and the failed ones in full, newest first."""

    rounds: tuple[Round, ...] = ()
    failed: tuple[Observation, ...] = ()


class Rounds:
    """Takes in the rounds of handshakes, front doors and whatever else has a verdict."""

    def __init__(self) -> None:
        """Begin without any."""
        # both by path
        self._rounds: defaultdict[str, dict[Target, deque[Round]]] = defaultdict(dict)
        self._failed: dict[str, list[Observation]] = {}
        self._kept: Mapping[str, int] = {}

    def keep(self, transcripts: Mapping[str, int]) -> None:
        """Keep so many failed rounds for each path (``handshakes.transcripts``)."""
        self._kept = transcripts
        for path in self._failed:
            self._bound(path)

    def record(self, observation: Observation) -> None:
        """Take in an ended round."""
        target = observation.target
        if target.probe.shown in _UNHEARD:
            return
        length = observation.finished - observation.started
        rounds = self._rounds[target.path].setdefault(target, deque(maxlen=KEPT_ROUNDS))
        rounds.append(Round(observation.at, length, observation.judgement.verdict))
        if not observation.ok:
            self._failed.setdefault(target.path, []).append(observation)
            self._bound(target.path)

    def of(self, target: Target) -> TargetRounds:
        """Give what is remembered of a target."""
        failed = (each for each in reversed(self._failed.get(target.path, ())) if each.target == target)
        return TargetRounds(tuple(self._rounds.get(target.path, {}).get(target, ())), tuple(failed))

    def forget(self, statuses: Sequence[PathStatus]) -> None:
        """Forget what is watched no more of these paths."""
        for path in statuses:
            watched = {status.target for status in path.dialogues}
            rounds, failed = self._rounds.get(path.name, {}), self._failed.get(path.name, [])
            self._rounds[path.name] = {target: each for target, each in rounds.items() if target in watched}
            self._failed[path.name] = [each for each in failed if each.target in watched]

    def keep_only(self, paths: Collection[str]) -> None:
        """Forget every path but these."""
        for name in (self._rounds.keys() | self._failed.keys()) - set(paths):
            self._rounds.pop(name, None)
            self._failed.pop(name, None)

    def _bound(self, path: str) -> None:
        failed = self._failed[path]
        while len(failed) > self._kept.get(path, 0):
            # The target with the most gives its oldest: one that fails all day must not push out all others.
            most = Counter(each.target for each in failed).most_common(1)[0][0]
            failed.pop(next(index for index, each in enumerate(failed) if each.target == most))
