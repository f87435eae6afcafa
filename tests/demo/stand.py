"""One listener of the simulated mail server on a port of its own, and a client that speaks to it as mailpath does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from monitor.core.conversation import Conversation, Endpoints, Script
from monitor.core.maillog import LogRecord
from monitor.core.model import Node, Service
from monitor.demo.certificates import Authority
from monitor.demo.layout import SERVER_NAME, Layout
from monitor.demo.mail_server import MailServer
from monitor.demo.maillog_writer import MaillogWriter
from monitor.demo.port import Port
from monitor.engine.tasks import Tasks
from monitor.links.converse import converse
from monitor.links.tls import TlsClient
from monitor.wire.mail_dialogue import mail_dialogue
from monitor.wire.maillog import MaillogParser
from monitor.wire.proxy_header import ProxyHeader
from monitor.wire.proxy_v2 import encode_v2
from monitor.wire.smtp import ReplyProof

LOCALHOST = "127.0.0.1"
CLIENT = "192.0.2.77"
NODE = Node("k8s-node1", "10.0.20.101")
SERVICES: dict[str, Service] = {service.name: service for service in Layout().services}


class Stand:
    """A mail server with its log, and one open port in front of it."""

    def __init__(self, directory: Path, tasks: Tasks) -> None:
        """Make the server; ``open`` gives it a port."""
        self.authority = Authority(directory)
        self.log = MaillogWriter(directory / "mail.log")
        self.server = MailServer(self.log, self.authority.server_context())
        self.tls = TlsClient(str(self.authority.ca_file))
        self.tasks = tasks
        self.port: Port | None = None

    def open(self, name: str, *, proxied: bool = True) -> None:
        """Listen for one service, on its PROXY listener or its stock one."""
        listener = self.server.listener(SERVICES[name], NODE, proxied=proxied)
        self.port = Port(LOCALHOST, 0, listener, self.tasks)
        self.port.open()

    async def converse(
        self, name: str, *, header: bool = True, noops: int = 0, proof: ReplyProof | None = None
    ) -> Conversation:
        """Hold the dialogue of a probe."""
        script = partial(self._script, SERVICES[name], header=header, noops=noops, proof=proof)
        assert self.port is not None
        return await converse(script, LOCALHOST, self.port.port, timeout=5, tls=self.tls, server_name=SERVER_NAME)

    async def say(self, data: bytes) -> bytes:
        """Send bytes and the end, and give all that comes back."""
        assert self.port is not None
        reader, writer = await asyncio.open_connection(LOCALHOST, self.port.port)
        writer.write(data)
        writer.write_eof()
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    async def settled(self) -> None:
        """Wait until the server has done with every connection."""
        await self.tasks.finish(5)

    async def records(self) -> list[LogRecord]:
        """Read the mail log as mailpath does; every line must be one that its parser knows, or about TLS."""
        await self.settled()
        written = self.log.path.read_bytes()
        parser = MaillogParser()
        records = parser.feed(written)
        assert parser.unrecognised == written.count(b"TLS connection established"), written.decode()
        return records

    def _script(
        self, service: Service, ends: Endpoints, *, header: bool, noops: int, proof: ReplyProof | None
    ) -> Script:
        claimed = ProxyHeader.tcp(CLIENT, ends.local_port, "10.0.20.1", service.frontend_port)
        return mail_dialogue(
            service.protocol,
            header=encode_v2(claimed) if header else None,
            helo="mailpath.invalid",
            noops=noops,
            proof=proof,
        )


@asynccontextmanager
async def open_stand(directory: Path) -> AsyncIterator[Stand]:
    """Give a stand; whatever its server raises that is no network's fault fails the test."""
    bugs: list[BaseException] = []
    tasks = Tasks(lambda _name, error: bugs.append(error))
    stand = Stand(directory, tasks)
    try:
        yield stand
    finally:
        if stand.port is not None:
            stand.port.close()
        await tasks.cancel()
        stand.log.close()
    assert bugs == []
