"""The edge's host under the eyes of the daemon: each drift and each fault is named, and goes when it is mended."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.lab.daemon import Daemon
from tests.lab.first_line import ALL_FINE, first_line, names_trouble
from tests.lab.haproxy import Settings, configuration
from tests.lab.lab import Lab
from tests.lab.pace import Pace
from tests.lab.troubles import TROUBLES, USUAL, Trouble
from tests.patience import stretched

BRIDGE = "10.0.20.2"
BRIDGE_FILES = {"configuration": "/run/bridge.cfg", "pid": "/run/bridge.pid"}
SOON = 20.0


class Bridge:
    """A second HAProxy on the same host, with an address and no stats socket of its own."""

    def __init__(self, lab: Lab) -> None:
        """Give the host a second address."""
        self._edge = lab.edge
        self._edge.run("ip", "address", "add", f"{BRIDGE}/24", "dev", "eth0")
        text = configuration(Settings(legacy_pool=False, bind=BRIDGE))
        sections = text.partition("\nfrontend")
        self._edge.write(BRIDGE_FILES["configuration"], f"global\n\tmaxconn 100\n{sections[1]}{sections[2]}")

    def start(self) -> None:
        """Listen on the four ports."""
        self._edge.run("haproxy", "-q", "-D", "-f", BRIDGE_FILES["configuration"], "-p", BRIDGE_FILES["pid"])

    def ensure(self) -> None:
        """Start it again, if it went with the other: they are one name to the laboratory."""
        pid = self._edge.path(BRIDGE_FILES["pid"]).read_text().strip()
        if not self._edge.path(f"/proc/{pid}").exists():
            self.start()

    def stop(self) -> None:
        """End this one, not the other."""
        for pid in self._edge.path(BRIDGE_FILES["pid"]).read_text().split():
            self._edge.run("kill", "-KILL", pid)

    def close(self) -> None:
        """Take the address away."""
        self._edge.run("ip", "address", "del", f"{BRIDGE}/24", "dev", "eth0")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a laboratory of its own, whose HAProxy is as mailpath wants it."""
    with Lab(settings=USUAL) as own:
        yield own


def settings(lab: Lab, **ssh: Any) -> str:  # noqa: ANN401 - values of YAML
    """Write mailpath.yml with two edges on one host, both looked at twice a second."""
    document = yaml.safe_load(Pace(timeout=8, edge=0.5).configuration(lab))
    (path,) = document["paths"]
    (edge,) = path["edges"]
    edge |= {"slow_interval": "500ms", "optional_ports": []}
    edge["ssh"] |= ssh
    bridge = {"name": "bridge", "address": BRIDGE, "slow_interval": "500ms", "optional_ports": [], "nat": False}
    path["edges"].append(bridge | {"stats_socket": None, "ssh": "pfsense"})
    return yaml.safe_dump(document)


@pytest.fixture(scope="module")
def bridge(lab: Lab) -> Iterator[Bridge]:
    """Give the second HAProxy."""
    second = Bridge(lab)
    second.start()
    yield second
    second.stop()
    second.close()


@pytest.fixture(scope="module")
def daemon(lab: Lab, bridge: Bridge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Give one daemon for all, that has found everything sound."""
    assert bridge
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), settings(lab)) as running:
        running.until(lambda: sound(running), within=30)
        assert first_line(lab).result(stretched(60)) == ALL_FINE
        yield running
        assert running.total("probe_bugs_total") == 0


def told(daemon: Daemon) -> set[tuple[str, str, str]]:
    """Give every finding that is more than information, by severity, subject and kind."""
    (path,) = daemon.json("/api/v1/status")["paths"]
    return {
        (each["severity"], each["subject"], each["kind"]) for each in path["findings"] if each["severity"] != "info"
    }


def sound(daemon: Daemon) -> bool:
    """Tell whether nothing is found and nothing is broken."""
    return daemon.hop() == "none" and not told(daemon)


def test_all_is_well(daemon: Daemon) -> None:
    """Every port of both is seen bound, every redirect right, no drift; the two are told apart by their addresses."""
    ports = {"25", "465", "587", "993"}
    for edge in ("pfsense", "bridge"):
        assert daemon.values("frontend_listening", "port", edge=edge) == dict.fromkeys(ports, 1.0)
        assert daemon.values("edge_up", "edge", edge=edge) == {edge: 1.0}
    assert daemon.values("nat_redirect_ok", "edge") == {"pfsense": 1.0}
    assert daemon.values("nat_redirect_ok", "port") == dict.fromkeys(ports, 1.0)
    assert daemon.samples("config_drift") == {}
    assert daemon.total("probes_total", probe="edge", result="failure") == 0


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
def test_trouble(trouble: Trouble, lab: Lab, daemon: Daemon, bridge: Bridge) -> None:
    """It is named by finding, hop, metric and ``mailpath check``'s first line, and all are gone when it has gone."""
    lab.maillog.rotate()
    trouble.do(lab)
    daemon.until(lambda: trouble.finding in told(daemon), within=SOON)
    daemon.until(lambda: daemon.hop() == (trouble.hop or daemon.hop()), within=SOON)
    if trouble.metric is not None:
        name, labels, value = trouble.metric
        edges = {} if name == "config_drift" else {"edge": "pfsense"}
        assert list(daemon.samples(name, **edges, **labels).values()) == [value]
    said = first_line(lab).result(stretched(60))
    assert names_trouble(said, trouble), said
    lab.heal()
    lab.haproxy.prepare()
    bridge.ensure()
    daemon.until(lambda: sound(daemon), within=SOON)


def test_the_second_haproxy_dies_alone(lab: Lab, daemon: Daemon, bridge: Bridge) -> None:
    """Nobody asks it by a socket; that it has gone is seen where it listened."""
    bridge.stop()
    daemon.until(lambda: daemon.hop() == "frontend", within=SOON)
    daemon.until(lambda: ("critical", "bridge:993", "frontend_unbound") in told(daemon), within=SOON)
    assert set(daemon.values("frontend_listening", "port", edge="bridge").values()) == {0.0}
    assert set(daemon.values("frontend_listening", "port", edge="pfsense").values()) == {1.0}
    assert lab.haproxy.running
    bridge.start()
    daemon.until(lambda: sound(daemon), within=SOON)


def test_what_cannot_be_seen_is_absent(lab: Lab, daemon: Daemon) -> None:
    """Without SSH nothing is known of ports and redirects, and nothing is claimed."""
    lab.sshd.stop()
    daemon.until(lambda: daemon.hop() == "monitor", within=SOON)
    daemon.until(lambda: not daemon.samples("nat_redirect_ok") | daemon.samples("frontend_listening"), within=SOON)
    lab.sshd.start()
    daemon.until(lambda: sound(daemon), within=20)
