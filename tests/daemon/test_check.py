"""Everything once on a path of closed loopback ports, and one probe by hand on the embedded path."""

import asyncio
import time
from pathlib import Path

import pytest

from monitor.config.load import load, parse
from monitor.config.settings import PathSettings
from monitor.core.errors import ConfigError
from monitor.core.verdicts import Hop, Verdict
from monitor.daemon.check import DEADLINE, check_once, once, probe_once
from monitor.demo import postscreen
from monitor.demo.configuration import mailpath_yml
from monitor.demo.faults import plan
from monitor.demo.mail_path import open_mail_path

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


def _no_bug(name: str, error: BaseException) -> None:
    pytest.fail(f"{name}: {error!r}")


@pytest.mark.parametrize(
    ("fault", "where", "told"),
    [
        (None, ("k8s-node2", "submission"), (0, "ok", "reply: proven, seen as 192.0.2.")),
        (None, ("k8s-node2", "smtp"), (0, "ok", "this service does not say whom it sees")),
        (None, ("pfsense", "imaps"), (0, "ok", "this service does not say whom it sees")),
        ("snat-address", ("k8s-node2", "submission"), (1, "client_ip_lost", "reply: seen as 127.0.")),
        ("port-closed", ("k8s-node2", "submission"), (1, "port_closed", "reply: unproven, not tried yet")),
    ],
)
async def test_a_handshake_by_hand(
    fault: str | None,
    where: tuple[str, str],
    told: tuple[int, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the server's replies tell, a lost client IP is no success."""
    code, verdict, client = told
    monkeypatch.setattr(postscreen, "GREET_WAIT", 0.05)
    path = await open_mail_path(tmp_path, _no_bug)
    try:
        for struck, _ in plan([fault] if fault else []):
            struck.strike(path)
        (watched,) = parse(mailpath_yml(path).encode(), "mailpath.yml").paths
        ended, text = await asyncio.to_thread(probe_once, watched, *where)
    finally:
        await path.close()
    lines = text.splitlines()
    assert (ended, lines[1]) == (code, f"verdict: {verdict}")
    assert lines[2].startswith(f"client IP: {client}")


def test_a_node_that_is_none_is_told_with_those_there_are() -> None:
    """Names of nodes and services, to choose from."""
    text = (
        b"paths: [{name: home, nodes: {static: [{name: a, address: 192.0.2.1}]}, tls: {server_name: mail.example.org}}]"
    )
    (watched,) = parse(text, "mailpath.yml").paths
    with pytest.raises(ConfigError, match="b smtp: path home has nodes and edges a; services smtp, smtps"):
        probe_once(watched, "b", "smtp")
