"""A slow NodePort without a queueing discipline: a forwarder on the node that keeps the server's first bytes back.

What the client says passes at once (a PROXY header that comes late would be refused), the first answer waits. Unlike
on a slow wire, the TCP handshake is quick: it is the node that accepts.
"""

import asyncio
from concurrent.futures import Future

from tests.lab.host import Host


class SlowForwarder:
    """Listens on a node's address and forwards to the pod from that same address, as SNAT would."""

    def __init__(self, host: Host, address: str, destination: tuple[str, int], seconds: float) -> None:
        """Start at once; ``port`` is where it listens."""
        self._address = address
        self._destination = destination
        self._seconds = seconds
        self._listening: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._end = host.submit(asyncio.run, self._serve())
        self.port, self._loop, self._stopped = self._listening.result(timeout=5)

    def stop(self) -> None:
        """Close the listener and every connection through it."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._end.result(timeout=5)

    async def _serve(self) -> None:
        stopped = asyncio.Event()
        server = await asyncio.start_server(self._forward, self._address, 0)
        self._listening.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), stopped))
        await stopped.wait()
        # ``async with server`` would wait for every connection, from Python 3.12 on; the loop's end cancels them.
        server.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_connection(*self._destination, local_addr=(self._address, 0))
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pass_on(reader, onward[1]), _pass_on(onward[0], writer, self._seconds))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float = 0) -> None:
    try:
        while data := await reader.read(65536):
            await asyncio.sleep(delay)
            delay = 0
            writer.write(data)
            await writer.drain()
    except OSError:
        writer.transport.abort()
    finally:
        writer.close()
