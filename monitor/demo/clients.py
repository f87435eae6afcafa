"""The outside world: invented clients from documentation networks (RFC 5737), who come by way of HAProxy."""

import asyncio
import itertools
from functools import partial
from pathlib import Path

from monitor.core.conversation import Endpoints, Script
from monitor.core.model import Service
from monitor.demo.haproxy import Haproxy
from monitor.demo.layout import SERVER_NAME, Layout
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.wire.mail_dialogue import mail_dialogue
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import encode_v2

PAUSE = 1.0
TIMEOUT = 5.0

# Mail comes in from other servers; people fetch and send theirs. Never the daemon's own client_network, 192.0.2.0/24.
VISITS = (
    ("smtp", "198.51.100.17"),
    ("imaps", "203.0.113.8"),
    ("smtp", "203.0.113.140"),
    ("submission", "198.51.100.201"),
    ("imaps", "198.51.100.77"),
    ("smtp", "198.51.100.23"),
    ("imaps", "203.0.113.61"),
    ("smtps", "203.0.113.8"),
)


class Clients:
    """Visits the mail server, one client after the other, with the header that HAProxy writes for each."""

    def __init__(self, layout: Layout, haproxy: Haproxy, ca_file: Path) -> None:
        """Nobody comes yet."""
        self._layout = layout
        self._haproxy = haproxy
        self._tls = TlsClient(str(ca_file), verify=False)

    async def visit(self) -> None:
        """Come again and again, whatever the mail server says."""
        services = {service.name: service for service in self._layout.services}
        for name, address in itertools.cycle(VISITS):
            await self._visit(services[name], address)
            await asyncio.sleep(PAUSE)

    async def _visit(self, service: Service, address: str) -> None:
        server = self._haproxy.pools[service.name].next_server()
        if server is not None:
            await converse(
                partial(self._script, service, address),
                server.address,
                server.port,
                timeout=TIMEOUT,
                tls=self._tls,
                server_name=SERVER_NAME,
            )

    def _script(self, service: Service, address: str, ends: Endpoints) -> Script:
        header = ProxyHeader.tcp(address, ends.local_port, self._layout.edge_address, service.frontend_port)
        return mail_dialogue(service.protocol, header=encode_v2(header), helo="client.example.net")
