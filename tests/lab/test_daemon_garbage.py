"""Whatever the other side says, the daemon lives, does not grow, and says precisely why it did not get through."""

import ssl
from contextlib import ExitStack
from pathlib import Path

from tests.lab import hostile
from tests.lab.certificates import SERVER_NAME
from tests.lab.daemon import Daemon
from tests.lab.hostile import HostileServer, Hostility
from tests.lab.lab import Lab
from tests.lab.network import NODES
from tests.lab.pace import PATIENT, QUICK, Pace

NODE_PORTS = {"smtp": 30125, "smtps": 30126, "submission": 30127, "imaps": 30128}
Place = tuple[str, str]

HOSTILITIES: dict[Place, tuple[Hostility, str]] = {
    ("k8s-node1", "smtp"): (hostile.random_bytes, "greeting malformed"),
    ("k8s-node1", "smtps"): (hostile.random_bytes, "tls_handshake tls_error"),
    ("k8s-node1", "submission"): (hostile.endless_line, "greeting too_large"),
    ("k8s-node1", "imaps"): (hostile.endless_imap_greeting, "greeting too_large"),
    ("k8s-node2", "smtp"): (hostile.a_byte_a_second, "greeting timeout"),
    ("k8s-node2", "smtps"): (hostile.silence, "tls_handshake timeout"),
    ("k8s-node2", "submission"): (hostile.endless_reply, "greeting too_large"),
    ("k8s-node2", "imaps"): (hostile.reset_at_once, "tls_handshake reset"),
    ("k8s-node3", "smtp"): (hostile.reset_after_ehlo, "ehlo reset"),
    ("k8s-node3", "smtps"): (hostile.endless_line, "tls_handshake tls_plaintext"),
    ("k8s-node3", "submission"): (hostile.reset_after_starttls, "starttls reset"),
    ("k8s-node3", "imaps"): (hostile.endless_reply, "tls_handshake tls_plaintext"),
    ("k8s-node4", "submission"): (hostile.reset_in_tls, "tls_handshake reset"),
}


def test_garbage_has_its_precise_reason_and_costs_nothing(lab: Lab, tmp_path: Path) -> None:
    """Nearly every target speaks nonsense, each in its own way; the others stay well, no exception, no growth."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(lab.authority.issue(SERVER_NAME))
    context.load_cert_chain(chain)
    with ExitStack() as stack:
        daemon = stack.enter_context(Daemon(lab, tmp_path, PATIENT.configuration(lab), "--web.enable-lifecycle"))
        daemon.until_sound()
        assert daemon.reload(QUICK.configuration(lab)).status == 200
        expected: dict[Place, str] = {}
        for (node, service), (hostility, reason) in HOSTILITIES.items():
            tls = context if hostility is hostile.endless_imap_greeting else None
            server = stack.enter_context(HostileServer(lab.pod, hostility, tls))
            lab.nodeport(node, NODE_PORTS[service]).rewire(server.port)
            expected[node, service] = reason
        daemon.until(lambda: failed(daemon, 2) >= expected.keys(), within=QUICK.certain_after + 10)
        before = daemon.memory()
        daemon.until(lambda: failed(daemon, 4) >= expected.keys(), within=20)
        assert daemon.memory() - before < 4
        assert {place: set(found) for place, found in failures(daemon).items()} == {
            place: {reason} for place, reason in expected.items()
        }
        well = {key for key, state in daemon.view().items() if state in {"up", "ok"}}
        assert well >= {f"handshake {node} {service}" for node in NODES for service in NODE_PORTS} - {
            f"handshake {node} {service}" for node, service in expected
        }
        assert well >= {f"check {node} {service}" for node in NODES for service in ("smtp", "smtps", "submission")}
        assert daemon.total("probe_bugs_total") == 0


def test_a_wrong_key_and_a_wrong_host_key_are_told_apart(lab: Lab, tmp_path: Path) -> None:
    """The edge is down, with its reason in the log, and since only a person can help there is no second attempt."""
    with Daemon(lab, tmp_path, PATIENT.configuration(lab), "--web.enable-lifecycle") as daemon:
        daemon.until_sound()
        for number, (fault, reason) in enumerate(
            ((lab.sshd.forget_client_key, "auth_failed"), (lab.sshd.change_host_key, "host_key_mismatch")), 1
        ):
            fault()
            # Another timeout is another connection, and tries at once.
            assert daemon.reload(Pace(timeout=PATIENT.timeout + number).configuration(lab)).status == 200
            daemon.until(lambda: daemon.view()["edge"] == "down", within=20)
            assert daemon.events("haproxy.unreachable")[-1]["reason"] == reason
            assert daemon.hop() == "monitor"
            lab.heal()
            assert daemon.reload(PATIENT.configuration(lab)).status == 200
            daemon.until_sound()


def failures(daemon: Daemon) -> dict[Place, dict[str, float]]:
    """Give how often each handshake has failed, by phase and reason."""
    found: dict[Place, dict[str, float]] = {}
    for key, count in daemon.samples("probe_failures_total", probe="handshake").items():
        labels = dict(key)
        found.setdefault((labels["node"], labels["service"]), {})[f"{labels['phase']} {labels['reason']}"] = count
    return found


def failed(daemon: Daemon, times: int) -> set[Place]:
    """Give the handshakes that have failed so often."""
    return {place for place, reasons in failures(daemon).items() if sum(reasons.values()) >= times}
