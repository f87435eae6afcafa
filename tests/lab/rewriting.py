"""A middlebox that rewrites the client address in every PROXY v2 header on its way to a listener."""

import asyncio
from ipaddress import IPv4Address

from tests.lab.host import Host
from tests.lab.network import NODES, POD
from tests.lab.nodeports import LISTENERS, NodePorts
from tests.lab.slow import SlowForwarder

# PROXY protocol section 2.2: signature, version, family and length take 16 bytes, the source address follows.
_SOURCE = slice(16, 20)
_FAMILY, _TCP4 = 13, 0x11


class HeaderRewriter(SlowForwarder):
    """Forwards as a slow one does, without its delay; every client is ``client`` behind it."""

    def __init__(self, host: Host, address: str, destination: tuple[str, int], client: str) -> None:
        """Start at once."""
        self._client = IPv4Address(client).packed
        super().__init__(host, address, destination, 0)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = bytearray(await reader.read(65536))
        if len(first) > _FAMILY and first[_FAMILY] == _TCP4:
            first[_SOURCE] = self._client
        rest = asyncio.StreamReader()
        rest.feed_data(bytes(first))
        await asyncio.gather(_pump(reader, rest), super()._forward(rest, writer))


async def _pump(source: asyncio.StreamReader, onward: asyncio.StreamReader) -> None:
    try:
        while data := await source.read(65536):
            onward.feed_data(data)
    except OSError:
        pass
    finally:
        onward.feed_eof()


def rewrite(ports: NodePorts, node_port: int, client: str) -> None:
    """Let every client of a NodePort, on all nodes, arrive as ``client``; ``heal`` of the ports takes it back."""
    for node, address in NODES.items():
        box = HeaderRewriter(ports.cluster, address, (POD, LISTENERS[node_port]), client)
        ports.faults.slow_ports[node, node_port] = box
    ports.apply()
