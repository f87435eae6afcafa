"""The daemon as it is shipped, against the real servers: all is well, is known soon, and costs little."""

import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.lab.certificates import SERVER_NAME
from tests.lab.daemon import SOUND, Daemon
from tests.lab.dialogue import Dialogue
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.network import EDGE, NODES, OUTSIDE
from tests.lab.pace import Pace

LISTENERS = {25: "2525", 465: "4465", 587: "5587", 993: "10993"}
INTERNAL = NODES["k8s-node4"]
"""A client of the house, and not our own host."""
ALL_KNOWN = 60.0
"""Seconds until everything is known on any machine: first rounds start within two, postscreen waits for six."""
LIBRARIES = ("aiohttp.web", "asyncssh", "msgspec", "prometheus_client", "structlog", "uvloop", "yaml")
"""What a daemon with an edge imports at its start."""
GREET_WAIT = 6.0
"""Postscreen counts in whole seconds, so that a client may find it up to one shorter."""


@pytest.fixture(scope="module")
def uncached() -> Iterator[Lab]:
    """Give a laboratory whose postscreens know nobody again."""
    with Lab(postscreen_cache=False) as lab:
        yield lab


@pytest.mark.parametrize("laboratory", ["lab", "uncached"])
def test_the_shipped_configuration_finds_a_sound_path(
    laboratory: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every target and every server of HAProxy is up, the layers agree, and every client is told by its origin."""
    lab: Lab = request.getfixturevalue(laboratory)
    with Daemon(lab, tmp_path, lab.configuration()) as daemon:
        daemon.until(lambda: daemon.view() == SOUND, within=ALL_KNOWN)
        assert daemon.total("haproxy_server_state", state="RUNNING") == 16
        assert daemon.total("handshake_up") == 16
        assert daemon.total("front_door_up") == 4
        assert daemon.json("/healthz")["status"] == "pass"
        assert daemon.status_of("/healthz") == 200

        for port, listener in LISTENERS.items():
            daemon.until(at_least(5, daemon, listener, "probe"), within=20)
            for origin, host, source in (("external", lab.client, OUTSIDE), ("internal", lab.cluster, INTERNAL)):
                before = connections(daemon, listener, origin)
                call(lab, host, source, port)
                daemon.until(at_least(before + 1, daemon, listener, origin), within=20)
            assert connections(daemon, listener, "edge") == 0
        assert daemon.view() == SOUND
        assert daemon.total("self_inflicted_problems_total") == 0
        assert daemon.memory() < 80


def test_postscreens_greet_wait_is_a_success_with_its_true_timing(uncached: Lab, tmp_path: Path) -> None:
    """Without a cache every contact waits six seconds, and none of them is failed, slow or hidden.

    Postfix's timers count whole seconds of the clock (``event_request_timer``): six of them are five to seven.
    """
    with Daemon(uncached, tmp_path, Pace(timeout=20).configuration(uncached)) as daemon:
        for probe, targets in (("handshake", 4), ("front_door", 1)):
            labels = {"probe": probe, "service": "smtp"}
            daemon.until(successes(2 * targets, daemon, **labels), within=20)
            assert daemon.total("probes_total", result="failure", **labels) == 0
            greetings = daemon.total("probe_duration_seconds_count", phase="greeting", **labels)
            waited = daemon.total("probe_duration_seconds_sum", phase="greeting", **labels)
            assert GREET_WAIT - 1 < waited / greetings < 2 * GREET_WAIT
        assert daemon.view() == SOUND
        assert daemon.events("verdict.changed") == []


def test_the_start_imports_its_libraries_and_little_else(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No package that the configuration does not need, and fewer modules of its own than the libraries have."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    of_libraries = imported(bare_start().stderr)
    with Daemon(lab, tmp_path, lab.configuration()) as daemon:
        of_daemon = imported(daemon.log_file.read_text())
    assert packages(of_libraries) <= packages(of_daemon)
    assert packages(of_daemon) - packages(of_libraries) - sys.stdlib_module_names == {"monitor"}
    assert len(of_daemon) < 2 * len(of_libraries)


def test_the_start_costs_little_more_than_its_libraries(lab: Lab, tmp_path: Path) -> None:
    """From Python's own start until the daemon is ready, beside a bare Python that imports the libraries and ends.

    The processor's time of the one to that of the other, for their seconds are the machine's (``bench`` measures them,
    group ``daemon``). It is 1.9 to 2.6, on an idle machine and on one with three times the work it can do.
    """

    def cost() -> float:
        bare = float(bare_start().stdout)
        with Daemon(lab, tmp_path, lab.configuration()) as daemon:
            return daemon.processor_time() / bare

    assert any(cost() < 4.5 for _ in range(5))


def test_without_an_edge_ssh_costs_nothing(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not configured is not imported, and does not take memory."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    document = yaml.safe_load(lab.configuration())
    del document["paths"][0]["edges"]
    with Daemon(lab, tmp_path, yaml.safe_dump(document)) as daemon:
        daemon.until(lambda: daemon.hop() == "none" and "unknown" not in daemon.view().values(), within=ALL_KNOWN)
        assert [key for key in daemon.view() if key.startswith(("agreement", "front_door", "edge", "haproxy"))] == []
        names = packages(imported(daemon.log_file.read_text()))
        assert "aiohttp" in names
        assert names.isdisjoint({"asyncssh", "kubernetes_asyncio"})
        assert daemon.memory() < 60


def test_sigterm_ends_it_soon_though_postscreen_keeps_it_waiting(uncached: Lab, tmp_path: Path) -> None:
    """Handshakes in flight, to which nothing is said any more, do not hold the end up until their timeout of 20 s."""
    mark = uncached.maillog.mark()
    with Daemon(uncached, tmp_path, uncached.configuration()) as daemon:
        uncached.maillog.wait_for(r"postscreen\[\d+\]: CONNECT from \[192\.0\.2\.", mark)
        uncached.postfix.freeze()
        try:
            daemon.process.terminate()
            assert daemon.process.wait(15) == 0
        finally:
            uncached.postfix.thaw()
        assert len(daemon.events("daemon.stopping")) == 1
        assert daemon.events("probe.bug") == []


def test_sigkill_leaves_nothing_behind(lab: Lab, tmp_path: Path) -> None:
    """No process, no file beside its configuration and log, and the port is free for the next one."""
    for _ in range(2):
        with Daemon(lab, tmp_path, lab.configuration()) as daemon:
            daemon.kill()
        assert not daemon.status_of("/livez")
    assert {file.name for file in tmp_path.iterdir()} == {"mailpath.yml", "mailpath.log"}


def bare_start() -> "subprocess.CompletedProcess[str]":
    """Run a Python that imports the libraries that a daemon with an edge needs, and prints what that cost it."""
    program = f"import time, {', '.join(LIBRARIES)}; print(time.process_time())"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)


def imported(profile: str) -> set[str]:
    """Give the modules that Python's import profile names, those that were tried in vain included."""
    return set(re.findall(r"^import time:.*\| +([\w.]+)$", profile, re.MULTILINE))


def packages(modules: set[str]) -> set[str]:
    """Give the first words of modules' names."""
    return {module.partition(".")[0] for module in modules}


def connections(daemon: Daemon, listener: str, origin: str) -> float:
    """Give the number of connections that were seen of this origin."""
    return daemon.total("maillog_connections_total", listener=listener, origin=origin)


def at_least(number: float, daemon: Daemon, listener: str, origin: str) -> Callable[[], bool]:
    """Ask whether so many connections of this origin have been seen."""
    return lambda: connections(daemon, listener, origin) >= number


def successes(number: int, daemon: Daemon, **labels: str) -> Callable[[], bool]:
    """Ask whether so many probes have succeeded."""
    return lambda: daemon.total("probes_total", result="success", **labels) >= number


def call(lab: Lab, host: Host, source: str, port: int) -> None:
    """Be a client of the front door who has a look and leaves."""
    with Dialogue(host.connect(EDGE, port, source=source)) as dialogue:
        if port in {465, 993}:
            dialogue.tls(ssl.create_default_context(cafile=str(lab.ca_file)), SERVER_NAME)
        assert dialogue.line()
