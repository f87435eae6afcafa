"""``mailpath check`` against the real servers: all green soon, and of each fault its name first and its exit status."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from monitor.daemon.check import DEADLINE
from tests.lab.haproxy import Settings
from tests.lab.lab import Lab
from tests.lab.network import EDGE
from tests.lab.pf import OLD_ALIAS
from tests.lab.rewriting import rewrite
from tests.waiting import eventually

ALWAYS_WITHIN = DEADLINE + 20
"""Its own deadline, and what a busy machine takes to start it and to end it."""
PICTURE = Path(__file__).with_name("picture.txt")
JUST_STARTED = re.compile(r"^  - info     pfsense: haproxy_restarted\n(?: {13}.*\n)+", re.MULTILINE)
OK, WARNING, CRITICAL, UNKNOWN = range(4)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Give a laboratory of its own, whose HAProxy is as mailpath wants it."""
    with Lab(settings=Settings(legacy_pool=False, check_interval=500)) as own:
        yield own


class Check(NamedTuple):
    """What a run of the command gave, and how many seconds it took."""

    status: int
    said: str
    errors: str
    took: float

    @property
    def headline(self) -> str:
        """The first line, which is all that a plugin's caller may show."""
        return self.said.partition("\n")[0]


def run(lab: Lab, file: Path, *flags: str) -> Check:
    """Run the command on the client's host, as a person would."""
    began = time.monotonic()
    done = subprocess.run(
        [*lab.command_prefix(), sys.executable, "-m", "monitor", "check", f"--config.file={file}", *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Check(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


@pytest.fixture(scope="module")
def shipped(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the shipped configuration."""
    file = tmp_path_factory.mktemp("shipped") / "mailpath.yml"
    file.write_text(lab.configuration())
    return file


@pytest.fixture(scope="module")
def green(lab: Lab, shipped: Path) -> Check:
    """Check a sound path by the shipped configuration; postscreen knows all our addresses from then on."""
    return run(lab, shipped)


@pytest.fixture
def file(lab: Lab, green: Check, tmp_path: Path) -> Path:
    """Write a configuration whose silences are found sooner than the shipped one's."""
    assert green.status == OK, green.said
    document: Any = yaml.safe_load(lab.configuration())
    document["paths"][0] |= {"handshakes": {"timeout": "3s"}, "front_door": {"timeout": "3s"}}
    file = tmp_path / "quick.yml"
    file.write_text(yaml.safe_dump(document))
    return file


def test_all_green(green: Check) -> None:
    """Everything is known and told before the deadline, postscreen's wait included."""
    assert (green.status, green.errors) == (OK, "")
    assert green.took < DEADLINE
    assert green.headline == "OK: home: Every hop is healthy."
    for part in ("NAT", "Edge", "Frontends", "Backends", "Nodes", "Listeners", "Client IP", "none"):
        assert part in green.said
    assert "\x1b" not in green.said


def test_picture_is_the_same_on_every_release(green: Check) -> None:
    """What a sound path looks like does not depend on whose servers those are; but they have only just been started."""
    assert JUST_STARTED.sub("", green.said).rstrip() == PICTURE.read_text().rstrip()


def test_json(lab: Lab, shipped: Path, green: Check) -> None:
    """The same as a document, which is that of the status API and the exit status."""
    check = run(lab, shipped, "--path=home", "--output=json")
    document = json.loads(check.said)
    assert (check.status, document["exit_status"]) == (green.status, green.status)
    (path,) = document["paths"]
    assert {each["verdict"] for each in (*path["checks"], *path["handshakes"])} == {"ok"}
    assert all(each["ok"] and each["passed"] for each in path["edges"][0]["host"]["redirects"])


def _node_silent(lab: Lab) -> None:
    lab.nodes["k8s-node2"].blackhole()
    # until HAProxy has noticed, clients fail, and that would be critical
    eventually(lambda: lab.haproxy.servers()["mailserver_nodes_imaps_ipvANY", "k8s-node2"]["srv_op_state"] == "0")


@pytest.mark.parametrize(
    ("do", "status", "first"),
    [
        (lambda lab: lab.pf.redirect(25, OLD_ALIAS), CRITICAL, "CRITICAL: home: nat: "),
        (lambda lab: lab.haproxy.stop(), CRITICAL, "CRITICAL: home: haproxy: "),
        (lambda lab: lab.sshd.stop(), WARNING, "WARNING: home: monitor: "),
        (_node_silent, WARNING, "WARNING: home: node: "),
        (lambda lab: lab.listener(5587).refuse(), CRITICAL, "CRITICAL: home: listener: "),
        (lambda lab: rewrite(lab.nodeports, 30128, EDGE), CRITICAL, "CRITICAL: home: client_ip: "),
        (lambda lab: lab.haproxy.configure(timeout=30_000), WARNING, "WARNING: home: pfsense/mailserver_nodes_"),
    ],
    ids=["nat", "haproxy", "ssh", "node", "listener", "client_ip", "timeouts"],
)
def test_faults(lab: Lab, file: Path, do: Callable[[Lab], None], status: int, first: str) -> None:
    """The first result counts: each is named in the first line, with the exit status that it deserves."""
    do(lab)
    check = run(lab, file)
    assert check.headline.startswith(first), check.said
    assert (check.status, check.errors) == (status, "")
    assert check.took < ALWAYS_WITHIN


def test_a_faulty_configuration_is_unknown(lab: Lab, tmp_path: Path) -> None:
    """Where other commands say 2, a plugin would be taken for critical."""
    file = tmp_path / "faulty.yml"
    file.write_text("paths: []\n")
    check = run(lab, file)
    assert check.status == UNKNOWN
    assert check.said.startswith("UNKNOWN: ")
    assert "faulty.yml:1" in check.errors
