"""HAProxy's view of a server against our own handshake: do the two agree?"""

from collections.abc import Iterable

from monitor.core.haproxy import HaproxyServer, same_backend
from monitor.core.model import Service
from monitor.core.verdicts import Agreement

_WORST_FIRST = tuple(Agreement)


def server_of(servers: Iterable[HaproxyServer], service: Service, address: str) -> HaproxyServer | None:
    """Find the server of a service's backend that leads to a node, by address: names are HAProxy's own affair."""
    for server in servers:
        if server.address == address and same_backend(service.backend, server.backend):
            return server
    return None


def pool_of(servers: Iterable[HaproxyServer], service: Service) -> tuple[HaproxyServer, ...]:
    """Give the servers of a service's backend that HAProxy sends new clients to."""
    return tuple(each for each in servers if each.takes_clients and same_backend(service.backend, each.backend))


def agreement_with(server: HaproxyServer | None, *, handshake_up: bool | None) -> Agreement:
    """Compare one edge's view with the handshake; what was never checked, or is stale, is unknown."""
    if server is None or handshake_up is None:
        return Agreement.UNKNOWN
    if server.taken_out:
        return Agreement.LB_ADMIN
    if not server.ever_checked or not server.checks_enabled:
        return Agreement.UNKNOWN
    if server.takes_clients == handshake_up:
        return Agreement.AGREE
    return Agreement.LB_UP_PATH_DOWN if server.takes_clients else Agreement.LB_DOWN_PATH_UP


def worst(views: Iterable[Agreement]) -> Agreement:
    """Give the worst of several edges' views; of none, unknown."""
    return min(views, key=_WORST_FIRST.index, default=Agreement.UNKNOWN)
