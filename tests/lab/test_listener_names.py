"""PROXY listeners that log under names of their own, by real servers: given, learned from us, or said to be unknown."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.daemon import Daemon
from tests.lab.dialogue import Dialogue
from tests.lab.lab import Lab
from tests.lab.network import EDGE, OUTSIDE

RENAMED = "haproxy"
"""With ``syslog_name=haproxy`` a listener logs as ``haproxy/smtpd``, as mailcow's do."""


@pytest.fixture
def renamed(lab: Lab) -> Lab:
    """Give the shared laboratory, whose submission listener for HAProxy logs under another name."""
    lab.postfix.configure_service("5587/inet", syslog_name=RENAMED)
    return lab


@pytest.fixture
def run(renamed: Lab, tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Run a daemon by this laboratory's configuration, changed as given; it ends with the test."""
    running: list[Daemon] = []

    def start(**changes: object) -> Daemon:
        daemon = Daemon(renamed, tmp_path, renamed.configuration(**changes))
        running.append(daemon.__enter__())
        return daemon

    yield start
    for daemon in running:
        daemon.__exit__(None, None, None)


def client(lab: Lab) -> None:
    """Be a client of the internet who submits nothing."""
    with Dialogue(lab.connect(EDGE, 587, source=OUTSIDE)) as dialogue:
        dialogue.reply()
        dialogue.say("QUIT")


def clients(daemon: Daemon) -> float:
    """Count the outside clients of the submission listener."""
    return daemon.total("maillog_connections_total", listener="5587", origin="external")


def unknown_names(daemon: Daemon) -> list[str]:
    """Give the names of which is said that their listener is not known."""
    (path,) = daemon.json("/api/v1/status")["paths"]
    return [finding["message"] for finding in path["findings"] if finding["kind"] == "listener_name_unknown"]


def test_given_name_counts_from_the_first_client_on(renamed: Lab, run: Callable[..., Daemon]) -> None:
    """``services.submission.syslog_name`` says it: with no handshake of ours the client is counted at its listener."""
    services = {"submission": {"syslog_name": RENAMED}}
    daemon = run(services=services, handshakes={"interval": "1h"}, edges=[])
    daemon.until_sound()
    before = clients(daemon)
    client(renamed)
    daemon.until(lambda: clients(daemon) == before + 1, within=20)
    assert unknown_names(daemon) == []


def test_name_is_learned_from_our_own_handshakes(renamed: Lab, run: Callable[..., Daemon]) -> None:
    """Nothing is given; the log shows the address of our own header under that name, and clients are counted by it."""
    daemon = run()
    daemon.until_sound()
    proven = {"service": "submission", "evidence": "log"}
    daemon.until(lambda: list(daemon.samples("client_ip_recovered", **proven).values()) == [1.0] * 5, within=30)
    before = clients(daemon)
    client(renamed)
    daemon.until(lambda: clients(daemon) == before + 1, within=20)
    assert unknown_names(daemon) == []


def test_name_that_nobody_explains_is_told(renamed: Lab, run: Callable[..., Daemon]) -> None:
    """Before a handshake has shown whose a new name is, its clients are counted at no listener, and that is said."""
    daemon = run(handshakes={"interval": "1h"}, front_door={"interval": "1h"})
    daemon.until_sound()
    before = clients(daemon)
    renamed.postfix.configure_service("5587/inet", syslog_name="behind")
    client(renamed)
    daemon.until(lambda: unknown_names(daemon) != [], within=30)
    assert all("behind/smtpd" in message for message in unknown_names(daemon))
    assert clients(daemon) == before
