"""A daemon at work on a cluster."""

from collections.abc import Callable

from monitor.core.status import PathStatus
from monitor.daemon.service import Daemon
from tests.waiting import until


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
        await until(lambda: good(self.status), within, lambda: self.status)
        return self.status
