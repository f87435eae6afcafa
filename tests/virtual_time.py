"""An event loop whose clock jumps: nothing ever waits, and an hour of schedule takes milliseconds."""

import asyncio
import selectors
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, moves the loop's clock by the time that it was asked to wait."""

    now = 0.0

    def __init__(self, patience: float) -> None:
        """Give the kernel so many real seconds to deliver what is under way before each jump."""
        super().__init__()
        self._patience = patience

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look at the sockets, and jump."""
        ready = super().select(min(self._patience, timeout or 0) if timeout is not None else self._patience)
        if not ready and timeout is not None and timeout > 0:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that begins at second 0 and moves only when everything else waits."""

    def __init__(self, patience: float = 0.0) -> None:
        """Begin at second 0; ``patience`` (real seconds before a jump) is for tests with sockets of the loopback."""
        self._jumping = _JumpingSelector(patience)
        super().__init__(self._jumping)

    def time(self) -> float:
        """Give the virtual second."""
        return self._jumping.now

    def block(self, seconds: float) -> None:
        """Let time pass without giving anything else its turn, as a long computation does."""
        self._jumping.now += seconds


def run_virtual(work: Coroutine[Any, Any, T], patience: float = 0.0) -> T:
    """Run ``work`` to its end in virtual time; ``patience`` as for ``VirtualLoop``."""
    with asyncio.Runner(loop_factory=partial(VirtualLoop, patience)) as runner:
        return runner.run(work)
