"""The beat in virtual time: on time, one at a time, none delayed by another, bugs survived."""

import asyncio
from collections.abc import Callable

import pytest

from monitor.engine.cadence import Cadence, Pace
from monitor.engine.scheduler import AT_ONCE, Done, Job, Scheduler
from tests.engine.rounds import Notes, Recorder
from tests.virtual_time import run_virtual


def job(key: str, work: Recorder, interval: float = 5.0, fast: float = 1.0, phase: float = 0.0) -> Job:
    """Make a job with a known phase."""
    return Job(key, Cadence(interval, fast, phase), limit=100.0, run=work)


def run_for(seconds: float, *jobs: Job, notes: Notes | None = None) -> Notes:
    """Run jobs for so many virtual seconds."""
    kept = notes or Notes()

    async def main() -> None:
        scheduler = Scheduler(kept)
        for each in jobs:
            scheduler.add(each)
        await asyncio.sleep(seconds)
        await scheduler.stop(within=0.0)

    run_virtual(main())
    return kept


def test_an_hour_keeps_the_beat() -> None:
    """720 rounds of five seconds fill an hour exactly, none of them late."""
    work = Recorder()
    notes = run_for(3599.5, job("a", work))
    assert len(work.began) == 720
    assert all(abs(began - 5.0 * slot) < 1e-6 for slot, began in enumerate(work.began))
    assert max(notes.lateness) < 1e-6


def test_a_target_is_probed_once_at_a_time() -> None:
    """A round that lasts longer than the interval is never overlapped; what it overran is counted."""
    work = Recorder(lasts=12.0)
    notes = run_for(59.5, job("slow", work))
    assert work.most == 1
    assert work.began == [0.0, 15.0, 30.0, 45.0]
    assert notes.slots == 2 * work.ended


def test_a_slow_target_delays_no_other() -> None:
    """Beside a target that takes a minute, the others keep their slots to the millisecond."""
    slow, quick = Recorder(lasts=60.0), Recorder()
    run_for(59.5, job("slow", slow), job("quick", quick))
    assert [round(began, 6) for began in quick.began] == [5.0 * slot for slot in range(12)]


def test_doubt_quickens_the_beat_and_certainty_slows_it() -> None:
    """A contradicted target is asked again every fast_interval, then goes back to its own grid."""
    work = Recorder(pace=Pace.FAST)

    async def main() -> None:
        scheduler = Scheduler(Notes())
        scheduler.add(job("a", work, interval=60.0, fast=10.0))
        await asyncio.sleep(25.0)
        work.pace = Pace.NORMAL
        await asyncio.sleep(100.0)
        await scheduler.stop(within=0.0)

    run_virtual(main())
    assert work.began == [0.0, 10.0, 20.0, 30.0, 60.0, 120.0]


def test_a_bug_is_told_and_survived() -> None:
    """An exception of ours is reported with the job's name, and the job goes on."""
    work = Recorder(error=ZeroDivisionError("ours"))
    notes = run_for(11.0, job("home/check/n/s", work))
    assert notes.bugs == ["home/check/n/s: ZeroDivisionError('ours')"] * 3
    assert len(work.began) == 3


def test_a_round_that_hangs_is_ended_at_its_limit() -> None:
    """A round that never ends is a bug: it is cancelled at its limit and the target lives on."""
    work = Recorder(lasts=1e9)
    hanging = Job("hang", Cadence(5.0, 1.0, 0.0), limit=7.0, run=work)
    notes = run_for(21.0, hanging)
    assert work.began == [0.0, 10.0, 20.0]
    assert notes.bugs == ["hang: TimeoutError()"] * 2


class Begun:
    """Rounds without a task: begun, and ended ``lasts`` seconds later by whoever was asked."""

    def __init__(self, lasts: float, *, fails: str = "") -> None:
        """Describe the work; it raises at its ``begin``, at its ``end``, or never."""
        self.lasts, self.fails = lasts, fails
        self.began: list[float] = []
        self.found: list[object] = []

    def begin(self, done: Callable[[object], object]) -> None:
        """Begin a round."""
        loop = asyncio.get_running_loop()
        self.began.append(loop.time())
        if self.fails == "begin":
            raise ZeroDivisionError
        loop.call_later(self.lasts, done, "found")

    def conclude(self, found: object, began: float) -> Pace:
        """End it."""
        assert began == self.began[-1]
        self.found.append(found)
        if self.fails == "end":
            raise ZeroDivisionError
        return Pace.FAST if len(self.found) == 1 else Pace.NORMAL

    def job(self) -> Job:
        """Give it as a job at five seconds, or one in doubt."""
        return Job("a", Cadence(5.0, 1.0, 0.0), limit=100.0, quick=self)


class Endless:
    """Rounds without a task that never end; ``begun`` takes whom each would tell."""

    def __init__(self, begun: list[Done]) -> None:
        """Take the list."""
        self.begin = begun.append

    def conclude(self, found: object, began: float) -> Pace:
        """End it, which nobody asks for."""
        raise AssertionError(found, began)


def test_a_round_without_a_task_keeps_the_same_beat() -> None:
    """It is told what was found and when it began, and says how soon to look again; what it overran is counted."""
    work = Begun(lasts=0.5)
    notes = run_for(11.0, work.job())
    assert work.began == [0.0, 1.0, 5.0, 10.0]
    assert work.found == ["found"] * 4
    assert (notes.lateness, notes.slots) == ([0.0] * 4, 0)
    slow = Begun(lasts=12.0)
    assert run_for(40.0, slow.job()).slots == 12 + 2 + 2


@pytest.mark.parametrize("fails", ["begin", "end"])
def test_a_bug_in_a_round_without_a_task_is_survived(fails: str) -> None:
    """Whether it cannot begin or cannot end: it is told, and the target lives on."""
    work = Begun(lasts=0.5, fails=fails)
    notes = run_for(11.0, work.job())
    assert work.began == [0.0, 5.0, 10.0]
    assert notes.bugs == ["a: ZeroDivisionError()"] * 3


def test_stop_waits_for_rounds_without_a_task() -> None:
    """Those in flight come to their end, as long as it may take; one that is cut off tells nothing."""
    quick, endless = Begun(lasts=2.0), Begun(lasts=60.0)

    async def main(work: Begun) -> float:
        scheduler = Scheduler(Notes())
        scheduler.add(work.job())
        await asyncio.sleep(1.0)
        await scheduler.stop(within=4.0)
        stopped = asyncio.get_running_loop().time()
        await asyncio.sleep(100.0)
        return stopped

    assert (run_virtual(main(quick)), quick.found) == (2.0, ["found"])
    assert (run_virtual(main(endless)), endless.found) == (5.0, [])


def test_whoever_is_due_together_is_started_together() -> None:
    """Due times are hundredths of a second, never sooner than asked for."""
    works = [Recorder() for _ in range(100)]
    notes = run_for(4.0, *(job(f"t{n}", work, phase=n / 1000) for n, work in enumerate(works)))
    began = [work.began[0] for work in works]
    assert set(began) == {n / 100 for n in range(11)}
    assert all(n / 1000 <= at < n / 1000 + 0.01 for n, at in enumerate(began))
    assert notes.lateness == [0.0] * 100


def test_a_crowd_does_not_keep_the_loop() -> None:
    """Of many that are due at the same time a turn of the loop begins some; others have their turn in between."""

    async def main() -> list[int]:
        begun: list[Done] = []
        scheduler = Scheduler(Notes())
        for n in range(2 * AT_ONCE + 10):
            scheduler.add(Job(f"t{n}", Cadence(5.0, 1.0, 0.0), limit=100.0, quick=Endless(begun)))
        seen = {0}
        while len(begun) < 2 * AT_ONCE + 10:
            await asyncio.sleep(0)
            seen.add(len(begun))
        await scheduler.stop(within=0.0)
        assert len(set(map(id, begun))) == len(begun)
        return sorted(seen)

    assert run_virtual(main()) == [0, AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE + 10]


def test_a_removed_job_ends_its_round_and_never_returns() -> None:
    """Removal lets the round in flight come to its end in order; nothing follows."""
    work = Recorder(lasts=3.0)

    async def main() -> bool:
        scheduler = Scheduler(Notes())
        scheduler.add(job("a", work))
        await asyncio.sleep(1.0)
        scheduler.remove("a")
        await asyncio.sleep(60.0)
        known = "a" in scheduler
        await scheduler.stop(within=0.0)
        return known

    assert not run_virtual(main())
    assert (len(work.began), work.ended) == (1, 1)


def test_adding_again_replaces() -> None:
    """A job of the same key replaces the old one; the two never both run on."""
    old, new = Recorder(), Recorder()

    async def main() -> None:
        scheduler = Scheduler(Notes())
        scheduler.add(job("a", old))
        await asyncio.sleep(6.0)
        scheduler.add(job("a", new))
        await asyncio.sleep(20.0)
        await scheduler.stop(within=0.0)

    run_virtual(main())
    assert len(old.began) == 2
    assert new.began == [6.0, 10.0, 15.0, 20.0, 25.0]


def test_a_hastened_round_comes_early_and_once() -> None:
    """Hastening moves the next round forward, never back; the beat goes on upon the grid, without a double."""
    work = Recorder()

    async def main() -> None:
        scheduler = Scheduler(Notes())
        scheduler.add(job("a", work, interval=60.0))
        await asyncio.sleep(5.0)
        scheduler.hasten("a", 10.0)
        scheduler.hasten("a", 50.0)
        scheduler.hasten("nobody", 10.0)
        await asyncio.sleep(120.0)
        await scheduler.stop(within=0.0)

    run_virtual(main())
    assert work.began == [0.0, 10.0, 60.0, 120.0]


def test_a_round_in_flight_is_not_hastened() -> None:
    """What runs already is soon enough."""
    work = Recorder(lasts=20.0)

    async def main() -> None:
        scheduler = Scheduler(Notes())
        scheduler.add(job("a", work, interval=60.0))
        await asyncio.sleep(5.0)
        scheduler.hasten("a", 6.0)
        await asyncio.sleep(50.0)
        await scheduler.stop(within=0.0)

    run_virtual(main())
    assert work.began == [0.0]


def test_stop_lets_rounds_end_in_order() -> None:
    """Stopping waits for rounds in flight, as long as it may."""
    patient, endless = Recorder(lasts=2.0), Recorder(lasts=1e6)

    async def main() -> float:
        scheduler = Scheduler(Notes())
        scheduler.add(job("a", patient))
        scheduler.add(job("b", endless))
        await asyncio.sleep(1.0)
        await scheduler.stop(within=4.0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 5.0
    assert (patient.ended, endless.ended, endless.running) == (1, 0, 0)


def test_one_deadline_of_the_stop_serves_rounds_of_both_kinds() -> None:
    """A check into a black hole and a handshake that is kept waiting are waited for together, not one by one."""
    endless = Recorder(lasts=1e6)
    begun: list[Done] = []

    async def main() -> float:
        scheduler = Scheduler(Notes())
        scheduler.add(job("handshake", endless))
        scheduler.add(Job("check", Cadence(5.0, 1.0, 0.0), limit=100.0, quick=Endless(begun)))
        await asyncio.sleep(1.0)
        await scheduler.stop(within=4.0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 5.0
    assert len(begun) == 1
    assert (len(endless.began), endless.ended, endless.running) == (1, 0, 0)


def test_after_the_stop_nothing_begins() -> None:
    """A job that is added while everything ends is not run."""
    late = Recorder()

    async def main() -> None:
        scheduler = Scheduler(Notes())
        await scheduler.stop(within=0.0)
        scheduler.add(job("a", late))
        assert "a" not in scheduler
        await asyncio.sleep(20.0)

    run_virtual(main())
    assert late.began == []


def test_a_thousand_targets_keep_their_slots() -> None:
    """A thousand targets at one second each run a thousand rounds a second, spread, none late."""
    works = [Recorder() for _ in range(1000)]
    jobs = [job(f"t{n}", work, interval=1.0, phase=n / 1000) for n, work in enumerate(works)]
    notes = run_for(10.0, *jobs)
    assert {len(work.began) for work in works} <= {9, 10, 11}
    assert max(notes.lateness) < 1e-6
