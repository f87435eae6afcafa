"""Listen addresses as the Prometheus exporters write them, and a server on them."""

import errno
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from monitor.core.errors import ConfigError, Fault

FLAG = "--web.listen-address"
_HIGHEST_PORT = 65535
_NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
_CLIENTS_FAULTS = (HttpProcessingError, web.RequestPayloadError, ConnectionResetError)
# How long a scrape in flight may hold up the daemon's end.
_GRACE = 2.0


class ListenAddress(NamedTuple):
    """A host (empty: every interface, IPv4 and IPv6) and a port (0: any that is free)."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write it as it is given on the command line."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self, scheme: str) -> str:
        """Write it as a browser on this host takes it."""
        return f"{scheme}://{self if self.host else f'localhost:{self.port}'}/"


def parse_listen_address(text: str) -> ListenAddress:
    """Read ``:9641``, ``127.0.0.1:9641``, ``[::1]:9641`` or ``host:9641``.

    Raises:
        ConfigError: It is none of these.
    """
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > _HIGHEST_PORT or (":" in host) != bracketed:
        raise ConfigError(Fault(f"{FLAG}={text}", "expected [host]:port, such as :9641, 127.0.0.1:9641 or [::1]:9641"))
    return ListenAddress(bare, int(port))


@asynccontextmanager
async def serving(
    app: web.Application, addresses: Sequence[ListenAddress], tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[ListenAddress, ...]]:
    """Serve for as long as the context lasts; gives the addresses with their real ports.

    Raises:
        ConfigError: An address cannot be bound; each such address is a fault.
    """
    async with AsyncExitStack() as stack:
        sockets = _bind(addresses)
        for each in sockets:
            stack.callback(each.close)
        # Requests are not logged: scrapes and liveness probes would bury what matters.
        runner = web.AppRunner(app, access_log=None, logger=_server_log(), shutdown_timeout=_GRACE)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        for each in sockets:
            await web.SockSite(runner, each, ssl_context=tls).start()
        yield tuple(
            ListenAddress(address.host, each.getsockname()[1]) for address, each in zip(addresses, sockets, strict=True)
        )


def _server_log() -> logging.Logger:
    log = logging.getLogger(f"{__name__}.requests")
    log.filters[:] = [_is_ours]
    return log


def _is_ours(record: logging.LogRecord) -> bool:
    # A client that speaks no HTTP is answered 400, one whose body is not what its headers say too, and one that leaves
    # amid its request needs no answer; a traceback for each would let anyone flood the log.
    return not (record.exc_info and isinstance(record.exc_info[1], _CLIENTS_FAULTS))


def _bind(addresses: Sequence[ListenAddress]) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    faults: list[Fault] = []
    for address in addresses:
        try:
            sockets.append(_listener(address))
        except OSError as error:
            faults.append(Fault(f"{FLAG}={address}", _words(error)))
    if faults:
        for each in sockets:
            each.close()
        raise ConfigError(*faults)
    return sockets


def _words(error: OSError) -> str:
    # socket.create_server appends the address to the system's words; the fault names it already.
    return (error.strerror or str(error)).split(" (while", 1)[0]


def _listener(address: ListenAddress) -> socket.socket:
    if address.host:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = found[0]
        return socket.create_server((str(where[0]), address.port), family=family)
    try:
        return socket.create_server(("", address.port), family=socket.AF_INET6, dualstack_ipv6=True)
    except OSError as error:
        if error.errno not in _NO_IPV6:
            raise
        return socket.create_server(("", address.port))
