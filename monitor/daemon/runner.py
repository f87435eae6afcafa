"""The one runner of a path's probes: compare wanted with running, schedule, ask, run, judge, record, set the pace.

It serves the daemon's schedule, ``mailpath check``, ``mailpath probe`` and ``GET /probe`` alike, and knows no kind.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from monitor.core.kinds import Shown
from monitor.core.model import Target
from monitor.core.observations import AnyObservation, Observation, Repeat
from monitor.core.verdicts import Verdict
from monitor.daemon.shared import Shared, limit
from monitor.engine.cadence import FAST, NORMAL, Pace
from monitor.engine.scheduler import Done, Job
from monitor.links.connector import ConnectResult
from monitor.probes.watch import QuickProbe, Watch, key_of
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import TargetPlan

# Kinds whose targets can be probed by hand: a check tells no more than its handshake, the rest has no verdict.
_NOT_BY_HAND = frozenset({Shown.CHECK, Shown.APART})


class Runner:
    """Runs the probes of one path."""

    def __init__(
        self,
        shared: Shared,
        book: PathBook,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """Run nothing yet; ``leads`` says whether this replica does everything."""
        self.shared = shared
        self.book = book
        self.watches: dict[str, Watch] = {}
        self._leads = leads

    @property
    def seen(self) -> list[Watch]:
        """What this replica probes; what is rare keeps its schedule while another replica leads, and is not run."""
        leading = self._leads()
        return [watch for watch in self.watches.values() if leading or not watch.target.probe.leader_only]

    @property
    def first_rounds(self) -> frozenset[str]:
        """The keys of the watches whose first probe run readiness waits for."""
        return frozenset(key for key, watch in self.watches.items() if watch.target.probe.awaited)

    def arrange(self, every: Iterable[Watch], *, schedule: bool = True) -> None:
        """Begin and end watches, so that they are these, as far as this replica's part; what did not change goes on."""
        leading = self._leads()
        wanted = {
            watch.key: watch
            for watch in every
            if leading or not watch.target.probe.leader_only or watch.target.probe.rare
        }
        before, self.watches = self.watches, wanted
        for key in before.keys() - wanted.keys():
            self.shared.scheduler.remove(key)
        for key, watch in wanted.items() if schedule else ():
            running = before.get(key)
            if running is not None and running.same_as(watch):
                wanted[key] = running
            elif running is None or not (watch.target.probe.rare and watch.in_step_with(running)):
                self._schedule(key, watch)

    def stop(self) -> None:
        """Begin no more probe runs; those in flight are the scheduler's to end."""
        self.arrange(())

    async def observe(self, watch: Watch) -> AnyObservation | None:
        """Do one probe run now, and record what it has found; ``None``: the book wants none."""
        shared, probe = self.shared, watch.probe
        started = shared.now()
        ask = self.book.ask(probe.target, started)
        if ask is None:
            return None
        observation = probe.judge(await probe.run(ask), shared.span(started))
        self.record(observation)
        return observation

    def record(self, observation: AnyObservation) -> None:
        """Let the path's book take an observation in, then publish it."""
        self.shared.publish(observation, self.book.record(observation))

    async def by_hand(self, node: str, service: str, probe: str = "") -> Observation | None:
        """Do a probe run of a node's handshake (where ``node`` is an edge: of its front door); ``None``: no such one.

        ``probe`` names the kind where several share a node and service; empty: the first of them.

        Where the last run has only just ended, its result is given: the server's rate limit is kept by arithmetic
        (``config.rate_budget``), so a run by hand keeps its distance too.
        """
        for watch in self.watches.values():
            target = watch.target
            meant = (target.node, target.service) == (node, service) and probe in {"", target.probe}
            if meant and target.probe.shown not in _NOT_BY_HAND:
                last = self.book.last_round(target)
                if last is not None and self.shared.now() - last.finished < watch.on_demand_interval:
                    return last
                observation = await self.observe(watch)
                return observation if isinstance(observation, Observation) else None
        return None

    async def again(self, target: Target) -> None:
        """Do one more probe run of a target, now."""
        watch = self.watches.get(key_of(target))
        if watch is not None:
            await self.observe(watch)

    def pace(self, observation: AnyObservation) -> Pace:
        """How soon to ask again after an observation; a port that is closed hastens its neighbours."""
        if not self.book.doubted(observation.target):
            return NORMAL
        if isinstance(observation, Observation) and (
            not observation.answered or observation.judgement.verdict is Verdict.PORT_CLOSED
        ):
            self._look_around(observation.target)
        return FAST

    def _schedule(self, key: str, watch: Watch) -> None:
        longest = limit(watch.measure.timeout)
        if watch.quick is not None:
            job = Job(key, watch.cadence, longest, quick=_Quick(self, watch.quick))
        else:
            job = Job(key, watch.cadence, longest, partial(self._run, key))
        self.shared.scheduler.add(job)

    async def _run(self, key: str) -> Pace:
        watch = self.watches.get(key)
        # A process that was frozen may come to its probe runs before it hears that another one leads.
        if watch is None or (watch.target.probe.leader_only and not self._leads()):
            return NORMAL
        observation = await self.observe(watch)
        return NORMAL if observation is None else self.pace(observation)

    def _look_around(self, closed: Target) -> None:
        """Ask the same node's and the same service's other targets soon: is it the port, the node or the listener?"""
        now = self.shared.now()
        for key, watch in self.watches.items():
            target = watch.target
            beside = target.node == closed.node or target.service == closed.service
            if beside and target != closed and isinstance(watch.plan, TargetPlan):
                last = self.book.last_round(target)
                soon = now if last is None else max(now, last.started + watch.fast_interval)
                self.shared.scheduler.hasten(key, soon)


@dataclass(frozen=True, slots=True)
class _Quick:
    """Probe runs of a check whose address is a literal: thousands a second, so they take no task."""

    runner: Runner
    probe: QuickProbe

    def begin(self, done: Done) -> None:
        """Begin a probe run; ``done`` is told its end."""
        self.probe.begin(done)

    def conclude(self, found: ConnectResult, began: float) -> Pace:
        """End a probe run; in short, where all is as it was, for nearly all end so."""
        runner, probe = self.runner, self.probe
        shared = runner.shared
        if found.reason is None and shared.on_repeat is not None:
            repeat = Repeat(probe.target, began, shared.loop.time(), shared.wall_clock(), found.seconds)
            if runner.book.repeat(repeat):
                shared.on_repeat(repeat)
                return NORMAL
        observation = probe.judge(found, shared.span(began))
        runner.record(observation)
        return runner.pace(observation)
