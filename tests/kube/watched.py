"""A daemon at work on a cluster."""

import asyncio
from collections.abc import Callable

from monitor.core.status import PathStatus
from monitor.daemon.service import Daemon


class Watched:
    """A daemon at work."""

    def __init__(self, daemon: Daemon) -> None:
        """Take a daemon that runs."""
        self.daemon = daemon

    @property
    def status(self) -> PathStatus:
        """Everything known about the one path."""
        return self.daemon.statuses()[0]

    @property
    def metrics(self) -> str:
        """What a scrape would give."""
        return self.daemon.metrics.snapshot(self.daemon.statuses()).expose("", "").body.decode()

    async def until(self, good: Callable[[PathStatus], bool], within: float = 20.0) -> PathStatus:
        """Wait until the path is as wanted."""
        deadline = asyncio.get_running_loop().time() + within
        while not good(self.status):
            assert asyncio.get_running_loop().time() < deadline, self.status
            await asyncio.sleep(0.05)
        return self.status
