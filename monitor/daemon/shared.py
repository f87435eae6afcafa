"""What all paths share: the schedule, the engine of connects, the clock, what is remembered, and who is told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from monitor.core.observations import AnyObservation, MaillogCounts, Repeat, Span
from monitor.daemon.memory import Memory
from monitor.engine.scheduler import Scheduler
from monitor.links.connector import Connector

# A round has its own deadline, the timeout. One that outlives twice that hangs, and that is a bug of ours.
HANGS_AFTER = 2.0
GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Shared:
    """Handed to everything that watches.

    ``wall_clock`` gives seconds since the epoch. ``publish`` hears of every observation that its path's book has taken
    in, and whether it is news; ``on_targets`` is told when there are other targets than before; ``on_repeat`` hears of
    checks that say nothing new (``None``: ``publish`` hears of them as of all others).
    """

    scheduler: Scheduler
    connector: Connector
    wall_clock: Callable[[], float]
    on_bug: Callable[[str, BaseException], None]
    publish: Callable[[AnyObservation, bool], None]
    on_maillog: Callable[[MaillogCounts], None]
    on_targets: Callable[[], None] = lambda: None
    memory: Memory = field(default_factory=Memory)
    on_repeat: Callable[[Repeat], None] | None = None
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop, init=False)

    def now(self) -> float:
        """Give the event loop's time."""
        return self.loop.time()

    def span(self, started: float) -> Span:
        """Close a round that began at ``started`` (the event loop's clock)."""
        return Span(started, self.now(), self.wall_clock())


@cache  # one number, not one for each target
def limit(timeout: float) -> float:
    """Give the seconds after which a round of this timeout can only be hanging."""
    return timeout * HANGS_AFTER + GRACE
