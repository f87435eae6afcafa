"""What is remembered of one target: its last rounds, its state after rise/fall, and its verdict taken alone."""

import math

from monitor.core.conversation import TlsFacts
from monitor.core.kinds import Shown
from monitor.core.observations import Observation, Repeat
from monitor.core.verdicts import Verdict
from monitor.verdict.counting import RiseFall
from monitor.verdict.intermittent import REMEMBERED, RecentRounds
from monitor.verdict.plan import TargetPlan

# Handshakes and checks ask one server each: what they find, they find in every round. So theirs are not remembered, and
# one such memory serves them all.
_NO_ROUNDS = RecentRounds(0)


class TargetBook:
    """One target's memory; bounded: the last round, success, failure and TLS, a front door's last rounds.

    ``steady`` says that it is a check, up and in no doubt: one more success says nothing new, and ``repeat`` takes it.
    """

    __slots__ = ("_last", "_last_ok", "_shown", "_since", "last_failed", "plan", "recent", "state", "steady", "tls")

    def __init__(self, plan: TargetPlan) -> None:
        """Begin knowing nothing."""
        self.plan = plan
        self.state = RiseFall(plan.measure.rise, plan.measure.fall)
        self.steady = False
        # A repeat is made an observation of only while somebody looks at it.
        self._last: Observation | Repeat | None = None
        self._last_ok: Observation | Repeat | None = None
        self.last_failed: Observation | None = None
        self.tls: TlsFacts | None = None
        self.recent = RecentRounds(REMEMBERED) if plan.target.probe.shown is Shown.FRONT_DOOR else _NO_ROUNDS
        self._shown: Verdict | None = None
        self._since = 0.0

    def replan(self, plan: TargetPlan) -> None:
        """Take over a changed measure (intervals, rise, fall) and keep what is known."""
        self.plan = plan
        self.state.rise, self.state.fall = plan.measure.rise, plan.measure.fall

    def moved(self, plan: TargetPlan) -> "TargetBook":
        """Give the book of the same target at another place: since when its verdict stands is all that is kept."""
        book = TargetBook(plan)
        book._shown, book._since = self._shown, self._since
        return book

    def record(self, observation: Observation) -> bool:
        """Take in an ended round; tell whether it says anything but what the one before it said."""
        before, self._last = self._last, observation
        if observation.ok:
            self._last_ok = observation
        else:
            self.last_failed = observation
        if observation.tls is not None:
            self.tls = observation.tls
        turned = self.state.record(ok=observation.ok)
        self.recent.record(observation.judgement, up=self.state.up is True)
        is_check = self.plan.target.probe.shown is Shown.CHECK
        self.steady = is_check and observation.ok and self.state.up is True and not self.state.contradicted
        return turned or before is None or before.judgement.verdict is not observation.judgement.verdict

    def repeat(self, repeat: Repeat) -> None:
        """Take in a round of a target that is ``steady``."""
        self._last = self._last_ok = repeat

    def shown(self, verdict: Verdict, at: float) -> float:
        """Take in the verdict that is shown at ``at``, others' views included; give since when it stands.

        Both are seconds since the epoch.
        """
        if verdict is not self._shown:
            self._shown, self._since = verdict, at
        return self._since

    def doubted(self, rounds: int) -> bool:
        """Tell whether to look again soon: the last result contradicts the state or, at a front door, one of so many.

        Its next round may meet another server, so that one success ends no doubt.
        """
        return self.state.contradicted or (self.state.up is True and bool(self.recent.failures(rounds)))

    @property
    def last(self) -> Observation | None:
        """The last ended round."""
        return self._last.whole if isinstance(self._last, Repeat) else self._last

    @property
    def last_ok_at(self) -> float | None:
        """When (seconds since the epoch) its last success ended, if there was one."""
        return None if self._last_ok is None else self._last_ok.at

    @property
    def last_ok_finished(self) -> float:
        """When (event loop's clock) its last success ended; before all time, if there was none."""
        return -math.inf if self._last_ok is None else self._last_ok.finished

    def age(self, now: float) -> float | None:
        """Give the seconds since the end of the last round; ``None`` before the first."""
        return None if self._last is None else now - self._last.finished

    def stale(self, now: float) -> bool:
        """Tell whether what is known is too old to rest anything on; never seen is stale."""
        return self._last is None or now - self._last.finished > self.plan.measure.stale_after

    def fresh(self, now: float) -> Observation | None:
        """Give the last round, unless it is stale."""
        return None if self.stale(now) else self.last

    def verdict(self, now: float) -> Verdict:
        """Give the verdict of this target alone: rise/fall decides up or down, the latest round of that kind speaks."""
        if self.stale(now):
            return Verdict.UNKNOWN
        speaking = self._last_ok if self.state.up else self.last_failed
        return Verdict.UNKNOWN if speaking is None else speaking.judgement.verdict
