"""An edge that answers from a folder's files, or from programs, asked by the probes and judged as a whole.

A folder has what an edge answers: ``haproxy`` (the stats socket's whole answer), ``haproxy.cfg``, ``sockstat``,
``pfctl-sn``, ``pfctl-sr``, ``ls``. A folder ``bin`` has stand-ins of the programs themselves.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from monitor.core.errors import LinkError
from monitor.core.model import MailProtocol, Node, Service
from monitor.core.observations import Span
from monitor.core.status import PathStatus
from monitor.core.taxonomy import Reason
from monitor.links.ssh import SshLink
from monitor.links.ssh_settings import SshSettings
from monitor.probes import edge, haproxy
from monitor.verdict.path_book import PathBook
from monitor.verdict.plan import EdgePlan, HostPlan
from tests import kinds
from tests.verdict.build import all_well, plan, seen

DATA = Path(__file__).parent / "data" / "edge"
ADDRESS = "127.77.20.1"
NODES = (Node("k8s-node1", "127.77.20.101"), Node("k8s-node2", "127.77.20.102"))
SERVICES = (
    Service("smtps", MailProtocol.SMTPS, 465, 30126, 4465, 30146, 465, "mailserver_nodes_smtps"),
    Service("submission", MailProtocol.SUBMISSION, 587, 30127, 5587, 30147, 587, "mailserver_nodes_sub"),
)
SOCKET = "/tmp/haproxy.socket"  # noqa: S108 - pfSense's own place
PORTS = (465, 587)
SPAN = Span(started=1.0, finished=1.1, at=1_000_001.0)
FILES = {
    edge.SOCKSTAT: "sockstat",
    edge.NAT: "pfctl-sn",
    edge.RULES: "pfctl-sr",
    edge.CONFIGURATION: "haproxy.cfg",
    edge.STATS_SOCKET: "ls",
}
HAPROXY = "haproxy"

OF_EDGE = edge.EdgeSettings("home", "pfsense", ADDRESS, PORTS, PORTS, SOCKET, timeout=10.0)
OF_HAPROXY = haproxy.HaproxySettings("home", "pfsense", SOCKET, timeout=10.0)
HOST = HostPlan(60.0, 10.0, frozenset(PORTS), frozenset(), frozenset(PORTS), SOCKET)

Answers = Mapping[str, bytes | LinkError]


def answers(folder: str = "tcp-check-port") -> dict[str, bytes]:
    """What the files of a folder answer, by the probes' names for the questions, and ``haproxy``."""
    named = {**FILES, HAPROXY: "haproxy"}
    return {name: (DATA / folder / file).read_bytes() for name, file in named.items()}


def run(folder: str, directory: Path) -> dict[str, bytes | LinkError]:
    """What a folder's programs answer in a login shell that runs only the first word of a command."""
    given = {**edge.commands(OF_EDGE), HAPROXY: haproxy.command(SOCKET)}
    (directory / "some-file").touch()
    return {name: _run(command, DATA / folder / "bin", directory) for name, command in given.items()}


def status(given: Answers) -> PathStatus:
    """The status of a path on which all else is well, after one round of each probe with these answers."""
    watched = EdgePlan("pfsense", ADDRESS, interval=10.0, timeout=10.0, asks_haproxy=True, host=HOST)
    book = all_well(PathBook(replace(plan(NODES, SERVICES, (watched,)), maillog_source=None)), now=1.0)
    link = SshLink(SshSettings("192.0.2.1", "admin", Path("none"), Path("none")))
    book.record(haproxy.Haproxy(OF_HAPROXY, link).judge(given[HAPROXY], SPAN))
    of_edge = {name: answer for name, answer in given.items() if name in FILES}
    book.record(edge.Edge(OF_EDGE, link).judge(of_edge, SPAN))
    for target in book.plan.targets:
        if target.target.probe is kinds.FRONT_DOOR:
            book.record(seen(target.target, now=1.2))
    return book.status(1.2, 1_000_001.2)


def found(given: Answers) -> set[tuple[str, str, str]]:
    """What is found of an edge but that its HAProxy is young: severity, subject and kind."""
    findings = status(given).findings
    return {(each.severity, each.subject, each.kind) for each in findings if each.kind != "haproxy_restarted"}


def _run(command: str, programs: Path, directory: Path) -> bytes | LinkError:
    shell = ["/bin/sh", "-c", "/bin/sh -c $1; exit", "login", command]
    path = {"PATH": f"{programs}:/usr/bin:/bin"}
    done = subprocess.run(shell, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=path, cwd=directory)
    if done.returncode:
        return LinkError(Reason.COMMAND_FAILED, f"exit status {done.returncode}: {done.stderr.decode()}")
    return done.stdout
