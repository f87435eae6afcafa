"""The edges of one path: an SSH connection each, the rounds of their HAProxy, and looks at their hosts."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from monitor.config.settings import PathSettings
from monitor.config.sources import EdgeSettings
from monitor.core import kinds
from monitor.core.edge import EdgeObservation
from monitor.core.model import Target
from monitor.core.observations import HaproxyObservation, Span
from monitor.daemon.compose import key_of, redirected_ports, ssh_settings
from monitor.daemon.shared import Shared, limit
from monitor.engine.cadence import Cadence, Pace, phase_of
from monitor.engine.scheduler import Job
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from monitor.probes import edge as host
from monitor.probes.haproxy import Haproxy, HaproxySettings


class EdgeProbe(Protocol):
    """What every probe of an edge is."""

    async def run(self) -> Any:  # noqa: ANN401 - each probe's own result, for its judge alone
        """Ask once."""

    def judge(self, answer: Any, span: Span, /) -> HaproxyObservation | EdgeObservation:  # noqa: ANN401 - see run
        """Say what the answer means."""


@dataclass(frozen=True, slots=True)
class _Round:
    """One kind of round at one edge; times in seconds, ``patience`` that of the whole round."""

    target: Target
    settings: HaproxySettings | host.EdgeSettings
    ssh: SshSettings
    interval: float
    fast_interval: float
    patience: float

    def probe(self, link: SshLink) -> EdgeProbe:
        """Make the probe."""
        settings = self.settings
        return Haproxy(settings, link) if isinstance(settings, HaproxySettings) else host.Edge(settings, link)


class EdgeWatch:
    """Asks every edge; those that name the same SSH connection share it.

    ``troubled`` tells whether an edge's last look has found something whose end is waited for.
    """

    def __init__(self, shared: Shared, troubled: Callable[[str], bool]) -> None:
        """Watch nothing yet."""
        self._shared = shared
        self._troubled = troubled
        self._links: dict[SshSettings, SshLink] = {}
        self._rounds: dict[str, _Round] = {}

    @property
    def first_rounds(self) -> frozenset[str]:
        """The rounds without which nobody knows what HAProxy does."""
        return frozenset(key for key, each in self._rounds.items() if each.target.probe is kinds.HAPROXY)

    @property
    def targets(self) -> list[Target]:
        """The labels of the rounds."""
        return [each.target for each in self._rounds.values()]

    async def configure(self, path: PathSettings) -> None:
        """Watch the edges of these settings; rounds and connections that did not change go on undisturbed."""
        wanted = {key_of(each.target): each for edge in path.edges for each in _rounds(path, edge)}
        before, self._rounds = self._rounds, wanted
        for key in before.keys() - wanted.keys():
            self._shared.scheduler.remove(key)
        for key, each in wanted.items():
            if before.get(key) != each:
                self._schedule(key, each)
        await self._close(self._links.keys() - {each.ssh for each in wanted.values()})

    async def stop(self) -> None:
        """Ask no more and hang up."""
        for key in self._rounds:
            self._shared.scheduler.remove(key)
        await self._close(set(self._links))

    def _schedule(self, key: str, each: _Round) -> None:
        cadence = Cadence(each.interval, each.fast_interval, phase_of(key))
        probe = each.probe(self._link(each.ssh))
        self._shared.scheduler.add(Job(key, cadence, limit(each.patience), partial(self._round, probe)))

    async def _round(self, probe: EdgeProbe) -> Pace:
        started = self._shared.now()
        answer = await probe.run()
        observation = probe.judge(answer, self._shared.span(started))
        self._shared.on_observation(observation)
        looked = isinstance(observation, EdgeObservation)
        return Pace.FAST if looked and self._troubled(observation.edge) else Pace.NORMAL

    def _link(self, settings: SshSettings) -> SshLink:
        if settings not in self._links:
            self._links[settings] = SshLink(settings)
        return self._links[settings]

    async def _close(self, unused: set[SshSettings]) -> None:
        links = [self._links.pop(settings) for settings in unused]
        await asyncio.gather(*(link.close() for link in links))


def _rounds(path: PathSettings, edge: EdgeSettings) -> Iterator[_Round]:
    """Make the rounds of an edge. A new kind is one of these."""
    ssh = ssh_settings(path, edge)
    if ssh is None:
        return
    if edge.stats_socket is not None:
        yield _Round(
            Target(path.name, kinds.HAPROXY, edge.name, ""),
            HaproxySettings(path.name, edge.name, edge.stats_socket, ssh.timeout),
            ssh,
            interval=edge.interval,
            fast_interval=edge.interval,
            patience=ssh.timeout,
        )
    settings = host.EdgeSettings(
        path=path.name,
        edge=edge.name,
        address=edge.address,
        ports=tuple(dict.fromkeys((*edge.frontend_ports, *edge.optional_ports))),
        redirected=redirected_ports(edge),
        stats_socket=edge.stats_socket,
        timeout=ssh.timeout,
        backup_command=edge.backup.command if edge.backup is not None else None,
    )
    yield _Round(
        Target(path.name, kinds.EDGE, edge.name, ""),
        settings,
        ssh,
        interval=edge.slow_interval,
        fast_interval=min(edge.interval, edge.slow_interval),
        patience=ssh.timeout * len(host.commands(settings)),
    )
