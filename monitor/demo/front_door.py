"""One HAProxy frontend: a client's connection goes to the pool's next server, behind a PROXY v2 header."""

import asyncio
from contextlib import closing, suppress

from monitor.demo.haproxy import Pool
from monitor.links.tcp import TcpStream, resolve
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import encode_v2

CONNECT_TIMEOUT = 1.0


class FrontDoor:
    """Forwards for one pool, as ``mode tcp`` with ``send-proxy-v2`` does."""

    def __init__(self, pool: Pool) -> None:
        """Take the pool behind this frontend."""
        self._pool = pool

    async def serve(self, client: TcpStream) -> None:
        """Forward one connection to its end; without a server that answers it is closed without a byte."""
        server = self._pool.next_server()
        if server is None:
            return
        async with asyncio.timeout(CONNECT_TIMEOUT):
            upstream = await TcpStream.connect(await resolve(server.address, server.port))
        server.sessions += 1
        try:
            with closing(upstream):
                ends = client.endpoints()
                header = ProxyHeader.tcp(ends.remote_address, ends.remote_port, ends.local_address, ends.local_port)
                await upstream.send(encode_v2(header))
                await asyncio.gather(_forward(client, upstream), _forward(upstream, client))
        finally:
            server.sessions -= 1


async def _forward(source: TcpStream, sink: TcpStream) -> None:
    """Hand on bytes and, at their end, the end; a reset on one side ends the other in order."""
    with suppress(OSError):
        while data := await source.receive():
            await sink.send(data)
    sink.finish_sending()
