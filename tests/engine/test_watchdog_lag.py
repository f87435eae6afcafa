"""The event loop's own lateness."""

import asyncio

from monitor.engine.watchdog import LoopLag
from tests.virtual_time import VirtualLoop, run_virtual


def test_an_idle_loop_has_no_lag() -> None:
    """Without work the lag is nothing."""

    async def main() -> float:
        lag = LoopLag()
        lag.start()
        await asyncio.sleep(10)
        lag.stop()
        return lag.take()

    assert run_virtual(main()) < 1e-6


def test_a_blocked_loop_shows_how_long() -> None:
    """A callback that holds the loop for two seconds shows as the worst lag, once."""

    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        lag = LoopLag()
        lag.start()
        await asyncio.sleep(1.25)
        loop.block(2.0)
        await asyncio.sleep(3)
        lag.stop()
        return lag.take(), lag.take()

    worst, after = run_virtual(main())
    assert 1.5 <= worst <= 2.0
    assert after == 0.0
