"""What the simulated edge's host says, by mailpath's own parsers and judgement."""

from pathlib import Path

from monitor.core.edge import EdgeObservation
from monitor.core.observations import Span
from monitor.demo.haproxy import Haproxy
from monitor.demo.host_view import STATS_SOCKET, answer
from monitor.demo.layout import Layout
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from monitor.probes.edge import Edge, EdgeSettings, commands
from monitor.verdict.haproxy_drift import Declared, drift

LAYOUT = Layout()
PORTS = tuple(service.frontend_port for service in LAYOUT.services)
SETTINGS = EdgeSettings("demo", "pfsense", LAYOUT.edge_address, PORTS, PORTS, STATS_SOCKET, timeout=1.0)
NOBODY = SshSettings("192.0.2.1", "admin", Path("none"), Path("none"))


def _look(haproxy: Haproxy) -> EdgeObservation:
    answers = {name: answer(haproxy, SETTINGS.address, asked) or "" for name, asked in commands(SETTINGS).items()}
    encoded = {name: text.encode() for name, text in answers.items()}
    return Edge(SETTINGS, SshLink(NOBODY)).judge(encoded, Span(0.0, 1.0, 2.0))


def _drift(haproxy: Haproxy) -> list[str]:
    configuration = _look(haproxy).configuration
    assert configuration is not None
    declared = Declared("pfsense", LAYOUT.edge_address, LAYOUT.services, LAYOUT.nodes)
    return [found.kind for found in drift(declared, configuration)]


async def test_a_look_finds_everything_sound() -> None:
    """Every command is answered in its program's words: all is bound, redirected, passed and as declared."""
    seen = _look(Haproxy(LAYOUT.services, LAYOUT.nodes))
    assert seen.failures == {}
    assert {port: each.bound for port, each in (seen.frontends or {}).items()} == dict.fromkeys(PORTS, True)
    assert {port: (each.ok, each.passed) for port, each in (seen.redirects or {}).items()} == dict.fromkeys(
        PORTS, (True, True)
    )
    assert seen.stats_socket is not None
    assert seen.stats_socket.bits == 0o600
    assert _drift(Haproxy(LAYOUT.services, LAYOUT.nodes)) == []


async def test_a_wrong_check_port_stands_in_the_configuration() -> None:
    """What the demo breaks in HAProxy is in its file as well."""
    haproxy = Haproxy(LAYOUT.services, LAYOUT.nodes)
    for server in haproxy.pools["submission"].servers:
        server.check_port = 9
    assert _drift(haproxy) == ["check_port_wrong"]


async def test_there_is_no_other_program() -> None:
    """Whatever else is typed is not found."""
    assert answer(Haproxy(LAYOUT.services, LAYOUT.nodes), SETTINGS.address, "pfctl -d") is None
