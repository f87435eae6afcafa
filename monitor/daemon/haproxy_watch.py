"""The edges of one path: an SSH connection each, and the rounds of their HAProxy."""

import asyncio
from functools import partial

from monitor.config.settings import PathSettings
from monitor.core.model import ProbeKind, Target
from monitor.daemon.compose import key_of, ssh_settings
from monitor.daemon.shared import Shared, limit
from monitor.engine.cadence import Cadence, Pace, phase_of
from monitor.engine.scheduler import Job
from monitor.links.ssh import SshLink, SshSettings
from monitor.probes.haproxy import Haproxy, HaproxySettings


class HaproxyWatch:
    """Asks every edge's HAProxy; edges that name the same SSH connection share it."""

    def __init__(self, shared: Shared) -> None:
        """Watch nothing yet."""
        self._shared = shared
        self._links: dict[SshSettings, SshLink] = {}
        self._rounds: dict[str, tuple[HaproxySettings, SshSettings, float]] = {}

    @property
    def keys(self) -> frozenset[str]:
        """The names of the rounds."""
        return frozenset(self._rounds)

    @property
    def targets(self) -> list[Target]:
        """The labels of the rounds."""
        return [Target(settings.path, ProbeKind.HAPROXY, settings.edge, "") for settings, _, _ in self._rounds.values()]

    async def configure(self, path: PathSettings) -> None:
        """Watch the edges of these settings; rounds and connections that did not change go on undisturbed."""
        wanted: dict[str, tuple[HaproxySettings, SshSettings, float]] = {}
        for edge in path.edges:
            ssh = ssh_settings(path, edge)
            if ssh is not None and edge.stats_socket is not None:
                settings = HaproxySettings(path.name, edge.name, edge.stats_socket, ssh.timeout)
                key = key_of(Target(path.name, ProbeKind.HAPROXY, edge.name, ""))
                wanted[key] = (settings, ssh, edge.interval)
        before, self._rounds = self._rounds, wanted
        for key in before.keys() - wanted.keys():
            self._shared.scheduler.remove(key)
        for key, (settings, ssh, interval) in wanted.items():
            if before.get(key) != wanted[key]:
                self._schedule(key, settings, self._link(ssh), interval)
        await self._close(self._links.keys() - {ssh for _, ssh, _ in wanted.values()})

    async def stop(self) -> None:
        """Ask no more and hang up."""
        for key in self._rounds:
            self._shared.scheduler.remove(key)
        await self._close(set(self._links))

    def _schedule(self, key: str, settings: HaproxySettings, ssh: SshLink, interval: float) -> None:
        cadence = Cadence(interval, interval, phase_of(key))
        self._shared.scheduler.add(
            Job(key, cadence, limit(settings.timeout), partial(self._round, Haproxy(settings, ssh)))
        )

    async def _round(self, haproxy: Haproxy) -> Pace:
        started = self._shared.now()
        answer = await haproxy.run()
        self._shared.on_observation(haproxy.judge(answer, self._shared.span(started)))
        return Pace.NORMAL

    def _link(self, settings: SshSettings) -> SshLink:
        if settings not in self._links:
            self._links[settings] = SshLink(settings)
        return self._links[settings]

    async def _close(self, unused: set[SshSettings]) -> None:
        links = [self._links.pop(settings) for settings in unused]
        await asyncio.gather(*(link.close() for link in links))
