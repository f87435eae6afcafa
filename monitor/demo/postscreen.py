"""Postfix's postscreen(8): who is new waits for the greeting, and whoever speaks before it is caught."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from monitor.demo.connection import Client, ClientGoneError, Connection
from monitor.demo.maillog_writer import Say, quoted
from monitor.demo.smtpd import GREETING, MAX_COMMANDS

GREET_WAIT = 0.4
"""Seconds; Postfix's own ``postscreen_greet_wait`` is 6, and nobody wants to wait for that in a demo."""
MAX_REMEMBERED = 1024


class Postscreen:
    """Remembers whom it has let pass, as ``postscreen_cache_map`` does."""

    def __init__(self) -> None:
        """Begin with an empty cache."""
        self._passed: OrderedDict[str, None] = OrderedDict()

    async def admits(
        self, connection: Connection, client: Client, say: Say, pause: Callable[[], Awaitable[None]]
    ) -> bool:
        """Screen one client; tell whether smtpd takes over. ``pause`` comes before the first byte."""
        say(f"CONNECT from {client.source} to {client.destination}")
        if client.address in self._passed:
            say(f"PASS OLD {client.source}")
            await pause()
            return True
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            await pause()
            await connection.send(f"220-{GREETING}")
            if await connection.speaks_within(GREET_WAIT):
                early, waited = connection.unread, loop.time() - started
                say(f"PREGREET {len(early)} after {delta(waited)} from {client.source}: {quoted(early)}")
                await _dismiss(connection)
                say(f"DISCONNECT {client.source}")
                return False
        except ClientGoneError:
            say(f"HANGUP after {delta(loop.time() - started)} from {client.source} in tests before SMTP handshake")
            say(f"DISCONNECT {client.source}")
            return False
        self._remember(client.address)
        say(f"PASS NEW {client.source}")
        return True

    def _remember(self, address: str) -> None:
        self._passed[address] = None
        if len(self._passed) > MAX_REMEMBERED:
            self._passed.popitem(last=False)


def delta(seconds: float) -> str:
    """Write a time as postscreen does: two digits that count, thousandths at most, and never an exponent."""
    return f"{round(seconds, 3):.2g}"


async def _dismiss(connection: Connection) -> None:
    """Answer what came too early as postscreen's own little engine does: nothing is recognised but QUIT."""
    for _ in range(MAX_COMMANDS):
        if (await connection.line()).strip().upper() == "QUIT":
            await connection.send("221 2.0.0 Bye")
            return
        await connection.send("502 5.5.2 Error: command not recognized")
