"""The edge's SSH, as its operator uses it."""

from tests.lab.haproxy import POOLS
from tests.lab.helpers import ssh
from tests.lab.lab import Lab
from tests.lab.network import NODES


def test_haproxy_tells_its_state_over_ssh(lab: Lab) -> None:
    """The runbook's own command works for pfSense's admin, and every server is up."""
    state = ssh(lab, "echo 'show servers state' | socat UNIX-CONNECT:/tmp/haproxy.socket stdio").stdout.splitlines()
    assert state[0] == "1"
    servers = [line.split() for line in state[2:] if line]
    pools = {f"{pool}_ipvANY" for pool in [*POOLS, "mailserver_nodes"]}
    assert {(server[1], server[3], server[5]) for server in servers} == {
        (pool, node, "2") for pool in pools for node in NODES
    }


def test_programs_of_freebsd_can_be_stood_in_for(lab: Lab) -> None:
    """What is installed on the edge comes first in the PATH of an SSH session."""
    lab.sshd.install("sockstat", "#!/bin/sh\necho www haproxy *:25\n")
    assert ssh(lab, "sockstat -l | grep haproxy").stdout == "www haproxy *:25\n"


def test_sshd_refuses_a_forgotten_key_and_shows_another_host_key(lab: Lab) -> None:
    """Both faults of SSH are told apart by the client, and healing takes both back."""
    lab.sshd.forget_client_key()
    assert "Permission denied (publickey)" in ssh(lab, "true").stderr
    lab.sshd.change_host_key()
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ssh(lab, "true").stderr
    lab.heal()
    assert ssh(lab, "id -un").stdout == "root\n"
