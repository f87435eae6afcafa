"""HAProxy's view of a server: what an administrator wants of it, and whether its state means anything."""

from dataclasses import replace

import pytest

from monitor.core.haproxy import AdminMode, AdminState, HaproxyServer, ServerState, same_backend

SERVER = HaproxyServer("smtp", "k8s-node1", "10.0.20.101", ServerState.RUNNING, AdminState(0), 1, 120, 6, 3, 4, 6)
DRAINS = {AdminState.FDRAIN, AdminState.IDRAIN}


def test_no_bit_is_ready() -> None:
    """A server that no one has taken out."""
    assert AdminState(0).mode is AdminMode.READY


@pytest.mark.parametrize("bit", list(AdminState))
def test_each_bit_is_drain_maintenance_or_neither(bit: AdminState) -> None:
    """HAProxy's ``SRV_ADMF_DRAIN`` (0x18) and ``SRV_ADMF_MAINT`` (0x23), include/haproxy/server-t.h.

    The bits for "disabled in the file" and "other host name" outlast what set them, on servers that take clients.
    """
    maintenance = AdminMode.MAINT if bit & 0x23 else AdminMode.READY
    assert bit.mode is (AdminMode.DRAIN if bit in DRAINS else maintenance)


@pytest.mark.parametrize("drain", sorted(DRAINS))
def test_maintenance_outweighs_drain(drain: AdminState) -> None:
    """A server in both takes no connection, not even a sticky one."""
    assert (drain | AdminState.FMAINT).mode is AdminMode.MAINT
    assert (drain | AdminState.CMAINT).mode is AdminMode.DRAIN


@pytest.mark.parametrize(("status", "checked"), [(0, False), (1, False), (2, True), (6, True)])
def test_a_server_was_checked_once_its_check_has_a_result(status: int, *, checked: bool) -> None:
    """0 is unknown, 1 is INI: until then RUNNING is HAProxy's assumption."""
    assert replace(SERVER, check_status=status).ever_checked is checked


@pytest.mark.parametrize(
    ("state", "enabled"), [(0x00, False), (0x02, False), (0x04, True), (0x06, True), (0x0E, False)]
)
def test_checks_run_where_they_are_enabled_and_not_paused(state: int, *, enabled: bool) -> None:
    """Bits 2 and 3 of ``check_state``; bit 1 says only that checks are configured."""
    assert replace(SERVER, check_state=state).checks_enabled is enabled


@pytest.mark.parametrize(
    ("one", "other", "matches"),
    [
        ("mailserver_nodes_smtp", "mailserver_nodes_smtp", True),
        ("mailserver_nodes_smtp", "mailserver_nodes_smtp_ipvANY", True),
        ("mailserver_nodes_smtp", "mailserver_nodes_smtp_ipv4", True),
        ("mailserver_nodes_smtp_ipv6", "mailserver_nodes_smtp", True),
        ("mailserver_nodes_smtp", "mailserver_nodes_smtps_ipvANY", False),
        ("mailserver_nodes_smtp_ipv4", "mailserver_nodes_smtp_ipv6", False),
        ("mailserver_nodes", "mailserver_nodes_smtp", False),
    ],
)
def test_backend_names(one: str, other: str, matches: bool) -> None:  # noqa: FBT001 - a table's column
    """The suffix of pfSense may be there or not, and makes no other backend out of one."""
    assert same_backend(one, other) is matches


@pytest.mark.parametrize(
    ("state", "admin", "weight", "takes", "taken_out"),
    [
        (ServerState.RUNNING, AdminState(0), 1, True, False),
        (ServerState.STARTING, AdminState(0), 1, True, False),
        (ServerState.STOPPING, AdminState(0), 1, False, False),
        (ServerState.STOPPED, AdminState(0), 1, False, False),
        (ServerState.RUNNING, AdminState.FDRAIN, 1, False, True),
        (ServerState.RUNNING, AdminState.CMAINT, 1, True, False),
        (ServerState.RUNNING, AdminState(0), 0, False, True),
    ],
)
def test_who_takes_clients(state: ServerState, admin: AdminState, weight: int, *, takes: bool, taken_out: bool) -> None:
    """A server that is up and that no administrator has taken out, be it by its weight."""
    server = replace(SERVER, state=state, admin=admin, weight=weight)
    assert (server.takes_clients, server.taken_out) == (takes, taken_out)
