"""``mailpath check`` and ``mailpath probe``: the runner without a daemon, everything once or one target alone."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import msgspec

from monitor.config.settings import PathSettings
from monitor.core.errors import ConfigError, Fault
from monitor.core.model import Target
from monitor.core.observations import AnyObservation, Observation
from monitor.core.proof import EvidenceKind, Unproven
from monitor.core.status import PathStatus, TargetStatus
from monitor.core.verdicts import Verdict
from monitor.daemon.path_watch import PathWatch
from monitor.daemon.shared import Shared
from monitor.daemon.tls import tls_client
from monitor.engine.scheduler import Scheduler
from monitor.engine.tasks import Tasks
from monitor.links.clock import wall_clock
from monitor.links.connector import Connector
from monitor.links.tls import TlsClient
from monitor.publish.transcript import transcript_text

# Whoever waits at a terminal waits half a minute at most; what has not ended by then is not known.
DEADLINE = 27.0
END_WITHIN = 0.5
POLL = 0.05
# What the mail server has said in so many seconds before, mail that it defers above all, is part of the picture; it is
# read first, and for so long at most.
RECALLED = 600.0
RECALL_WITHIN = 3.0
# Beyond the deadline: nothing comes twice.
_NEVER_AGAIN = 3600.0


class Checked(NamedTuple):
    """What one round has shown, and the exceptions on its way that nobody expected."""

    statuses: tuple[PathStatus, ...]
    bugs: tuple[str, ...]


def check_once(paths: Sequence[PathSettings], listeners: str | None = None) -> Checked:
    """Do one round of these paths; takes ``DEADLINE`` seconds and a little at most.

    ``listeners`` says how a pod's ports are seen (``connect``, ``exec``), ``None``: as configured.

    Raises:
        ConfigError: The trusted roots cannot be read.
    """
    return asyncio.run(_check_once([once(path, listeners) for path in paths]))


def once(path: PathSettings, listeners: str | None = None) -> PathSettings:
    """Give the settings under which everything comes once, and the first result counts.

    This is no replica, whatever is elected, and nobody hands in a roundtrip or a log by standard input.
    """
    replace = msgspec.structs.replace
    cluster = path.kubernetes
    if cluster is not None:
        cluster = replace(cluster, lease=None, listeners=listeners or cluster.listeners)
    slow = {"interval": _NEVER_AGAIN, "rise": 1, "fall": 1}
    edges = (replace(edge, interval=_NEVER_AGAIN, slow_interval=_NEVER_AGAIN) for edge in path.edges)
    return replace(
        path,
        checks=replace(path.checks, **slow),
        handshakes=replace(path.handshakes, fast_interval=_NEVER_AGAIN, **slow),
        front_door=replace(path.front_door, fast_interval=_NEVER_AGAIN, **slow),
        edges=tuple(edges),
        maillog=None if path.maillog is not None and path.maillog.stdin is not None else path.maillog,
        kubernetes=cluster,
        roundtrip=None,
    )


def probe_once(path: PathSettings, node: str, service: str, probe: str = "") -> tuple[int, str]:
    """Do one handshake (or front door, where ``node`` is an edge): exit code 0 or 1, and the whole transcript.

    ``probe`` names the kind where several share a node and service; empty: the first of them.

    The server is asked which client it sees, where its replies tell: a lost client IP is no success.

    Raises:
        ConfigError: There is no such target, or the trusted roots cannot be read.
    """
    observation, status = asyncio.run(_probe_once(once(path), node, service, probe))
    good = observation.ok and status.verdict is not Verdict.CLIENT_IP_LOST
    return (0 if good else 1), transcript_text(observation, status)


async def _check_once(paths: Iterable[PathSettings]) -> Checked:
    clients = [(path, tls_client(path)) for path in paths]
    async with _once() as checking:
        # What has not ended at the deadline is not known.
        with suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE):
                await checking.begin(clients)
                while not checking.settled():  # noqa: ASYNC110 - the log tells by its silence as well
                    await asyncio.sleep(POLL)
        return Checked(checking.statuses(), tuple(checking.bugs))


async def _probe_once(path: PathSettings, node: str, service: str, probe: str) -> tuple[Observation, TargetStatus]:
    tls = tls_client(path)
    async with _once() as probing:
        watch = probing.watch(path, tls)
        watch.prepare(path, tls, schedule=False)
        observation = await watch.runner.by_hand(node, service, probe)
        (status,) = probing.statuses()
    if observation is None:
        known = ", ".join(sorted({each.target.node for each in status.dialogues}))
        services = ", ".join(each.name for each in path.services)
        raise ConfigError(
            Fault(f"{node} {service}", f"path {path.name} has nodes and edges {known}; services {services}")
        )
    return observation, next(each for each in status.targets if each.target == observation.target)


@asynccontextmanager
async def _once() -> AsyncIterator["_Once"]:
    begun = _Once()
    try:
        yield begun
    finally:
        await begun.stop()


class _Once:
    """Probe runs that come once: what was begun, and what has ended of it."""

    def __init__(self) -> None:
        self.bugs: list[str] = []
        self.shared = Shared(Scheduler(self), Connector(), wall_clock, self.bug, self._published, lambda _: None)
        self._watches: dict[str, PathWatch] = {}
        self._ended: set[Target] = set()
        self._repeated: set[Target] = set()
        self._tasks = Tasks(self.bug)

    def watch(self, path: PathSettings, tls: TlsClient) -> PathWatch:
        """Take a path on."""
        made = self._watches[path.name] = PathWatch(path, tls, self.shared)
        return made

    async def begin(self, paths: Iterable[tuple[PathSettings, TlsClient]]) -> None:
        """Begin every path's probe runs."""
        for path, tls in paths:
            watch = self.watch(path, tls)
            with suppress(TimeoutError):
                async with asyncio.timeout(RECALL_WITHIN):
                    await watch.recall(path, RECALLED)
            await watch.configure(path, tls)

    def statuses(self) -> tuple[PathStatus, ...]:
        """Give what is known now."""
        now, at = self.shared.now(), wall_clock()
        return tuple(watch.status(now, at) for watch in self._watches.values())

    def settled(self) -> bool:
        """Tell whether every first probe run has ended, and the log has said what it had to say of it.

        What is rare is left to the daemon: the server's log shows each try.
        """
        targets = (target for watch in self._watches.values() for target in watch.targets)
        if any(not target.probe.rare and target not in self._ended for target in targets):
            return False
        statuses = self.statuses()
        suspected = [target for status in statuses for target in _unproven(status, Unproven.UNCONFIRMED)]
        for target in suspected:
            self._repeat(target)
        awaited = [target for status in statuses for target in _unproven(status, Unproven.NOT_TRIED)]
        return not suspected and not awaited and all(_log_known(status) for status in statuses)

    async def stop(self) -> None:
        """End it all."""
        await self._tasks.cancel()
        await self.shared.scheduler.stop(END_WITHIN)
        await asyncio.gather(*(watch.stop() for watch in self._watches.values()))
        self.shared.connector.close()

    def started(self, lateness: float, rounds: int) -> None:
        """Hear of rounds that start."""

    def skipped(self, slots: int) -> None:
        """Hear of a round's own slots that it overran."""

    def bug(self, name: str, error: BaseException) -> None:
        """Keep an exception that nobody expected."""
        self.bugs.append(f"{name}: {error!r}")

    def _published(self, observation: AnyObservation, _news: bool) -> None:  # noqa: FBT001 - what the runner tells
        self._ended.add(observation.target)

    def _repeat(self, target: Target) -> None:
        """Do a second probe run, once, of what the log shows under a wrong address: two make it certain."""
        if target not in self._repeated:
            self._repeated.add(target)
            self._tasks.spawn("/".join(target), self._watches[target.path].runner.again(target))


def _unproven(path: PathStatus, why: Unproven) -> Iterator[Target]:
    """Give the targets that work, and whose line in the mail log is unproven for this reason."""
    if path.maillog is None or not path.maillog.up:
        return
    for status in path.dialogues:
        if status.verdict.up and any(p.evidence is EvidenceKind.LOG and p.why is why for p in status.proofs):
            yield status.target


def _log_known(path: PathStatus) -> bool:
    return path.maillog is None or path.maillog.up is not None
