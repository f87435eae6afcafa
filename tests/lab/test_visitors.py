"""Who came, as the servers of each release log it: clients by origin, lost clients, checks, and ourselves."""

import ssl
from collections.abc import Callable, Iterator

import pytest

from monitor.config.addresses import client_addresses
from monitor.config.load import load
from tests.lab.certificates import SERVER_NAME
from tests.lab.daemon import Daemon
from tests.lab.dialogue import Dialogue
from tests.lab.dovecot import PASSWORD, USER
from tests.lab.haproxy import Settings
from tests.lab.helpers import open_node_port
from tests.lab.lab import Lab
from tests.lab.network import EDGE, NODES, OUTSIDE, POD

CONNECTIONS = "maillog_connections_total"
PROBLEMS = "maillog_problems_total"
OURS = "self_inflicted_problems_total"
NODE = "k8s-node1"
SEVERAL = 5
KUBELET = NODES["k8s-node2"]
"""The node on which the kubelet of the pod lives."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a laboratory of its own: no pool's checks speak PROXY to a PROXY port, which is trouble and no noise."""
    with Lab(settings=Settings(legacy_pool=False)) as own:
        yield own


@pytest.fixture(scope="module")
def daemon(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Follow the log of a sound path whose own handshakes are done: what comes now is the tests' own."""
    slow = {"interval": "1h", "negative_interval": "1h", "client_rate_limit": None}
    configuration = lab.configuration(handshakes=slow, front_door={"interval": "1h"})
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), configuration) as running:
        running.until_sound()
        yield running


def grows(daemon: Daemon, metric: str, by: float, **labels: str) -> Callable[[], bool]:
    """Remember a counter as it is now; tell later whether it has grown by so much, and fail where it is more."""
    before = daemon.total(metric, **labels)

    def grown() -> bool:
        now = daemon.total(metric, **labels) - before
        assert now <= by, f"{metric} {labels} has grown by {now}"
        return now == by

    return grown


@pytest.mark.parametrize(("source", "origin"), [(OUTSIDE, "external"), ("", "probe")])
def test_a_login_through_the_edge_is_counted_by_its_origin(
    lab: Lab, daemon: Daemon, trust: ssl.SSLContext, source: str, origin: str
) -> None:
    """A mail program logs in by IMAPS through HAProxy: one connection at the PROXY listener, of where it came from.

    The client's host is where our own front doors come from: what has its address is taken for one of them.
    """
    counted = grows(daemon, CONNECTIONS, 1, listener="10993", origin=origin)
    with Dialogue(lab.connect(EDGE, 993, source=source)) as dialogue:
        dialogue.tls(trust, SERVER_NAME)
        dialogue.line()
        assert list(dialogue.imap(f"LOGIN {USER} {PASSWORD}"))[-1].startswith("a OK")
        list(dialogue.imap("LOGOUT"))
    daemon.until(counted, within=20)


def test_a_client_that_is_lost_is_counted(lab: Lab, daemon: Daemon, trust: ssl.SSLContext) -> None:
    """One leaves Postfix in the middle of a dialogue, one Dovecot without a login: two lost connections, not ours."""
    lost = grows(daemon, PROBLEMS, 2, problem="lost_connection")
    ours = grows(daemon, OURS, 0)
    submission = grows(daemon, CONNECTIONS, 1, listener="5587", origin="external")
    with Dialogue(lab.connect(EDGE, 587, source=OUTSIDE)) as dialogue:
        dialogue.reply()
        dialogue.say("EHLO client.example.net")
    with Dialogue(lab.connect(EDGE, 993, source=OUTSIDE)) as dialogue:
        dialogue.tls(trust, SERVER_NAME)
        dialogue.line()
    daemon.until(lost, within=20)
    daemon.until(submission, within=20)
    assert ours()


@pytest.mark.parametrize(("service", "node_port"), [("submission", 30127), ("imaps", 30128)])
def test_what_our_own_handshakes_leave_in_the_log_is_our_own_fault(
    lab: Lab, daemon: Daemon, trust: ssl.SSLContext, service: str, node_port: int
) -> None:
    """A handshake under a probe's address that hangs up in the middle: a lost connection, and a self-inflicted one."""
    problems = grows(daemon, PROBLEMS, 1, problem="lost_connection")
    ours = grows(daemon, OURS, 1, problem="lost_connection")
    (path,) = load(daemon.file, check_files=False).paths
    with open_node_port(lab, NODE, node_port, client_addresses(path)[NODE, service]) as dialogue:
        if service == "imaps":
            dialogue.tls(trust, SERVER_NAME)
            dialogue.line()
        else:
            dialogue.reply()
            dialogue.say("EHLO probe.example.net")
    daemon.until(ours, within=20)
    daemon.until(problems, within=20)


def test_haproxys_checks_are_noise(lab: Lab, daemon: Daemon) -> None:
    """HAProxy opens the stock ports and leaves: its lines are ``edge_check_noise``, no lost client of anybody's."""
    lost = grows(daemon, PROBLEMS, 0, problem="lost_connection")
    ours = grows(daemon, OURS, 0)
    clients = grows(daemon, CONNECTIONS, 0, origin="external")
    before = daemon.total(PROBLEMS, problem="edge_check_noise")
    lab.haproxy.restart()
    daemon.until(lambda: daemon.total(PROBLEMS, problem="edge_check_noise") >= before + SEVERAL, within=30)
    assert lost()
    assert ours()
    assert clients()


@pytest.mark.parametrize("port", [25, 993])
def test_the_kubelets_probes_are_told_from_haproxys_checks(lab: Lab, daemon: Daemon, port: int) -> None:
    """It opens a stock port from the pod's own node and closes in order, again and again: ``kubelet_probe``."""
    lab.haproxy.freeze()
    before = daemon.total(PROBLEMS, problem="kubelet_probe")
    lost = grows(daemon, PROBLEMS, 0, problem="lost_connection")
    for _ in range(3 * SEVERAL):
        lab.cluster.connect(POD, port, source=KUBELET).close()
    daemon.until(lambda: daemon.total(PROBLEMS, problem="kubelet_probe") >= before + SEVERAL, within=30)
    assert lost()
