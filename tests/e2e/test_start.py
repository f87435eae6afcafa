"""The daemon starts whatever is missing: it is up, answers, and says what it cannot see."""

from pathlib import Path

import asyncssh

from tests.alerts.servers import free_port
from tests.e2e.life import life

CONFIGURATION = """
paths:
  - name: home
    nodes: {static: [{name: k8s-node1, address: 127.0.0.1}]}
    tls: {server_name: mail.example.org}
    edges:
      - name: pfsense
        address: 127.0.0.1
        ssh: {port: PORT, user: admin, key_file: DIRECTORY/key, known_hosts_file: DIRECTORY/known_hosts, timeout: 2s}
    kubernetes: {kubeconfig: DIRECTORY/kubeconfig}
    maillog: {file: {path: DIRECTORY/nowhere/mail.log}}
"""
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: gone
contexts: [{name: gone, context: {cluster: gone, user: nobody}}]
clusters: [{name: gone, cluster: {server: "http://127.0.0.1:PORT"}}]
users: [{name: nobody, user: {token: none}}]
"""


def test_it_starts_while_everything_else_is_missing(tmp_path: Path) -> None:
    """No edge, no API server, no log file, no node, no state: alive, ready, and each of them named."""
    port = str(free_port())
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(tmp_path / "key"))
    (tmp_path / "key").chmod(0o600)
    host_key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.replace("PORT", port))
    text = CONFIGURATION.replace("DIRECTORY", str(tmp_path)).replace("PORT", port)
    with life(tmp_path, "--state.file", str(tmp_path / "state.json"), text=text) as daemon:
        assert daemon.get("/livez") == "ok\n"
        daemon.until(lambda: daemon.get("/readyz") == "ok\n")
        for source in ("edge", "kubernetes", "maillog"):
            daemon.until(lambda source=source: daemon.value(f"mailpath_{source}_up") == 0)  # type: ignore[misc]
        expected = {"edge.unreadable", "haproxy.unreachable", "kubernetes.unreachable", "maillog.stalled"}
        daemon.until(lambda: expected <= daemon.events.keys())
        assert {"state.absent", "verdict.changed"} <= daemon.events.keys()
        assert daemon.get("/livez") == "ok\n"
        assert daemon.value("mailpath_probe_bugs_total") == 0
