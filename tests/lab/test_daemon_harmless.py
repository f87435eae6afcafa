"""The monitor does not cause what it looks for: a thousand probes leave no line that anybody would have to explain."""

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.links.record import RESUMED
from tests.lab.conftest import LabFactory
from tests.lab.daemon import Daemon
from tests.lab.lab import Lab
from tests.lab.network import CLIENT, NODES
from tests.lab.pace import PATIENT, Pace
from tests.lab.postfix import CACHED, UNCACHED

SWIFT = Pace(check=0.25, dialogue=0.5, fast=0.5, timeout=8, edge=1)
DIALOGUES, CHECKS = 500, 500
HOUR = 3_600_000
"""In milliseconds, as HAProxy counts."""
TROUBLE = re.compile(
    r"getpeername|Servname|throttling|PREGREET|HANGUP|COMMAND (?:PIPELIN|COUNT|LENGTH|TIME)|pipelining|lost connection|"
    r"timeout|too many|rate limit|haproxy|SSL_accept|non-SMTP|warning|error|fatal|panic",
    re.IGNORECASE,
)
OURS = re.compile(rf"[\[=](192\.0\.2\.\d+|{re.escape(CLIENT)})\b")
"""The client addresses that we claim, and the one under which our front doors are seen."""
NODE = re.compile(rf"[\[=]({'|'.join(map(re.escape, NODES.values()))})\b")
"""Healthcheck NodePorts show their client under the node's address; data ports show it to HAProxy's checks alone."""
DIALOGUE_TARGETS = 4 * len(NODES) + 4
"""Four services on each node, and at the front door."""
GREET_WAIT = 6.0
"""Seconds that postscreen lets a newcomer wait (``postscreen_greet_wait``)."""
CONNECT = re.compile(r"smtpd-proxy25/postscreen\[\d+\]: CONNECT from \[192\.0\.2\.")
PROXY_LISTENERS = re.compile(r"smtpd-proxy|getpeername| imap-login: ")


@pytest.mark.parametrize("lab", [CACHED, UNCACHED], indirect=True)
def test_a_thousand_probes_leave_no_self_inflicted_line(lab: Lab, tmp_path: Path) -> None:
    """Dialogues leave what an orderly client leaves, silent checks nothing at all, and the daemon's own count is 0."""
    with Daemon(lab, tmp_path, PATIENT.configuration(lab), "--web.enable-lifecycle") as daemon:
        daemon.until_sound()
        # On a busy machine postscreen may be quick enough to see who HAProxy's checks were: what is left is ours.
        lab.haproxy.configure(check_interval=HOUR)
        mark = lab.maillog.mark()
        assert daemon.reload(SWIFT.configuration(lab)).status == 200

        def probes(*kinds: str) -> float:
            return sum(daemon.total("probes_total", probe=kind) for kind in kinds)

        daemon.until(lambda: probes("handshake", "front_door") > DIALOGUES and probes("check") > CHECKS, within=40)
        assert daemon.total("probes_total", result="failure") == 0
        assert daemon.total("self_inflicted_problems_total") == 0
        ours = [line for line in lab.maillog.since(mark) if OURS.search(line)]
        assert len(ours) > DIALOGUES
        assert [line for line in ours if TROUBLE.search(line)] == []
        others = [line for line in lab.maillog.since(mark) if NODE.search(line)]
        assert [line for line in others if not PROXY_LISTENERS.search(line)] == []
        transcripts = [probed(lab, node, service) for node in NODES for service in ("smtps", "submission")]
        assert RESUMED in "".join(transcripts), "Postfix has resumed no session"


def probed(lab: Lab, node: str, service: str) -> str:
    """Give the transcript of a handshake now."""
    answer = lab.http_get(f"/probe?path=home&node={node}&service={service}&debug=true")
    assert answer.status == 200
    return answer.body


@pytest.mark.parametrize("fault", [Lab.expire_certificate, Lab.misname_certificate, Lab.distrust_certificate])
def test_a_certificate_that_is_not_valid_leaves_no_line_of_ours(
    lab: Lab, tmp_path: Path, fault: Callable[[Lab], None]
) -> None:
    """Nobody is sent an alert, neither after STARTTLS nor in wrapper mode nor by Dovecot; all of them are told of."""
    with Daemon(lab, tmp_path, PATIENT.configuration(lab), "--web.enable-lifecycle") as daemon:
        daemon.until_sound()
        assert daemon.reload(SWIFT.configuration(lab)).status == 200
        mark = lab.maillog.mark()
        fault(lab)
        daemon.until(lambda: daemon.hop() == "tls" and invalid(daemon) == DIALOGUE_TARGETS, within=20)
        lab.heal()
        daemon.until_sound()
        assert daemon.total("self_inflicted_problems_total") == 0
    ours = [line for line in lab.maillog.since(mark) if OURS.search(line)]
    assert len(ours) > DIALOGUE_TARGETS
    assert [line for line in ours if TROUBLE.search(line)] == []


def invalid(daemon: Daemon) -> int:
    """Count the handshakes and front doors that find fault with TLS."""
    return sum(state == "tls_invalid" for state in daemon.view().values())


def test_it_ends_in_order_in_the_midst_of_handshakes(lab_factory: LabFactory, tmp_path: Path) -> None:
    """SIGTERM while newcomers wait for postscreen's greeting: who has less than four seconds to wait says QUIT first.

    Without a cache every contact waits six seconds, and one that leaves before is logged as ``HANGUP``.
    """
    lab = lab_factory(postscreen_cache=False)
    mark = lab.maillog.mark()
    with Daemon(lab, tmp_path, PATIENT.configuration(lab), "--web.enable-lifecycle") as daemon:
        daemon.until(lambda: len(CONNECT.findall("\n".join(lab.maillog.since(mark)))) == len(NODES), within=20)
        connected = time.monotonic()
        daemon.until(lambda: time.monotonic() - connected > GREET_WAIT / 2, within=GREET_WAIT)
        ending = lab.maillog.mark()
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(20) == 0
        assert "Traceback" not in daemon.log_file.read_text()
    lines = lab.maillog.since(mark)
    ours = [line for line in lines if OURS.search(line)]
    assert [line for line in ours if TROUBLE.search(line)] == []
    # It has waited for them.
    assert greeted(lines) == greeted(lab.maillog.since(ending)) == len(NODES)


def greeted(lines: list[str]) -> int:
    """Count the newcomers of ours whom postscreen has let pass."""
    return sum("smtpd-proxy25/postscreen" in line and "PASS NEW [192.0.2." in line for line in lines)
