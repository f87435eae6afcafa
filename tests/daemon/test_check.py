"""One round of everything, in this process, on a path of closed loopback ports."""

import time
from pathlib import Path

import pytest

from monitor.config.load import load
from monitor.config.settings import PathSettings
from monitor.core.errors import ConfigError
from monitor.core.verdicts import Hop, Verdict
from monitor.daemon.check import DEADLINE, check_once, once

TEMPLATE = """
paths:
  - name: home
    nodes: {static: [{name: a, address: 127.0.0.1}]}
    tls: {server_name: mail.example.org%s}
    edges: [{address: 127.0.0.1, frontend_ports: [9], optional_ports: []}]
    maillog: {%s}
    kubernetes: {lease: {}}
    services: {smtp: {frontend_port: 9, node_port: 30999, check_node_port: 30998}}
"""


def _path(directory: Path, source: str = "stdin: {}", tls: str = "") -> PathSettings:
    file = directory / "mailpath.yml"
    file.write_text(TEMPLATE % (tls, source))
    return load(str(file), check_files=False).paths[0]


def test_everything_comes_once_and_counts_at_once(tmp_path: Path) -> None:
    """Intervals lie beyond the deadline; there is no election, and no log on standard input."""
    path = once(_path(tmp_path))
    for each in (path.checks, path.handshakes, path.front_door):
        assert (each.rise, each.fall) == (1, 1)
        assert each.interval > 60
    assert {edge.interval for edge in path.edges} == {edge.slow_interval for edge in path.edges} == {3600.0}
    assert path.maillog is None
    assert path.kubernetes is not None
    assert (path.kubernetes.lease, path.kubernetes.listeners) == (None, "connect")
    inside = once(_path(tmp_path), "exec").kubernetes
    assert inside is not None
    assert inside.listeners == "exec"
    assert once(_path(tmp_path, "file: {path: /nowhere}")).maillog is not None


def test_a_dead_path_is_known_soon(tmp_path: Path) -> None:
    """As soon as the last first round has ended it is told; nothing is waited for that cannot come."""
    began = time.monotonic()
    text = (TEMPLATE % ("", f"file: {{path: {tmp_path}/mail.log}}")).replace("    kubernetes: {lease: {}}\n", "")
    (tmp_path / "mailpath.yml").write_text(text)
    statuses, bugs = check_once(load(str(tmp_path / "mailpath.yml"), check_files=False).paths)
    assert time.monotonic() - began < DEADLINE
    assert bugs == ()
    [status] = statuses
    assert {each.verdict for each in status.handshakes} == {Verdict.LISTENER_DOWN}
    assert status.diagnosis.hop is Hop.EDGE or status.diagnosis.hop is Hop.FRONTEND
    assert status.maillog is not None
    assert status.maillog.up is False


def test_roots_that_cannot_be_read(tmp_path: Path) -> None:
    """That is a fault of the configuration."""
    with pytest.raises(ConfigError, match="ca_file"):
        check_once([_path(tmp_path, tls=", ca_file: /nowhere/ca.pem")])
