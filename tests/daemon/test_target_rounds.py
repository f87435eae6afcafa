"""The probe runs of one target: who hears of them, and how soon the next one follows."""

import asyncio
from dataclasses import dataclass, field

import pytest

from monitor.core import kinds
from monitor.core.model import Target
from monitor.core.observations import AnyObservation, Observation, Repeat, Span
from monitor.core.proof import NOTHING, Ask
from monitor.core.taxonomy import Reason
from monitor.core.verdicts import Verdict
from monitor.daemon.shared import Shared
from monitor.daemon.target_rounds import CheckRounds, TargetRounds
from monitor.engine.cadence import FAST, NORMAL, Pace
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector, ConnectResult, Terms
from monitor.probes.check import Check
from monitor.verdict.path_book import PathBook
from tests.daemon.telemetry import Telemetry
from tests.verdict.build import MUTE, SMTP, check, handshake, plan, refused, seen, silent

GOOD = ConnectResult(None, 0.002)


@dataclass
class Path:
    """A path whose book hears of every observation."""

    leading: bool = True
    observed: list[AnyObservation] = field(default_factory=list)
    repeated: list[Repeat] = field(default_factory=list)
    looked_around: list[Target] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Plan two nodes; belongs to the running event loop."""
        telemetry = Telemetry()
        self.book = PathBook(plan(fall=2))
        self.connector = Connector()
        self.shared = Shared(
            Scheduler(telemetry),
            self.connector,
            lambda: 1_000_000.0,
            telemetry.bug,
            self._observe,
            lambda _: None,
            on_repeat=self.repeated.append,
        )

    def look_around(self, closed: Target) -> None:
        """Remember after whom."""
        self.looked_around.append(closed)

    def _observe(self, observation: AnyObservation) -> None:
        self.observed.append(observation)
        self.book.record(observation)


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


@pytest.mark.parametrize(
    ("first", "second", "pace", "around"),
    [
        (seen(WHERE), seen(WHERE), NORMAL, []),
        # one failure contradicts the state: it is looked at again soon, and so are its neighbours if nothing answers
        (seen(WHERE), refused(WHERE), FAST, [WHERE]),
        (seen(WHERE), silent(WHERE), FAST, [WHERE]),
        (seen(WHERE), seen(WHERE, Verdict.NO_GREETING, MUTE), FAST, []),
        (refused(WHERE), refused(WHERE), NORMAL, []),
    ],
)
async def test_a_result_that_contradicts_the_state_is_followed_soon(
    path: Path, first: Observation, second: Observation, pace: Pace, around: list[Target]
) -> None:
    """Whether it is the port, the node or the listener, the neighbours tell."""
    await TargetRounds(path, Probe(first)).run()  # type: ignore[arg-type]
    assert await TargetRounds(path, Probe(second)).run() == pace  # type: ignore[arg-type]
    assert path.looked_around == around
    assert path.observed == [first, second]


async def test_a_replica_that_stands_by_runs_checks_only() -> None:
    """It may come to a handshake's slot before it hears that another replica leads."""
    standby = Path(leading=False)
    idle, busy = Probe(seen(WHERE)), Probe(seen(check(SMTP)))
    assert await TargetRounds(standby, idle).run() == NORMAL  # type: ignore[arg-type]
    await TargetRounds(standby, busy).run()  # type: ignore[arg-type]
    assert (idle.asked, busy.asked) == (0, 1)


async def test_a_check_that_says_nothing_new_is_told_in_short(path: Path) -> None:
    """The first result is an observation, those like it are repeats."""
    rounds = CheckRounds(path, Check(check(SMTP), "192.0.2.1", 30145, Terms(1.0, silent=True), path.connector))
    now = asyncio.get_running_loop().time()
    assert [rounds.conclude(GOOD, now) for _ in range(3)] == [NORMAL, NORMAL, NORMAL]
    assert (len(path.observed), len(path.repeated)) == (1, 2)
    assert {each.target for each in path.repeated} == {check(SMTP)}


async def test_a_check_that_fails_is_told_in_full_and_followed_soon(path: Path) -> None:
    """And one success after it ends no doubt in short."""
    rounds = CheckRounds(path, Check(check(SMTP), "192.0.2.1", 30145, Terms(1.0, silent=True), path.connector))
    now = asyncio.get_running_loop().time()
    rounds.conclude(GOOD, now)
    assert rounds.conclude(ConnectResult(Reason.REFUSED, 0.001, "words"), now) == FAST
    assert path.looked_around == [check(SMTP)]
    rounds.conclude(GOOD, now)
    assert (len(path.observed), path.repeated) == (3, [])
    assert {each.target.probe for each in path.observed} == {kinds.CHECK}
