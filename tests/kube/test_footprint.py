"""What a daemon that watches a cluster costs: as a process of its own, with a real API server."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kube.cluster import Cluster, free_ports
from tests.kube.mail_server import install
from tests.kube.objects import node
from tests.waiting import eventually

CONFIG = """
paths:
  - name: home
    nodes: {{kubernetes: {{}}}}
    tls: {{server_name: mail.example.org}}
    kubernetes: {{kubeconfig: {kubeconfig}}}
    maillog: {{kubernetes: {{selector: app=mailserver}}}}
    edges: [{{name: pfsense, address: 127.0.1.9, ssh: {{host: 127.0.1.9, key_file: {key}, known_hosts_file: {hosts}}}}}]
"""


@pytest.fixture
def daemon(cluster: Cluster, tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Run one on everything that can be configured; give its process id and its address."""
    install(cluster.admin)
    for number in range(1, 5):
        cluster.admin.create(node(f"k8s-node{number}", f"127.0.1.{number}"))
    key, hosts, file = tmp_path / "key", tmp_path / "known_hosts", tmp_path / "mailpath.yml"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    hosts.write_text(f"127.0.1.9 {key.with_suffix('.pub').read_text()}")
    file.write_text(CONFIG.format(kubeconfig=cluster.kubeconfig, key=key, hosts=hosts))
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "monitor", "run", f"--config.file={file}"]
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield running.pid, f"http://127.0.0.1:{port}/metrics"
    finally:
        running.kill()
        running.wait()


def test_memory_with_kubernetes_and_an_edge(daemon: tuple[int, str]) -> None:
    """With a cluster, its mail log and an edge it stays below 125 MiB."""
    process, address = daemon
    eventually(lambda: 'mailpath_kubernetes_up{path="home"} 1.0' in _metrics(address), 60.0, every=0.2)
    status = Path(f"/proc/{process}/status").read_text()
    assert int(status.partition("VmRSS:")[2].split()[0]) / 1024 < 125


def _metrics(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own http
            return str(answer.read().decode())
    except OSError:
        return ""
