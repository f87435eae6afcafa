"""The one runner: what it schedules, who hears of a probe run, and how soon the next one follows."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from monitor.core.model import Target
from monitor.core.observations import AnyObservation, Observation, Repeat, Span
from monitor.core.proof import NOTHING, Ask
from monitor.core.taxonomy import Reason
from monitor.core.verdicts import Verdict
from monitor.daemon.runner import Runner
from monitor.daemon.shared import Shared
from monitor.engine.cadence import FAST, NORMAL, Pace
from monitor.engine.scheduler import Quick
from monitor.links.connector import Connector, ConnectResult, Terms
from monitor.probes.check import Check
from monitor.probes.watch import Watch
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import Measure, TargetPlan
from tests import kinds
from tests.daemon.collected import Collected
from tests.daemon.telemetry import Telemetry
from tests.verdict.build import MUTE, SMTP, check, handshake, plan, refused, seen, silent

GOOD = ConnectResult(None, 0.002)
MEASURE = Measure(60.0, 20.0, 1, 2)


class Path:
    """A runner, and all that it publishes."""

    def __init__(self, *, leading: bool = True) -> None:
        """Plan two nodes; belongs to the running event loop."""
        telemetry = Telemetry()
        self.observed: list[AnyObservation] = []
        self.repeated: list[Repeat] = []
        self.connector = Connector()
        self.scheduler = Collected(telemetry)
        shared = Shared(
            self.scheduler,
            self.connector,
            lambda: 1_000_000.0,
            telemetry.bug,
            lambda observation, _news: self.observed.append(observation),
            lambda _: None,
            on_repeat=self.repeated.append,
        )
        self.runner = Runner(shared, PathBook(plan(fall=2)), lambda: leading)

    async def run(self, probe: "Probe") -> Pace:
        """Run a probe as the scheduler does."""
        self.runner.arrange([watch_of(probe)])
        run = self.scheduler.jobs["/".join(probe.target)].run
        assert run is not None
        return await run()

    def quick(self) -> Quick:
        """Schedule a check by literal; gives its job's quick probe runs."""
        probe = Check(check(SMTP), "192.0.2.1", 30145, Terms(1.0, silent=True), self.connector)
        self.runner.arrange([Watch(probe, self.connector, MEASURE, 5.0, plan_for(check(SMTP)), quick=probe)])
        found = self.scheduler.jobs["/".join(check(SMTP))].quick
        assert found is not None
        return found


@dataclass
class Probe:
    """A handshake that ends as it is told to."""

    found: Observation
    settings: object = None
    asked: int = 0

    @property
    def target(self) -> Target:
        """The target of what is found."""
        return self.found.target

    async def run(self, _ask: Ask = NOTHING, /) -> Observation:
        """Count, and find it."""
        self.asked += 1
        return self.found

    def judge(self, result: Observation, _span: Span) -> Observation:
        """Judge nothing."""
        return result


@pytest.fixture
async def path() -> Path:
    """Give a path."""
    return Path()


WHERE = handshake(SMTP)
NEIGHBOUR = handshake(SMTP, "k8s-node2")


def plan_for(target: Target) -> TargetPlan:
    """Plan a target."""
    return TargetPlan(target, "192.0.2.1", 30125, MEASURE)


def watch_of(probe: Probe) -> Watch:
    """Watch by a probe, over no link at all."""
    return Watch(probe, None, MEASURE, 10.0, plan_for(probe.target))  # type: ignore[arg-type] # any result will do


@pytest.mark.parametrize(
    ("first", "second", "pace", "around"),
    [
        (seen(WHERE), seen(WHERE), NORMAL, []),
        # one failure contradicts the state: it is looked at again soon, and so are its neighbours if nothing answers
        (seen(WHERE), refused(WHERE), FAST, [NEIGHBOUR]),
        (seen(WHERE), silent(WHERE), FAST, [NEIGHBOUR]),
        (seen(WHERE), seen(WHERE, Verdict.NO_GREETING, MUTE), FAST, []),
        (refused(WHERE), refused(WHERE), NORMAL, []),
    ],
)
async def test_a_result_that_contradicts_the_state_is_followed_soon(
    path: Path, first: Observation, second: Observation, pace: Pace, around: list[Target]
) -> None:
    """Whether it is the port, the node or the listener, the neighbours tell."""
    probe = Probe(first)
    await path.run(probe)
    path.runner.arrange([watch_of(probe), watch_of(Probe(seen(NEIGHBOUR)))])
    probe.found = second
    run = path.scheduler.jobs["/".join(WHERE)].run
    assert run is not None
    assert await run() == pace
    assert path.scheduler.hastened == ["/".join(each) for each in around]
    assert path.observed == [first, second]


async def test_a_replica_that_stands_by_runs_checks_only() -> None:
    """What is the leader's is not even scheduled; what is rare keeps its schedule and is not run."""
    standby = Path(leading=False)
    idle, busy = Probe(seen(WHERE)), Probe(seen(check(SMTP)))
    rare = Probe(seen(Target("home", kinds.RELAY_CANARY, "", "smtp")))
    standby.runner.arrange([watch_of(each) for each in (idle, busy, rare)])
    assert standby.scheduler.jobs.keys() == {"/".join(busy.target), "/".join(rare.target)}
    assert [watch.target for watch in standby.runner.seen] == [busy.target]
    for job in standby.scheduler.jobs.values():
        assert job.run is not None
        assert await job.run() == NORMAL
    assert (idle.asked, busy.asked, rare.asked) == (0, 1, 0)


async def test_a_probe_run_by_hand_keeps_its_distance(path: Path) -> None:
    """The last result is given while it is young; a check is no target of its own."""
    probe = Probe(seen(WHERE, now=path.runner.shared.now()))
    path.runner.arrange([replace(watch_of(probe), on_demand_interval=60.0), watch_of(Probe(seen(check(SMTP))))])
    assert await path.runner.by_hand("k8s-node1", "smtp") is probe.found
    assert await path.runner.by_hand("k8s-node1", "smtp") == probe.found
    assert probe.asked == 1
    assert await path.runner.by_hand("k8s-node9", "smtp") is None
    await path.runner.again(WHERE)
    assert probe.asked == 2


async def test_a_check_that_says_nothing_new_is_told_in_short(path: Path) -> None:
    """The first result is an observation, those like it are repeats."""
    rounds, now = path.quick(), asyncio.get_running_loop().time()
    assert [rounds.conclude(GOOD, now) for _ in range(3)] == [NORMAL, NORMAL, NORMAL]
    assert (len(path.observed), len(path.repeated)) == (1, 2)
    assert {each.target for each in path.repeated} == {check(SMTP)}


async def test_a_check_that_fails_is_told_in_full_and_followed_soon(path: Path) -> None:
    """And one success after it ends no doubt in short."""
    rounds, now = path.quick(), asyncio.get_running_loop().time()
    rounds.conclude(GOOD, now)
    assert rounds.conclude(ConnectResult(Reason.REFUSED, 0.001, "words"), now) == FAST
    rounds.conclude(GOOD, now)
    assert (len(path.observed), path.repeated) == (3, [])
    assert {each.target.probe for each in path.observed} == {kinds.CHECK}
