"""What several tests of the laboratory do: connect under a claimed address, ask every node, call the edge by SSH."""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.lab.certificates import SERVER_NAME
from tests.lab.dialogue import Dialogue, proxy_header
from tests.lab.lab import Lab
from tests.lab.network import EDGE, NODES, POD
from tests.lab.sshd import USER
from tests.patience import stretched

GREETING = f"220 {SERVER_NAME} ESMTP"
FRONTEND_PORTS = {30125: 25, 30126: 465, 30127: 587, 30128: 993}
BLINK = 0.3
"""Seconds after which a port that has not answered is taken for silent."""


def open_node_port(lab: Lab, node: str, node_port: int, client: str, timeout: float = 20) -> Dialogue:
    """Connect to a data NodePort and claim to be that client."""
    connection = lab.connect(NODES[node], node_port)
    header = proxy_header(client, connection.getsockname()[1], EDGE, FRONTEND_PORTS[node_port])
    return Dialogue(connection, header, timeout)


def each_node(probe: Callable[[str], object]) -> None:
    """Run a probe against all nodes at once."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(probe, NODES))


def claimed(node: str, service: int) -> str:
    """Give the documentation address under which a node's service is probed here."""
    return f"192.0.2.{16 * service + list(NODES).index(node) + 1}"


def greet(lab: Lab) -> None:
    """Leave two lines in the mail log."""
    with Dialogue(lab.connect(POD, 587)) as dialogue:
        assert dialogue.reply() == GREETING
        dialogue.say("QUIT")


def ssh(lab: Lab, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the edge as its operator would."""
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityFile": str(lab.sshd.key_file),
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(lab.sshd.known_hosts_file),
    }
    flags = [flag for name, value in options.items() for flag in ("-o", f"{name}={value}")]
    return subprocess.run(
        [*lab.command_prefix("client"), "ssh", "-F", "none", *flags, f"{USER}@{EDGE}", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=stretched(20),
        check=False,
    )
