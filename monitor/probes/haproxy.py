"""``haproxy``: what HAProxy believes of its servers, by ``show servers state``, ``show stat`` and ``show info``.

One call of socat over the edge's one SSH connection. ``UNIX-CONNECT`` and not a bare path: for root, socat would create
a missing socket as a regular file, print nothing and exit 0.
"""

import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from monitor.core.conversation import Failure
from monitor.core.errors import LinkError, WireError
from monitor.core.haproxy import HaproxyInfo, HaproxyServer, HaproxyStat
from monitor.core.taxonomy import Phase, Reason

RunCommand = Callable[[str], Awaitable[bytes]]
ANSWERS = ("show servers state", "show stat", "show info")


@dataclass(frozen=True, slots=True)
class HaproxySettings:
    """One edge's HAProxy: its path's and its own name, and the stats socket."""

    path: str
    edge: str
    stats_socket: str
    timeout: float


@dataclass(frozen=True, slots=True)
class HaproxyAnswer:
    """What a round brought; ``failure`` is ``None`` when all three answers are here and sound."""

    ssh_ok: bool
    servers: tuple[HaproxyServer, ...] = ()
    stats: tuple[HaproxyStat, ...] = ()
    info: HaproxyInfo | None = None
    failure: Failure | None = None


def command(stats_socket: str) -> str:
    """Give the one read-only command line of a round, for the edge's ``/bin/sh``."""
    return f"echo '{'; '.join(ANSWERS)}' | socat {shlex.quote(f'UNIX-CONNECT:{stats_socket}')} stdio"
