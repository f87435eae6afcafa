"""What a roundtrip needs of the outside world: Brevo, a Pushgateway and Uptime Kuma, on the client's host.

Brevo delivers from outside the house, through the edge's port 25, as any mail server of the internet would.
"""

import asyncio
import threading
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.brevo import BrevoStandIn
from tests.lab.dialogue import Dialogue
from tests.lab.lab import Lab
from tests.lab.network import EDGE, OUTSIDE

PORT = 9700
KUMA_TOKEN = "marked-kuma-token"  # noqa: S105 - a mark to search for


class Internet:
    """All of it, as one web server in a thread."""

    def __init__(self, lab: Lab, *blocked: str) -> None:
        """Stand on the client's host; nothing runs before the context is entered."""
        self._lab = lab
        self.helo = "smtp-relay.example.net"
        self.brevo = BrevoStandIn(self._deliver, *blocked)
        self.pushed: list[tuple[str, str, str]] = []
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None

    def __enter__(self) -> Self:
        """Serve."""
        self._thread = self._lab.client.submit(asyncio.run, self._serve())
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End."""
        assert self._loop is not None
        assert self._ended is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.result(20)

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.add_routes([*self.brevo.routes(), web.route("*", "/{rest:.*}", self._record)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", PORT).start()
        self._ready.set()
        await self._ended.wait()
        await self.brevo.delivered()
        await runner.cleanup()

    async def _record(self, request: web.Request) -> web.Response:
        self.pushed.append((request.method, request.path_qs, await request.text()))
        return web.Response(status=202)

    def _deliver(self, message: EmailMessage) -> None:
        with Dialogue(self._lab.connect(EDGE, 25, source=OUTSIDE), timeout=15) as dialogue:
            said = [dialogue.reply()]
            commands = (f"EHLO {self.helo}", f"MAIL FROM:<{message['From']}>", f"RCPT TO:<{message['To']}>", "DATA")
            said.extend(dialogue.say(command) for command in commands)
            body = message.as_bytes().replace(b"\n", b"\r\n").decode()
            said.append(dialogue.say(f"{body}\r\n."))
            dialogue.say("QUIT")
        if [line[:1] for line in said] != list("222232"):
            raise OSError(said[-1])
