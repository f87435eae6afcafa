"""The whole path put together: pod, NodePorts, HAProxy with its frontends, sshd, and clients who use it."""

import asyncio
import errno
from pathlib import Path

from monitor.demo import haproxy_view, host_view
from monitor.demo.certificates import Authority
from monitor.demo.clients import Clients
from monitor.demo.haproxy import FrontDoor, Haproxy
from monitor.demo.layout import Layout, layouts
from monitor.demo.mail_server import MailServer
from monitor.demo.maillog_writer import MaillogWriter
from monitor.demo.port import Port
from monitor.demo.ssh_server import SshServer
from monitor.engine.tasks import BugHandler, Tasks


class MailPath:
    """One simulated mail path on loopback; faults change its parts while it runs.

    Attributes:
        ports: every NodePort, by node name and port.
    """

    def __init__(self, layout: Layout, directory: Path, on_bug: BugHandler) -> None:
        """Make every part, listening to nothing yet; keys, certificates and the mail log go to ``directory``."""
        self.layout = layout
        self.tasks = Tasks(on_bug)
        self.authority = Authority(directory)
        self.log = MaillogWriter(directory / "mail.log")
        self.mail_server = MailServer(self.log, self.authority.server_context())
        self.haproxy = Haproxy(layout.services, layout.nodes)
        self.ssh = SshServer(layout.edge_address, layout.ssh_port, directory, self._edge_answer)
        self.ports = self._node_ports()
        self._frontends = [
            Port(layout.edge_address, pool.service.frontend_port, FrontDoor(pool).serve, self.tasks)
            for pool in self.haproxy.pools.values()
        ]
        self._clients = Clients(layout, self.haproxy, self.authority.ca_file)

    async def open(self) -> None:
        """Let everything listen, check and visit.

        Raises:
            OSError: An address is not there, or a port taken; nothing listens then.
        """
        try:
            for port in (*self.ports.values(), *self._frontends):
                port.open()
            await self.ssh.open()
        except BaseException:
            await self.close()
            raise
        self.tasks.spawn("haproxy checks", self.haproxy.watch())
        self.tasks.spawn("clients", self._clients.visit())

    async def close(self) -> None:
        """End everything; idempotent."""
        for port in (*self.ports.values(), *self._frontends):
            port.close()
        self.ssh.close()
        await self.tasks.cancel()
        await self.ssh.wait_closed()
        self.log.close()

    def _node_ports(self) -> dict[tuple[str, int], Port]:
        ports = {}
        for node in self.layout.nodes:
            for service in self.layout.services:
                data = self.mail_server.listener(service, node, proxied=True)
                ports[node.name, service.node_port] = Port(node.address, service.node_port, data, self.tasks)
                if service.check_node_port is not None:
                    check = self.mail_server.listener(service, node, proxied=False)
                    port = Port(node.address, service.check_node_port, check, self.tasks)
                    ports[node.name, service.check_node_port] = port
        return ports

    def _edge_answer(self, command: str) -> str | None:
        if "show servers state" in command and "socat" in command:
            return haproxy_view.answer(self.haproxy, asyncio.get_running_loop().time())
        return host_view.answer(self.haproxy, self.layout.edge_address, command)


async def open_mail_path(directory: Path, on_bug: BugHandler) -> MailPath:
    """Open a path at the first layout whose ports are all free.

    Raises:
        OSError: This host lacks the addresses, or no layout is free.
    """
    for layout in layouts():
        path = MailPath(layout, directory, on_bug)
        try:
            await path.open()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return path
    raise OSError(errno.EADDRINUSE, "every set of ports that a demo may use is taken")
