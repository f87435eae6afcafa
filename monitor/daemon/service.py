"""The daemon: loads its settings, watches every path, tells what it knows, reloads, and ends in order."""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import structlog

from monitor import __revision__, __version__
from monitor.config.load import Reading, at_once
from monitor.config.options import RunOptions
from monitor.config.settings import PathSettings, Settings
from monitor.config.show import show
from monitor.core.errors import ConfigError
from monitor.core.maintenance import Maintenance
from monitor.core.observations import AnyObservation, Observation, Repeat
from monitor.core.roundtrip import Roundtrip
from monitor.core.status import PathStatus
from monitor.daemon.announcer import LATENCIES, Announcer
from monitor.daemon.first_rounds import FirstRounds
from monitor.daemon.maillog_watch import expected_maillog
from monitor.daemon.memory import Memory
from monitor.daemon.notifier import Notifier
from monitor.daemon.path_watch import PathWatch
from monitor.daemon.shared import Shared
from monitor.daemon.tls import tls_client
from monitor.engine.garbage import Garbage
from monitor.engine.scheduler import Scheduler
from monitor.engine.tasks import Tasks
from monitor.engine.watchdog import LoopLag, Watchdog
from monitor.links.clock import wall_clock
from monitor.links.connector import Connector
from monitor.links.state_file import StateFile
from monitor.links.tls import TlsClient
from monitor.publish.events import EventLog
from monitor.publish.journal import Journal
from monitor.publish.metrics import Metrics

# Rounds in flight at the end come to their own: milliseconds for most, and the rest of its six seconds where postscreen
# lets a newcomer wait for its greeting. We are gone within five seconds all the same, as whoever ends us expects: who
# would have to wait longer is cut off, and is logged as one who hung up.
END_WITHIN = 4.0

Load = Callable[[], Reading]


class Daemon:
    """Everything that runs; what the web server calls its backend."""

    def __init__(self, load: Load, options: RunOptions) -> None:
        """Take what reads the configuration anew each time. Runs on the event loop that makes it."""
        self._load = load
        self._options = options
        self._log = structlog.get_logger()
        self._lag = LoopLag()
        self._garbage = Garbage()
        self.metrics = Metrics(__version__, __revision__, self._lag.take, lambda: len(asyncio.all_tasks()))
        self._notifier = Notifier(self._working, self._log, self.bug, options.external_url)
        self.journal = Journal(wall_clock, self._notifier.tell)
        self._events = EventLog(self._log, self.journal.keep)
        self.skipped = self.metrics.skipped  # told to nobody else
        self._scheduler = Scheduler(self)
        self._watchdog = Watchdog(self._scheduler, self._lag)
        self._ailing = False
        self._memory = Memory(StateFile(Path(options.state_file)) if options.state_file is not None else None)
        self._shared = Shared(
            self._scheduler,
            Connector(),
            wall_clock,
            self.bug,
            self._published,
            self.metrics.count_maillog,
            self._expect,
            self._memory,
            self._repeated,
        )
        self._tasks = Tasks(self.bug)
        self._by_hand = Tasks(self.bug)
        self._stopping = False
        self._watches: dict[str, PathWatch] = {}
        self._settings = Settings(paths=())
        self._adopting = asyncio.Lock()
        self._first_rounds = FirstRounds()
        self._announcer = Announcer(self._tell, lambda: self._watches)

    async def start(self) -> None:
        """Load the configuration and begin to watch.

        Raises:
            ConfigError: It is faulty.
        """
        self._lag.start()
        settings = at_once(self._load())
        self._garbage.start()
        self._memory.load()
        async with self._adopting:
            await self._adopt(settings)
        self._first_rounds.wait_for(self._each_first_round())
        self._tasks.keep("announce", self._announcer.announce_anyway)

    async def stop(self) -> None:
        """End in order: no new rounds, those in flight to their end, then connections, then the rest."""
        self._log.info("daemon.stopping")
        self._stopping = True
        await self._tasks.cancel()
        await self._notifier.stop()
        await asyncio.gather(self._scheduler.stop(END_WITHIN), self._by_hand.finish(END_WITHIN))
        await asyncio.gather(*(watch.stop() for watch in self._watches.values()))
        self._shared.connector.close()
        self._lag.stop()
        self._garbage.stop()
        self._announcer.stop()

    async def reload(self) -> None:
        """Load the configuration again; a faulty one changes nothing that runs.

        Raises:
            ConfigError: It is faulty.
        """
        try:
            async with self._adopting:  # a second signal may come while the first one is obeyed, or we start
                await self._adopt(await self._read())
        except ConfigError as error:
            self.metrics.config_refused()
            self._log.error("config.reload_failed", faults=[str(fault) for fault in error.faults])
            raise
        self._log.info("config.reloaded", paths=len(self._settings.paths))

    def statuses(self) -> Sequence[PathStatus]:
        """Give everything known about every path, now."""
        return tuple(self.each_status())

    def each_status(self) -> Iterator[PathStatus]:
        """Give the same path by path, each at the moment when it is asked for."""
        for name in tuple(self._watches):
            watch = self._watches.get(name)
            if watch is not None:  # paths may go between two of them
                yield watch.status(self._shared.now(), wall_clock())

    def ailment(self) -> str:
        """Say why the daemon does not do its work; ``""``: it does, whatever its rounds find."""
        trouble = "" if self._stopping else self._watchdog.trouble(self._shared.now())
        if bool(trouble) is not self._ailing:
            self._ailing = bool(trouble)
            if trouble:
                self._log.error("daemon.stuck", detail=trouble)
            else:
                self._log.info("daemon.recovered")
        return trouble

    def ready(self) -> bool:
        """Tell whether the first check and haproxy rounds have ended, in success or failure."""
        return self._first_rounds.over()

    def _working(self) -> bool:
        """Tell whether rounds end: what a heartbeat stands for, whatever they find."""
        seen = (status for path in self.statuses() for status in path.targets)
        return self.ready() and any(not status.stale for status in seen)

    def config_text(self) -> str:
        """Give the running configuration as YAML, its secrets hidden."""
        return show(self._settings)

    async def probe(self, path: str, node: str, service: str, probe: str = "") -> Observation:
        """Do a handshake, or ask a front door, now.

        Raises:
            LookupError: There is no such target, another replica is the one to ask it, or we are about to end.
        """
        watch = self._watches.get(path)
        if watch is not None and not watch.leading:
            raise LookupError(f"this replica stands by: ask the one that leads path {path}")
        if self._stopping:
            raise LookupError("mailpath is about to end")
        if watch is None:
            raise LookupError(f"there is no path {path}")
        run = watch.runner.by_hand(node, service, probe)
        # A task of its own: it comes to its end in order when we end, and when whoever asked has gone.
        observation = await asyncio.shield(self._by_hand.spawn(f"{path}/{node}/{service}", run))
        if observation is None:
            raise LookupError(f"path {path} has no service {service} on {node}")
        return observation

    def roundtrip(self, result: Roundtrip) -> None:
        """Take in the result of a roundtrip that somebody else did."""
        watch = self._watches.get(result.path)
        if watch is not None:
            watch.book.record(result)
            self._memory.ended(result)
            self._log.info("roundtrip.reported", path=result.path, success=result.success, words=result.words)
            self._announcer.news_of(result.path)

    def maintenance(self, announced: Maintenance) -> None:
        """Take in that there is work on a path, or that it has ended."""
        watch = self._watches.get(announced.path)
        if watch is not None:
            watch.book.announce(announced)
            self._memory.announced(announced)
            self._announcer.news_of(announced.path)

    def started(self, lateness: float, rounds: int) -> None:
        """Note that so many rounds started, ``lateness`` seconds after the due time that they share."""
        self.metrics.started(lateness, rounds)

    def bug(self, name: str, error: BaseException) -> None:
        """Note an exception that nobody expected; the daemon lives on."""
        self.metrics.bug(name, error)
        self._events.bug(name, error)

    async def _read(self) -> Settings:
        """Read the configuration anew; between two steps it is the turn of the rounds that are due."""
        steps = self._load()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return cast("Settings", end.value)
            await asyncio.sleep(0)

    async def _adopt(self, settings: Settings) -> None:
        paths = [path for path in settings.paths if self._is_ours(path)]
        clients = {path.name: self._tls_client(path) for path in paths}
        gone = self._watches.keys() - clients.keys()
        # Most reloads change one path, or none: the others are not touched.
        changed = [path for path in paths if not self._watches_by(path, clients[path.name])]
        for name in gone:
            await self._watches.pop(name).stop()
        self._settings = settings
        for each in (self._memory, self.journal, self._events):
            each.keep_only(set(clients))
        for path in changed:
            if path.name not in self._watches:
                watch = self._watches[path.name] = PathWatch(path, clients[path.name], self._shared)
                for result in self._memory.roundtrips(path.name):
                    watch.book.record(result)
                work = self._memory.maintenance(path.name)
                if work is not None:
                    watch.book.announce(work)
            await self._watches[path.name].configure(path, clients[path.name])
            if self._first_rounds.known():
                await asyncio.sleep(0)  # a path at a time: no round waits for all of them
            # At the start there is no other round, and no first one may end before it is expected.
        self._expect()
        shown = settings.status_page.client_addresses == "shown"
        self.journal.configure({path.name: path.handshakes.transcripts for path in paths}, shows_addresses=shown)
        await self._notifier.configure(settings.notify)
        self.metrics.config_loaded(wall_clock())
        if gone or changed:
            self._garbage.thaw()

    def _watches_by(self, path: PathSettings, tls: TlsClient) -> bool:
        watch = self._watches.get(path.name)
        return watch is not None and watch.settled_by(path, tls)

    def _tls_client(self, path: PathSettings) -> TlsClient:
        watch = self._watches.get(path.name)
        return tls_client(path, None if watch is None else watch.tls_for(path.tls))

    def _each_first_round(self) -> Iterator[str]:
        return (key for watch in self._watches.values() for key in watch.first_rounds)

    def _expect(self) -> None:
        """Let there be a series for every target, and for no other; until we are ready, new ones are waited for."""
        if self._first_rounds.known() and not self._first_rounds.over():
            self._first_rounds.wait_for(self._each_first_round())
        logs = [(path, path.maillog) for path in self._settings.paths if self._is_ours(path)]
        self.metrics.expect(
            [target for watch in self._watches.values() for target in watch.targets],
            [expected_maillog(path, source) for path, log in logs if log is not None for source in log.sources],
        )

    def _is_ours(self, path: PathSettings) -> bool:
        return zlib.crc32(path.name.encode()) % self._options.total_shards == self._options.shard

    def _published(self, observation: AnyObservation, news: bool) -> None:  # noqa: FBT001 - what the runner tells
        target = observation.target
        if target.path not in self._watches:
            return  # it has just gone
        self.metrics.observe(observation)
        self._events.observe(observation)
        self.journal.record(observation)
        self._first_rounds.ended(target)
        # Most rounds say what the round before said: a status of every target for each of them would cost far more
        # than the round itself.
        if news:
            self._announcer.news_of(target.path)
        elif self.journal.feed.queues:
            self._announcer.news_of(target.path, LATENCIES)

    def _repeated(self, repeat: Repeat) -> None:
        """Do of ``_published`` what there is to do for a check that says nothing new."""
        self.metrics.repeat(repeat)
        self._first_rounds.ended(repeat.target)
        if self.journal.feed.queues:
            self._announcer.news_of(repeat.target.path, LATENCIES)

    def _tell(self, paths: Iterable[str]) -> None:
        now, at = self._shared.now(), wall_clock()
        statuses = [self._watches[name].status(now, at) for name in paths if name in self._watches]
        self.journal.update(statuses)
        self._events.update(statuses)
