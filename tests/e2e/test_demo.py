"""``mailpath demo`` as a newcomer meets it: started, asked over HTTP, broken, ended by Ctrl-C."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.demo.faults import FAULTS
from tests.e2e.demo import Demo, Series, demo_running
from tests.patience import stretched

NODES, SERVICES = 4, 4
# fall x max(interval, timeout) + timeout of the demo's mailpath.yml, in seconds
WITHIN = 2 * 2.0 + 1.5
# what a busy machine may add to that, and to the first round of every target
SLACK = 20.0
# until a fault strikes on a path that has to be seen sound before
STRIKES = 16


def _count(series: Series, name: str, *labels: str) -> int:
    """Count the series of a metric that carry all these labels."""
    found = (each for each in series if each.startswith(f"{name}{{"))
    return sum(all(re.search(rf"[{{,]{re.escape(label)}[,}}]", each) for label in labels) for each in found)


def _sum(series: Series, name: str, label: str) -> float:
    return sum(value for each, value in series.items() if each.startswith(f"{name}{{") and label in each)


def _handshakes(series: Series, verdict: str, *labels: str) -> int:
    return _count(series, "mailpath_verdict", f'verdict="{verdict}"', *labels)


def _health(demo: Demo) -> tuple[int, str]:
    status, body = demo.get("/healthz")
    return status, json.loads(body)["status"]


def _sound(demo: Demo, series: Series) -> bool:
    return (
        _handshakes(series, "ok") == NODES * SERVICES
        and _count(series, "mailpath_check_up") == NODES * (SERVICES - 1)
        and _count(series, "mailpath_front_door_up") == SERVICES
        and _count(series, "mailpath_haproxy_server_state", 'state="RUNNING"') == NODES * SERVICES
        and _count(series, "mailpath_lb_agreement", 'state="agree"') == NODES * SERVICES
        and _health(demo) == (200, "pass")
    )


def _node_down(demo: Demo, series: Series) -> bool:
    dead = _handshakes(series, "node_unreachable", 'node="k8s-node2"')
    return dead == _handshakes(series, "node_unreachable") == SERVICES and _health(demo) == (200, "warn")


def _proxy_off(demo: Demo, series: Series) -> bool:
    refused = _handshakes(series, "header_not_consumed"), _handshakes(series, "header_rejected", 'service="imaps"')
    return refused == (NODES * (SERVICES - 1), NODES) and _health(demo) == (503, "fail")


def _port_closed(demo: Demo, series: Series) -> bool:
    closed = _handshakes(series, "port_closed", 'node="k8s-node2"', 'service="submission"')
    unseen = _count(series, "mailpath_lb_agreement", 'state="lb_up_path_down"')
    return closed == unseen == 1 and _health(demo) == (200, "warn")


def _haproxy_pool_down(demo: Demo, series: Series) -> bool:
    door = _count(series, "mailpath_front_door_verdict", 'service="submission"', 'verdict="no_greeting"')
    taken_out = _count(series, "mailpath_lb_agreement", 'state="lb_down_path_up"', 'service="submission"')
    return (door, taken_out) == (1, NODES) and _health(demo) == (503, "fail")


def _snat_address(_demo: Demo, series: Series) -> bool:
    connections = "mailpath_maillog_connections_total"
    # where the edge itself is on loopback, as here, its address is that too
    lost = _sum(series, connections, 'origin="edge"') + _sum(series, connections, 'origin="loopback"')
    return lost > NODES * SERVICES and not _sum(series, connections, 'origin="external"')


def _log_stalled(_demo: Demo, series: Series) -> bool:
    flowing = _sum(series, "mailpath_probes_total", 'probe="handshake"') > NODES * SERVICES
    return flowing and not _sum(series, "mailpath_maillog_lines_total", "")


def _ssh_down(demo: Demo, series: Series) -> bool:
    blind = not _count(series, "mailpath_edge_up") and _count(series, "mailpath_diagnosis", 'hop="monitor"')
    return bool(blind) and _count(series, "mailpath_handshake_up") > 0 and _health(demo) == (200, "warn")


def _certificate_expired(demo: Demo, series: Series) -> bool:
    return _handshakes(series, "tls_invalid") == NODES * SERVICES and _health(demo) == (503, "fail")


def _slow_greeting(_demo: Demo, series: Series) -> bool:
    slow = _handshakes(series, "slow")
    return slow == _count(series, "mailpath_handshake_up") == NODES * SERVICES


SHOWN = {
    "node-down": _node_down,
    "proxy-off": _proxy_off,
    "port-closed": _port_closed,
    "haproxy-pool-down": _haproxy_pool_down,
    "snat-address": _snat_address,
    "log-stalled": _log_stalled,
    "ssh-down": _ssh_down,
    "certificate-expired": _certificate_expired,
    "slow-greeting": _slow_greeting,
}


def test_every_fault_is_tested() -> None:
    """A new fault needs to be told from all others."""
    assert list(SHOWN) == [fault.name for fault in FAULTS]


@pytest.mark.parametrize("name", SHOWN)
def test_a_fault_changes_what_the_daemon_says(name: str, tmp_path: Path) -> None:
    """Within fall x max(interval, timeout) + timeout, in metrics and in health where mail is concerned."""
    with demo_running(tmp_path, "--fault", name) as demo:
        demo.until(SHOWN[name], WITHIN + SLACK)


def test_the_sound_path_is_sound_until_a_fault_strikes(tmp_path: Path) -> None:
    """All is up, outside clients are seen as such, nothing in the log is a problem; then a fault shows in time."""
    with demo_running(tmp_path, "--fault", f"port-closed@{stretched(STRIKES):.0f}s") as demo:
        demo.until(_sound, STRIKES)
        series = demo.metrics()
        assert _sum(series, "mailpath_maillog_connections_total", 'origin="external"') > 0
        assert _sum(series, "mailpath_maillog_connections_total", 'origin="probe"') > 0
        assert not _count(series, "mailpath_maillog_problems_total")
        assert not _count(series, "mailpath_probe_bugs_total")
        demo.until(_port_closed, STRIKES + WITHIN + SLACK)


def test_two_demos_live_side_by_side(tmp_path: Path) -> None:
    """The second one finds addresses and ports of its own."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with demo_running(first) as one, demo_running(second) as two:
        one.until(_sound, WITHIN + SLACK)
        two.until(_sound, WITHIN + SLACK)


def test_at_a_terminal_it_tells_where_to_look(tmp_path: Path) -> None:
    """A person sees the addresses and how to break it; Ctrl-C is the terminal's own."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "monitor", "demo", "--web.listen-address", "127.0.0.1:0", "--fault", "ssh-down@1h"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    try:
        seen = b""
        while b"end it" not in seen:
            seen += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # EIO: the terminal's other end is closed
            while more := os.read(ours, 4096):
                seen += more
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert re.search(rb"status page +http://127\.0\.0\.1:\d+/\r\n", seen)
    assert b"ssh-down, in 3600 s: The edge's sshd refuses connections" in seen
    assert b"Traceback" not in seen
    assert list(tmp_path.iterdir()) == []
