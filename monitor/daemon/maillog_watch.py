"""The mail log of one path: followed from where it was left, saved, and handed on batch by batch."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.config.settings import PathSettings
from monitor.config.sources import FileLog, KubernetesLog
from monitor.core.maillog import Problem
from monitor.core.observations import MaillogBatch
from monitor.daemon.shared import Shared
from monitor.engine.tasks import Tasks
from monitor.links.backoff import Backoff
from monitor.links.log_past import end_of_file
from monitor.links.log_source import LogSource, Position
from monitor.links.stdin import StdinSource
from monitor.links.tail import FileTail
from monitor.probes.maillog import LogFollower, MaillogSettings, past_batches
from monitor.publish.counters import ExpectedMaillog

if TYPE_CHECKING:
    from monitor.links.kube_log import KubernetesPodLog

# Between attempts at a source that is broken, in seconds.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0

# Lines that come one by one are gathered for so many seconds, that each need not be saved alone; a backlog is not
# held up: a block of so many bytes is followed by more.
SAVE_EVERY = 0.2
HURRY = 32 * 1024

DEFAULT_NAMESPACE = "mailserver"


class MaillogWatch:
    """Follows the one source of a path's mail log."""

    def __init__(self, shared: Shared, on_batch: Callable[[MaillogBatch], object]) -> None:
        """Follow nothing yet; ``on_batch`` receives each batch."""
        self._shared = shared
        self._on_batch = on_batch
        self._tasks = Tasks(shared.on_bug)
        self._path: PathSettings | None = None

    async def configure(self, path: PathSettings) -> None:
        """Follow the source of these settings; one that did not change is followed on, without a gap."""
        before, self._path = self._path, path
        if before is not None and _place_of(before) == _place_of(path):
            return
        await self._tasks.cancel()
        if path.maillog is not None:
            name = f"{path.name}/maillog"
            settings = MaillogSettings(path.name, next(iter(path.maillog.sources)))
            place = _place_of(path)
            source = _open(path, self._shared.memory.position(path.name, place))
            self._tasks.keep(name, partial(self._follow, LogFollower(settings, source), place))

    async def past(self, path: PathSettings, within: float) -> list[MaillogBatch]:
        """Read what the log of these settings says of the last ``within`` seconds, the oldest first; follow nothing."""
        maillog = path.maillog
        if maillog is None:
            return []
        started, data = self._shared.now(), b""
        source = maillog.source
        if isinstance(source, FileLog):
            data = await end_of_file(Path(source.path))
        elif isinstance(source, KubernetesLog):
            pod_log = _pod_log(path, source)
            try:
                data = await pod_log.past(within)
            finally:
                await pod_log.close()
        settings = MaillogSettings(path.name, next(iter(maillog.sources)))
        return past_batches(settings, data, self._shared.span(started), within)

    async def stop(self) -> None:
        """Follow no more."""
        await self._tasks.cancel()

    async def _follow(self, maillog: LogFollower, place: str) -> None:
        pause = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        memory = self._shared.memory
        try:
            while True:
                started = self._shared.now()
                block = await maillog.run()
                batch = maillog.judge(block, self._shared.span(started))
                if batch.lines:
                    # Saved, then recorded, and nothing in between: a line is counted once in all lives of the daemon.
                    memory.passed(maillog.settings.path, place, maillog.source.name, maillog.source.position())
                self._on_batch(batch)
                if batch.failure is None:
                    pause.reset()
                    if batch.lines and memory.kept and len(block.data) < HURRY:
                        await asyncio.sleep(SAVE_EVERY)
                else:
                    await asyncio.sleep(pause.next_delay())
        finally:
            await maillog.source.close()


def _place_of(path: PathSettings) -> str:
    """Say where the lines come from, "" for nowhere; who is who in them may change without a gap."""
    source = path.maillog.source if path.maillog is not None else None
    if isinstance(source, FileLog):
        return f"file {source.path}"
    if isinstance(source, KubernetesLog):
        where = [_kubeconfig(path) or "", _namespace(path, source), source.selector, source.container]
        return f"kubernetes {where}"
    return "" if path.maillog is None else "stdin"


def _open(path: PathSettings, position: Position | None) -> LogSource:
    source = path.maillog.source if path.maillog is not None else None
    if isinstance(source, FileLog):
        return FileTail(Path(source.path), position=position)
    if isinstance(source, KubernetesLog):
        return _pod_log(path, source, position)
    return StdinSource()


def _pod_log(path: PathSettings, source: KubernetesLog, position: Position | None = None) -> "KubernetesPodLog":
    from monitor.links.kube_log import KubernetesPodLog  # noqa: PLC0415 - only where it is configured

    kubeconfig = _kubeconfig(path)
    return KubernetesPodLog(
        namespace=_namespace(path, source),
        selector=source.selector,
        container=source.container,
        kubeconfig=Path(kubeconfig) if kubeconfig else None,
        position=position,
    )


def _namespace(path: PathSettings, source: KubernetesLog) -> str:
    return source.namespace or (path.kubernetes.namespace if path.kubernetes is not None else DEFAULT_NAMESPACE)


def _kubeconfig(path: PathSettings) -> str | None:
    return path.kubernetes.kubeconfig if path.kubernetes is not None else None


def expected_maillog(path: PathSettings, source: str) -> ExpectedMaillog:
    """Say which series there shall be for a source of a path's mail log."""
    services = path.services
    stock = [service.check_listener_port for service in services if service.check_listener_port is not None]
    listeners = (*(service.listener_port for service in services), *stock)
    return ExpectedMaillog(path.name, source, listeners, tuple(Problem))
