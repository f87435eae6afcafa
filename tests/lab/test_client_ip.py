"""Client IP proof against the real servers: every handshake and front door proven, and what breaks that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.daemon import Daemon
from tests.lab.lab import Lab
from tests.lab.network import EDGE
from tests.lab.postfix import CACHED, UNCACHED
from tests.lab.rewriting import rewrite

pytestmark = pytest.mark.parametrize("lab", [CACHED, UNCACHED], indirect=True)

QUICK = {
    "handshakes": {"interval": "6s", "fast_interval": "3s", "reply_interval": "18s", "client_rate_limit": None},
    "front_door": {"interval": "6s", "fast_interval": "3s"},
}


@pytest.fixture
def daemon(lab: Lab, tmp_path: Path) -> Iterator[Daemon]:
    """Run mailpath with short intervals."""
    with Daemon(lab, tmp_path, lab.configuration(**QUICK)) as running:
        yield running


def targets(daemon: Daemon) -> list[dict[str, Any]]:
    """Give every handshake and front door of ``/api/v1/status``."""
    (path,) = daemon.json("/api/v1/status")["paths"]
    return [*path["handshakes"], *(door for edge in path["edges"] for door in edge["front_doors"])]


def results(daemon: Daemon, evidence: str) -> list[str]:
    """Give the results of one kind of evidence."""
    return [proof["result"] for each in targets(daemon) for proof in each["proofs"] if proof["evidence"] == evidence]


def verdicts(daemon: Daemon, service: str) -> set[str]:
    """Give the verdicts of a service, of its handshakes and front door."""
    return {each["verdict"] for each in targets(daemon) if each["service"] == service}


def findings(daemon: Daemon, kind: str) -> set[str]:
    """Give the subjects of one kind of finding."""
    (path,) = daemon.json("/api/v1/status")["paths"]
    return {finding["subject"] for finding in path["findings"] if finding["kind"] == kind}


def test_every_handshake_and_front_door_is_proven(lab: Lab, daemon: Daemon) -> None:
    """The log proves 16 handshakes and 4 front doors, replies prove 465 and 587 on 4 nodes; nothing is our fault."""
    mark = lab.maillog.mark()
    daemon.until(lambda: results(daemon, "log") == ["proven"] * 20, within=30)
    daemon.until(lambda: results(daemon, "reply") == ["proven"] * 8, within=30)
    assert list(daemon.samples("client_ip_recovered").values()) == [1.0] * 28
    assert daemon.total("self_inflicted_problems_total") == 0
    assert daemon.hop() == "none"
    rejects = [line for line in lab.maillog.since(mark) if "NOQUEUE: reject" in line]
    assert all("to=<canary-" in line and ".svc.cluster.local[" not in line for line in rejects)


def test_swapped_nodeports_come_out_at_the_wrong_listeners(lab: Lab, daemon: Daemon) -> None:
    """Both handshakes work, and the log names the wrong listener: two findings, hop nodeport; set right, it clears."""
    daemon.until(lambda: results(daemon, "log") == ["proven"] * 20, within=30)
    lab.nodeport("k8s-node1", 30125).swap(30127)
    daemon.until(lambda: daemon.hop() == "nodeport", within=20)
    daemon.until(lambda: findings(daemon, "wrong_listener") == {"k8s-node1:30125", "k8s-node1:30127"}, within=20)
    assert {each["verdict"] for each in targets(daemon)} == {"ok"}
    lab.heal()
    daemon.until(lambda: daemon.hop() == "none", within=20)


def test_a_cut_log_leaves_the_verdicts_and_takes_the_proof(lab: Lab, daemon: Daemon) -> None:
    """No line comes while mail flows: ok, unproven, hop maillog."""
    daemon.until(lambda: results(daemon, "log") == ["proven"] * 20, within=30)
    lab.maillog.cut()
    daemon.until(lambda: daemon.hop() == "maillog", within=40)
    daemon.until(lambda: set(results(daemon, "log")) == {"unproven"}, within=20)
    assert {each["verdict"] for each in targets(daemon)} == {"ok"}
    assert set(results(daemon, "reply")) == {"proven"}


def test_a_family_that_is_off_is_a_finding(lab: Lab, daemon: Daemon) -> None:
    """With ``inet_protocols = ipv4`` Postfix refuses an IPv6 client, Dovecot does not; no verdict changes."""
    lab.postfix.configure(inet_protocols="ipv4")
    daemon.until(lambda: findings(daemon, "ipv6_header_refused") == {"smtp", "smtps", "submission"}, within=40)
    daemon.until(
        lambda: daemon.total("probes_total", probe="ipv6_header", service="imaps", result="success") > 0, within=40
    )
    assert {each["verdict"] for each in targets(daemon)} == {"ok"}


@pytest.mark.parametrize(("service", "node_port"), [("smtp", 30125), ("submission", 30127), ("imaps", 30128)])
def test_a_rewritten_header_is_a_lost_client_ip(lab: Lab, daemon: Daemon, service: str, node_port: int) -> None:
    """Every dialogue works, and the server takes all of us for the edge: client_ip_lost, hop client_ip; it clears."""
    daemon.until(lambda: results(daemon, "log") == ["proven"] * 20, within=30)
    rewrite(lab.nodeports, node_port, EDGE)
    daemon.until(lambda: daemon.hop() == "client_ip", within=40)
    daemon.until(lambda: verdicts(daemon, service) == {"client_ip_lost"}, within=40)
    assert verdicts(daemon, "smtps") == {"ok"}
    assert 0.0 in daemon.samples("client_ip_recovered", service=service, evidence="log").values()
    assert set(daemon.values("handshake_up", "node", service=service).values()) == {1.0}
    lab.heal()
    daemon.until(lambda: daemon.hop() == "none", within=30)
    assert verdicts(daemon, service) == {"ok"}
