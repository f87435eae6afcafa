"""``haproxy``: what HAProxy believes of its servers, by ``show servers state``, ``show stat`` and ``show info``.

One call of socat over the edge's one SSH connection. ``UNIX-CONNECT`` and not a bare path: for root, socat would create
a missing socket as a regular file, print nothing and exit 0.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.config import sources
from monitor.config.settings import PathSettings
from monitor.core import kinds
from monitor.core.conversation import Failure
from monitor.core.errors import LinkError, WireError
from monitor.core.model import Target
from monitor.core.observations import HaproxyObservation, Span
from monitor.core.proof import NOTHING, Ask
from monitor.core.taxonomy import Phase, Reason
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from monitor.probes.watch import Links, Watch
from monitor.verdict.plan import Measure
from monitor.wire.haproxy_answer import parse_answer

# What a command may answer, in bytes: the state of some ten thousand servers.
OUTPUT_LIMIT = 4 * 1024 * 1024

# socat's and the gate's own words on standard error, and what they mean.
_WORDS = (
    ("mailpath-gate: refused", Reason.PERMISSION_DENIED),
    ("No such file or directory", Reason.SOCKET_MISSING),
    ("Permission denied", Reason.PERMISSION_DENIED),
    ("Connection refused", Reason.REFUSED),
)

# Failures that only a command can have: SSH has carried it there and its output back.
_OF_THE_COMMAND = frozenset({Reason.COMMAND_FAILED, Reason.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class HaproxySettings:
    """One edge's HAProxy: its path's and its own name, the stats socket, and how long to wait (seconds)."""

    path: str
    edge: str
    stats_socket: str
    timeout: float


class Haproxy:
    """Asks one edge's HAProxy."""

    def __init__(self, settings: HaproxySettings, ssh: SshLink) -> None:
        """Take the settings and the SSH connection that all questions to this edge share."""
        self.settings = settings
        self.target = Target(settings.path, kinds.HAPROXY, settings.edge, "")
        self._ssh = ssh
        self._command = command(settings.stats_socket)

    async def run(self, _ask: Ask = NOTHING, /) -> bytes | LinkError:
        """Ask once; a failure of the network or of socat is an answer too."""
        try:
            return await self._ssh.run(self._command, timeout=self.settings.timeout)
        except LinkError as error:
            return error

    def judge(self, answer: bytes | LinkError, span: Span) -> HaproxyObservation:
        """Judge one answer."""
        settings = self.settings
        seen = HaproxyObservation(settings.path, settings.edge, span.started, span.finished, span.at, ssh_ok=True)
        if isinstance(answer, LinkError):
            return _failed(seen, answer)
        try:
            read = parse_answer(answer)
        except WireError as error:
            return replace(seen, failure=_failure(error))
        gaps = {command: _failure(error) for command, error in read.gaps.items()}
        return replace(seen, servers=read.servers, stats=read.stats, info=read.info, gaps=gaps, dropped=read.dropped)


def watches(path: PathSettings, links: Links) -> Iterator[Watch]:
    """One for each edge that has a stats socket and an SSH connection to ask it over."""
    for edge in path.edges:
        ssh = ssh_settings(path, edge)
        if ssh is not None and edge.stats_socket is not None:
            link = links.ssh(ssh)
            probe = Haproxy(HaproxySettings(path.name, edge.name, edge.stats_socket, ssh.timeout), link)
            yield Watch(probe, link, Measure(edge.interval, ssh.timeout, 1, 1), edge.interval)


def ssh_settings(path: PathSettings, edge: sources.EdgeSettings) -> SshSettings | None:
    """The SSH connection that serves an edge, its own or another edge's; ``None``: it is not looked into."""
    owner = path.ssh_edge(edge)
    if owner is None or not isinstance(owner.ssh, sources.SshSettings):
        return None
    ssh = owner.ssh
    return SshSettings(
        host=ssh.host or owner.address,
        port=ssh.port,
        user=ssh.user,
        key_file=Path(ssh.key_file),
        known_hosts_file=Path(ssh.known_hosts_file),
        timeout=ssh.timeout,
    )


def command(stats_socket: str) -> str:
    """Give the one read-only command line of a round, for the edge's ``/bin/sh``."""
    return (
        f"echo 'show servers state; show stat; show info' | socat {shlex.quote('UNIX-CONNECT:' + stats_socket)} stdio"
    )


def _failure(error: WireError) -> Failure:
    return Failure(Phase.PARSE, error.reason, error.detail, error.data)


def _failed(seen: HaproxyObservation, error: LinkError) -> HaproxyObservation:
    if error.reason not in _OF_THE_COMMAND:
        return replace(seen, ssh_ok=False, failure=Failure(Phase.SSH, error.reason, error.detail))
    reason = next((reason for words, reason in _WORDS if words in error.detail), error.reason)
    return replace(seen, failure=Failure(Phase.COMMAND, reason, error.detail))
