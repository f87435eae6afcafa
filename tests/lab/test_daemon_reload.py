"""Reloading: a bad configuration changes nothing that runs, a good one no more than it says."""

import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.lab.daemon import Daemon
from tests.lab.lab import Lab
from tests.lab.network import NODES
from tests.lab.pace import PATIENT
from tests.lab.postfix import CACHED, UNCACHED

pytestmark = pytest.mark.parametrize("lab", [CACHED, UNCACHED], indirect=True)

GONE = "k8s-node4"
GONE_LABEL = f'node="{GONE}"'
A_WHILE = 3.0
"""Seconds: more than one round of every probe."""


@pytest.fixture
def daemon(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Give a daemon that knows everything."""
    with Daemon(lab, tmp_path_factory.mktemp("daemon"), PATIENT.configuration(lab), "--web.enable-lifecycle") as daemon:
        daemon.until_sound()
        yield daemon


def test_a_bad_configuration_is_told_in_full_and_changes_nothing(lab: Lab, daemon: Daemon) -> None:
    """Every fault comes back with its place, by HTTP and by signal, and the probes go on as before."""
    before, probes = daemon.view(), daemon.total("probes_total")
    good = daemon.file.read_text()
    bad = good.replace("timeout: 1000ms", "timeout: soon").replace("server_name:", "servername:")
    answer = daemon.reload(bad)
    assert answer.status == 500
    assert "paths[0].checks.timeout" in answer.body
    assert "paths[0].tls" in answer.body
    assert all(line.startswith(f"{daemon.file}:") for line in answer.body.splitlines())
    assert daemon.total("config_last_reload_successful") == 0

    daemon.process.send_signal(signal.SIGHUP)
    daemon.until(lambda: len(daemon.events("config.reload_failed")) == 2, within=20)
    assert daemon.events("config.reload_failed")[1]["faults"] == answer.body.splitlines()
    daemon.until(lambda: daemon.total("probes_total") > probes + 40, within=20)
    assert daemon.view() == before
    assert "timeout: 1s" in lab.http_get("/config").body

    daemon.file.write_text(good)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until(lambda: daemon.total("config_last_reload_successful") == 1, within=20)


def test_a_good_configuration_keeps_what_did_not_change(daemon: Daemon) -> None:
    """States, their beginnings, counters and connections go on without a gap."""
    before, since, probes = daemon.view(), beginnings(daemon), daemon.samples("probes_total")
    document = yaml.safe_load(daemon.file.read_text())
    document["paths"][0]["handshakes"]["slow_after"] = "7s"
    assert daemon.reload(yaml.safe_dump(document)).status == 200
    until = time.monotonic() + A_WHILE
    while time.monotonic() < until:
        assert daemon.view() == before
    assert beginnings(daemon) == since
    after = daemon.samples("probes_total")
    assert after.keys() == probes.keys()
    assert all(after[key] >= count for key, count in probes.items())
    assert daemon.events("verdict.changed") == daemon.events("haproxy.unreachable") == []


def test_a_nodes_series_come_and_go_with_it(lab: Lab, daemon: Daemon) -> None:
    """Taking a node away takes all its series and no other, and it comes back as a new one."""
    before, all_series = daemon.view(), series(lab)
    whole = daemon.file.read_text()
    document = yaml.safe_load(whole)
    document["paths"][0]["nodes"]["static"] = [{"name": n, "address": a} for n, a in NODES.items() if n != GONE]
    assert daemon.reload(yaml.safe_dump(document)).status == 200
    daemon.until(lambda: daemon.view() == {k: v for k, v in before.items() if GONE not in k}, within=20)
    after = series(lab)
    assert not any(GONE_LABEL in name for name in after)
    assert all(GONE_LABEL in name for name in all_series - after)

    assert daemon.reload(whole).status == 200
    daemon.until(lambda: daemon.view() == before, within=40)
    daemon.until(lambda: series(lab) >= all_series, within=30)


def beginnings(daemon: Daemon) -> dict[str, Any]:
    """Give since when each handshake has had its verdict."""
    (path,) = daemon.json("/api/v1/status")["paths"]
    return {f"{status['node']} {status['service']}": status["since"] for status in path["handshakes"]}


def series(lab: Lab) -> set[str]:
    """Give the names and labels of all series, but for those that chance decides."""
    names = re.findall(r"^(mailpath_\S+) ", lab.http_get("/metrics").body, re.MULTILINE)
    by_chance = ("mailpath_maillog_last_connection", "mailpath_tls_version_info")
    return {name for name in names if not name.startswith(by_chance)}
