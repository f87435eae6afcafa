"""A hundred small mail paths to break, each with two nodes and a mail server of its own that speaks for port 25.

Says where the configuration is (shipped intervals and thresholds); then does as it is told, and says when it was done.
"""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from bench.subjects import arguments, run, say
from monitor.config.services import DEFAULT_SERVICES, to_service
from monitor.core.model import Node, Service
from monitor.demo.certificates import Authority
from monitor.demo.layout import SERVER_NAME
from monitor.demo.mail_server import MailServer
from monitor.demo.maillog_writer import MaillogWriter
from monitor.demo.port import Port
from monitor.engine.tasks import Tasks

SERVICE = "smtp"


class SmallPath:
    """Two nodes, both with a data port and a healthcheck port that lead to one mail server."""

    def __init__(self, number: int, server: MailServer, tasks: Tasks) -> None:
        """Listen to nothing yet."""
        service = _service()
        self.name = f"path{number:02}"
        self.nodes = [Node(f"node{each}", f"127.2.{number}.{each}") for each in (1, 2)]
        self.server = server
        self.data = [self._port(node, service.node_port, service, tasks, proxied=True) for node in self.nodes]
        check_port = service.check_node_port or 0
        self.checks = [self._port(node, check_port, service, tasks, proxied=False) for node in self.nodes]

    def _port(self, node: Node, port: int, service: Service, tasks: Tasks, *, proxied: bool) -> Port:
        return Port(node.address, port, self.server.listener(service, node, proxied=proxied), tasks)

    def written(self, ca_file: Path) -> dict[str, Any]:
        """Give its configuration: what a newcomer would write, and no more."""
        return {
            "name": self.name,
            "nodes": {"static": [{"name": node.name, "address": node.address} for node in self.nodes]},
            "services": {name: None for name in DEFAULT_SERVICES if name != SERVICE},
            "tls": {"server_name": SERVER_NAME, "ca_file": str(ca_file)},
            "healthz": {"require": {"services": [SERVICE]}},
        }

    def close_a_check(self) -> None:
        """Let the second node refuse at its healthcheck port."""
        self.checks[1].close()

    def open_the_check(self) -> None:
        """Mend that."""
        self.checks[1].open()

    def turn_proxy_off(self) -> None:
        """Let the mail server take the PROXY header for commands, as it does where its listener has lost the option."""
        self.server.proxy = False


def _service() -> Service:
    return to_service(SERVICE, DEFAULT_SERVICES[SERVICE])


async def main() -> None:
    """Serve until we are ended, and do to every path what each line names."""
    asked = arguments()
    directory = Path(asked["directory"])
    tasks, authority = Tasks(_bug), Authority(directory)
    log, tls = MaillogWriter(directory / "hundred.mail.log"), authority.server_context()
    paths = [SmallPath(number, MailServer(log, tls), tasks) for number in range(asked["paths"])]
    for path in paths:
        for port in (*path.data, *path.checks):
            port.open()
    file = directory / "hundred.yml"
    file.write_text(yaml.safe_dump({"paths": [path.written(authority.ca_file) for path in paths]}))
    say({"file": str(file)})
    while line := await asyncio.to_thread(sys.stdin.readline):
        done = {}
        for path in paths:
            getattr(path, json.loads(line))()
            done[path.name] = time.monotonic()
        say(done)


def _bug(name: str, error: BaseException) -> None:
    raise RuntimeError(name) from error


signal.signal(signal.SIGTERM, signal.SIG_DFL)
run(main)
