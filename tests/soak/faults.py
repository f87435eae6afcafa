"""What is broken minute by minute, by what the daemon shows it, and how it is mended."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from monitor.demo.faults import FAULTS
from monitor.demo.mail_path import MailPath
from tests.soak.daemon import Series

# The demo's 0.8 s would be lost in the noise of a busy machine; below the soak's timeout all the same.
SLOW_GREETING = 3.0


class SoakFault(NamedTuple):
    """One way to break the path, the way back, and what tells it from a sound one."""

    name: str
    strike: Callable[[MailPath], None]
    mend: Callable[[MailPath], Awaitable[None]]
    shown: Callable[[Series], bool]


def sound(series: Series) -> bool:
    """Tell whether the daemon finds nothing broken."""
    return bool(series.count("mailpath_diagnosis", hop="none"))


async def _ports(path: MailPath) -> None:
    for port in path.ports.values():
        port.open()


async def _proxy(path: MailPath) -> None:
    path.mail_server.proxy = True


async def _pools(path: MailPath) -> None:
    for pool in path.haproxy.pools.values():
        for server in pool.servers:
            server.check_port = pool.service.check_node_port or pool.service.node_port


async def _addresses(path: MailPath) -> None:
    path.mail_server.seen_as = None


async def _log(path: MailPath) -> None:
    path.log.stalled = False


async def _ssh(path: MailPath) -> None:
    await path.ssh.open()


async def _certificate(path: MailPath) -> None:
    path.mail_server.tls = path.authority.server_context()


async def _greeting(path: MailPath) -> None:
    path.mail_server.greeting_delay = 0.0


def _slowly(path: MailPath) -> None:
    path.mail_server.greeting_delay = SLOW_GREETING


_STRIKES = {fault.name: fault.strike for fault in FAULTS} | {"slow-greeting": _slowly}

_MENDED_AND_SHOWN: dict[str, tuple[Callable[[MailPath], Awaitable[None]], Callable[[Series], bool]]] = {
    "node-down": (_ports, lambda series: bool(series.count("mailpath_diagnosis", hop="node"))),
    "proxy-off": (_proxy, lambda series: bool(series.count("mailpath_diagnosis", hop="proxy_header"))),
    "port-closed": (_ports, lambda series: bool(series.count("mailpath_diagnosis", hop="nodeport"))),
    "haproxy-pool-down": (_pools, lambda series: series.count("mailpath_lb_agreement", state="lb_down_path_up") > 1),
    "snat-address": (_addresses, lambda series: bool(series.count("mailpath_diagnosis", hop="client_ip"))),
    "log-stalled": (_log, lambda series: bool(series.count("mailpath_diagnosis", hop="maillog"))),
    "ssh-down": (_ssh, lambda series: bool(series.count("mailpath_diagnosis", hop="monitor"))),
    "certificate-expired": (_certificate, lambda series: bool(series.count("mailpath_diagnosis", hop="tls"))),
    "slow-greeting": (_greeting, lambda series: series.count("mailpath_verdict", verdict="slow") > 1),
}

SOAK_FAULTS = tuple(SoakFault(name, _STRIKES[name], *ways) for name, ways in _MENDED_AND_SHOWN.items())
