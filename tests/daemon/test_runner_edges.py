"""The rounds at edges: which commands go over which connection, and what of it is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.daemon.service import Daemon
from monitor.demo.layout import SSH_USER
from monitor.demo.ssh_server import SshServer
from tests import kinds
from tests.daemon.running import running
from tests.waiting import until

HOST = "127.0.0.1"
SOCKSTAT = "USER COMMAND PID FD PROTO LOCAL\nwww haproxy 7 5 tcp4 *:25 *:*\nwww nginx 8 5 tcp4 *:465 *:*\n"
TEMPLATE = """
paths:
  - name: home
    nodes: {{static: [{{name: a, address: 127.0.0.1}}]}}
    services: {{smtp: {{}}, smtps: {{}}, submission: null, imaps: null}}
    handshakes: {{client_rate_limit: null}}
    healthz: {{require: {{services: [smtp]}}}}
    tls: {{server_name: mail.example.org}}
    edges:
      - name: pfsense
        address: 127.0.0.1
        interval: 100ms
        slow_interval: {slow}
        frontend_ports: [25, 465]
        optional_ports: []
        ssh: {{port: {port}, user: {user}, key_file: {key}, known_hosts_file: {known}, timeout: 5s}}
      - {{name: bridge, address: 127.0.0.2, slow_interval: 100ms, frontend_ports: [25], optional_ports: [],
         nat: false, stats_socket: null, ssh: pfsense}}
"""


class Edge:
    """A host that answers, and remembers what it was asked."""

    def __init__(self, port: int, directory: Path) -> None:
        """Make its sshd."""
        self.asked: list[str] = []
        self.answers = {"sockstat -l": SOCKSTAT, "pfctl -sn": "", "pfctl -sr": "pass all\n"}
        self.server = SshServer(HOST, port, directory, self._answer)
        self.file = directory / "mailpath.yml"

    def configure(self, slow: str = "60s") -> None:
        """Write mailpath.yml for two edges behind it."""
        server = self.server
        where = {"key": server.key_file, "known": server.known_hosts_file}
        self.file.write_text(TEMPLATE.format(slow=slow, port=server.port, user=SSH_USER, **where))

    def _answer(self, command: str) -> str | None:
        self.asked.append(command)
        return self.answers.get(command)


@pytest.fixture
async def edge(unused_tcp_port: int, tmp_path: Path) -> AsyncIterator[Edge]:
    """Give a host that listens."""
    made = Edge(unused_tcp_port, tmp_path)
    made.configure()
    await made.server.open()
    yield made
    made.server.close()
    await made.server.wait_closed()


def looked(daemon: Daemon) -> bool:
    """Tell whether both hosts have been looked at."""
    return all(each.host is not None for each in daemon.statuses()[0].edges)


async def test_both_edges_are_looked_at(edge: Edge) -> None:
    """Each is asked for what it shall have: no NAT for the second one, and nothing of HAProxy's socket and file."""
    async with running(edge.file) as daemon:
        await until(lambda: looked(daemon))
        pfsense, bridge = daemon.statuses()[0].edges
    assert pfsense.host is not None
    assert bridge.host is not None
    assert {port: each.bound for port, each in (pfsense.host.frontends or {}).items()} == {25: True, 465: False}
    assert (bridge.host.redirects, bridge.host.failures, bridge.ssh_up) == (None, {}, True)
    assert set(pfsense.host.failures) == {"configuration", "stats_socket"}
    assert sum("socat" in command for command in edge.asked) >= 1
    assert {"cat /var/etc/haproxy/haproxy.cfg", "ls -l /tmp/haproxy.socket"} <= set(edge.asked)


async def test_a_trouble_is_looked_at_again_soon(edge: Edge) -> None:
    """Its end is seen at the pace of HAProxy's rounds, not after another slow interval; then there is no haste."""
    async with running(edge.file) as daemon:
        await until(lambda: edge.asked.count("pfctl -sr") >= 3)
        edge.answers["sockstat -l"] = SOCKSTAT.replace("nginx", "haproxy")
        edge.answers["pfctl -sn"] = "".join(
            f"rdr on em0 inet proto tcp from any to any port = {port} -> 127.0.0.1\n" for port in (25, 465)
        )
        await until(lambda: "frontend_unbound" not in {each.kind for each in daemon.statuses()[0].findings})
        calm = edge.asked.count("pfctl -sr")
        socat = sum("socat" in command for command in edge.asked)
        await until(lambda: sum("socat" in command for command in edge.asked) > socat + 3)
        assert edge.asked.count("pfctl -sr") <= calm + 1


async def test_a_reload_may_take_an_edge_away(edge: Edge) -> None:
    """Both kinds of round are counted while there is an edge; one that is gone is hung up on."""
    async with running(edge.file) as daemon:
        await until(lambda: looked(daemon))
        assert counted(daemon) == {kinds.HAPROXY, kinds.EDGE}
        edge.file.write_text(edge.file.read_text().partition("    edges:")[0])
        await daemon.reload()
        assert counted(daemon) == set()
        assert daemon.statuses()[0].edges == ()
        await edge.server.wait_closed()


def counted(daemon: Daemon) -> set[kinds.ProbeKind]:
    """Give the kinds of probe at edges that have a series."""
    text = daemon.metrics.snapshot(daemon.statuses()).expose("text/plain", "").body.decode()
    lines = [line for line in text.splitlines() if line.startswith("mailpath_probes_total{")]
    return {kind for kind in (kinds.HAPROXY, kinds.EDGE) if any(f'probe="{kind}"' in line for line in lines)}
