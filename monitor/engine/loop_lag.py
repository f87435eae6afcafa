"""How late the event loop itself runs: a timer that asks for a moment and looks when it gets it."""

import asyncio

PERIOD = 0.5
# By so many seconds a timer may be late for a probe to go unharmed.
LATE = 1.0


class LoopLag:
    """Measures the event loop's lag every half second; ``seconds`` is the worst since it was last taken."""

    def __init__(self) -> None:
        """Begin without a measurement."""
        self._worst = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._late_since: float | None = None

    def start(self) -> None:
        """Begin to measure on the running loop."""
        loop = asyncio.get_running_loop()
        self._schedule(loop, loop.time() + PERIOD)

    def take(self) -> float:
        """Give the worst lag in seconds since the last call, and begin anew."""
        worst, self._worst = self._worst, 0.0
        return worst

    def late_for(self, now: float) -> float:
        """Give for how many seconds before ``now`` (the loop's clock) every measurement has been beyond ``LATE``."""
        return 0.0 if self._late_since is None else now - self._late_since

    def stop(self) -> None:
        """End the measurement."""
        if self._handle is not None:
            self._handle.cancel()

    def _schedule(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._handle = loop.call_at(due, self._measure, loop, due)

    def _measure(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        self._worst = max(self._worst, now - due)
        if now - due <= LATE:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        self._schedule(loop, now + PERIOD)
