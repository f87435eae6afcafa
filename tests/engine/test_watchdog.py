"""What the daemon itself suffers from: rounds that never end, a loop that is always late; never what rounds find."""

import asyncio
from contextlib import suppress

from monitor.engine.cadence import Cadence, Pace
from monitor.engine.scheduler import Job, Scheduler
from monitor.engine.watchdog import LAGS_FOR, OVERDUE_AFTER, LoopLag, Watchdog
from tests.engine.rounds import Notes, Recorder
from tests.virtual_time import VirtualLoop, run_virtual

INTERVAL, LIMIT = 5.0, 10.0


def job(key: str, work: Recorder | None = None, interval: float = INTERVAL) -> Job:
    """Make a job."""
    return Job(key, Cadence(interval, interval, phase=0.0), limit=LIMIT, run=work or Recorder())


def test_whatever_rounds_find_the_daemon_is_well() -> None:
    """Rounds that fail, that hang until their limit ends them, or that are rare by intent: none is a reason."""

    async def main() -> list[str]:
        scheduler, lag = Scheduler(Notes()), LoopLag()
        lag.start()
        dog = Watchdog(scheduler, lag)
        scheduler.add(job("broken", Recorder(error=ValueError("a bug"))))
        scheduler.add(job("hangs", Recorder(lasts=1e9)))
        scheduler.add(job("rare", interval=3600.0))
        said = []
        for _ in range(2 * 3600):
            await asyncio.sleep(1)
            said.append(dog.trouble(asyncio.get_running_loop().time()))
        await scheduler.stop(0)
        lag.stop()
        return [each for each in said if each]

    assert run_virtual(main()) == []


def test_a_round_that_cannot_be_ended_is_told() -> None:
    """One that is deaf to its cancellation holds its target for ever: only a new process helps."""

    async def main() -> tuple[float, str]:
        loop = asyncio.get_running_loop()
        scheduler, lag = Scheduler(Notes()), LoopLag()
        dog = Watchdog(scheduler, lag)
        deaf = True

        async def ignore() -> Pace:
            while deaf:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(1)
            return Pace.NORMAL

        scheduler.add(job("fine"))
        scheduler.add(Job("home/check/node1/smtp", Cadence(INTERVAL, INTERVAL, phase=0.0), LIMIT, ignore))
        while not dog.trouble(loop.time()):  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(1)
        told, words = loop.time(), dog.trouble(loop.time())
        deaf = False
        await asyncio.sleep(2)
        assert dog.trouble(loop.time()) == ""
        await scheduler.stop(0)
        return told, words

    told, words = run_virtual(main())
    assert LIMIT + OVERDUE_AFTER < told <= LIMIT + OVERDUE_AFTER + 2
    assert words == "1 rounds are overdue by more than 60 s, home/check/node1/smtp among them"


def test_a_loop_that_is_always_late_is_told_and_one_freeze_is_not() -> None:
    """A suspended host is late once; a loop without a free moment is late each time that it is measured."""

    async def main() -> tuple[str, str, str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        scheduler, lag = Scheduler(Notes()), LoopLag()
        lag.start()
        dog = Watchdog(scheduler, lag)
        await asyncio.sleep(1.25)
        loop.block(3 * LAGS_FOR)
        await asyncio.sleep(2)
        frozen = dog.trouble(loop.time())
        for _ in range(40):
            loop.block(2.0)
            await asyncio.sleep(0)
        late = dog.trouble(loop.time())
        await asyncio.sleep(2)
        lag.stop()
        return frozen, late, dog.trouble(loop.time())

    frozen, late, after = run_virtual(main())
    assert (frozen, after) == ("", "")
    assert late.startswith("the event loop has been late for ")
