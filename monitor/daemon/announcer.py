"""When news of a path is told: soon, but not at every round; and all that is known now and then, for it grows stale."""

import asyncio
from collections.abc import Callable, Collection, Iterable

# Changes are told at most this often; to a page that somebody looks at, new latencies as well; all of it at least this
# often, since knowledge grows stale without any observation.
SOON = 0.1
LATENCIES = 1.0
ANYWAY = 5.0


class Announcer:
    """Gathers the names of paths that have news, and has several of them told at once."""

    def __init__(self, tell: Callable[[Collection[str]], None], paths: Callable[[], Iterable[str]]) -> None:
        """Take what tells of paths, and what gives the names of all of them."""
        self._tell = tell
        self._paths = paths
        self._timer: asyncio.TimerHandle | None = None
        # the paths that have news since they were last told of
        self._news: set[str] = set()

    def news_of(self, path: str, within: float = SOON) -> None:
        """Have a path told of in so many seconds, or sooner with others."""
        self._news.add(path)
        loop = asyncio.get_running_loop()
        by = loop.time() + within
        if self._timer is not None and by < self._timer.when():
            self.stop()
        if self._timer is None:
            self._timer = loop.call_at(by, self._announce)

    async def announce_anyway(self) -> None:
        """Tell of every path again and again, news or none; never ends."""
        while True:
            await asyncio.sleep(ANYWAY)
            for name in tuple(self._paths()):
                self._tell((name,))
                await asyncio.sleep(0)  # a path at a time: no round waits for all of them

    def stop(self) -> None:
        """Tell nothing that is still to be told."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _announce(self) -> None:
        self._timer = None
        news, self._news = self._news, set()
        self._tell(news)
