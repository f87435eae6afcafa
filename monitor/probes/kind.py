"""The one table of the kinds of probe that are scheduled: a kind is a file of this room and a line of this table.

The cluster and the mail log are followed as they change, by ``daemon/kube_watch.py`` and ``daemon/maillog_watch.py``.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from monitor.config.settings import PathSettings
from monitor.core import kinds
from monitor.core.kinds import ProbeKind
from monitor.probes import (
    check,
    edge,
    front_door,
    handshake,
    haproxy,
    header_on_check,
    ipv6_header,
    no_header,
    relay_canary,
)
from monitor.probes.watch import Links, Watch


class Kind(NamedTuple):
    """A kind: its name with the facts that judges and publishers read, and what it watches of a path."""

    name: ProbeKind
    watches: Callable[[PathSettings, Links], Iterable[Watch]]


KINDS: tuple[Kind, ...] = (
    Kind(check.KIND, check.watches),
    Kind(handshake.KIND, handshake.watches),
    Kind(front_door.KIND, front_door.watches),
    Kind(kinds.HAPROXY, haproxy.watches),
    Kind(kinds.EDGE, edge.watches),
    Kind(ipv6_header.KIND, ipv6_header.watches),
    Kind(relay_canary.KIND, relay_canary.watches),
    Kind(no_header.KIND, no_header.watches),
    Kind(header_on_check.KIND, header_on_check.watches),
)


def watches_of(path: PathSettings, links: Links) -> list[Watch]:
    """Everything that is scheduled of a path, kind by kind."""
    return [watch for kind in KINDS for watch in kind.watches(path, links)]
