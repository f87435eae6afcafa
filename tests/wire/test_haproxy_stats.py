"""``show servers state``: by column name, across versions, and from a peer that says anything."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.haproxy import AdminMode, AdminState, HaproxyServer, ServerState
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_stats import parse_servers_state, without_free_slots

DATA = Path(__file__).parent / "data" / "haproxy"

COLUMNS_1_8 = (
    "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port"
)
ROW_1_8 = "3 pool 1 k8s-node1 10.0.20.101 2 0 10 10 141 6 3 4 6 0 0 0 - 30125"


def captured(name: str) -> tuple[HaproxyServer, ...]:
    """Read a captured answer."""
    rows = parse_servers_state((DATA / f"{name}.servers_state.txt").read_bytes())
    assert rows.dropped is None
    return rows.read


def node(name: str, number: int) -> HaproxyServer:
    """Give a node of the first backend in a captured answer."""
    return captured(name)[number - 1]


def test_steady() -> None:
    """A healthy path has all its servers, each with every value in its place."""
    servers = captured("02-steady")
    assert len(servers) == 16
    assert {server.state for server in servers} == {ServerState.RUNNING}
    assert servers[0] == HaproxyServer(
        backend="mailserver_nodes_smtp_ipvANY",
        name="k8s-node1",
        address="127.0.20.101",
        state=ServerState.RUNNING,
        admin=AdminState(0),
        weight=10,
        since_change=8,
        check_status=6,
        check_result=3,
        check_health=4,
        check_state=6,
        port=30125,
        check_port=30145,
        check_address=None,
    )


def test_states_and_modes() -> None:
    """What HAProxy knows of a server, and what an administrator wants of it, are two things."""
    assert node("04-node2-down-rst", 2).state is ServerState.STOPPED
    maint, drain = node("07-node1-maint", 1), node("08-node1-drain", 1)
    assert (maint.state, maint.admin, maint.admin.mode) == (ServerState.STOPPED, AdminState.FMAINT, AdminMode.MAINT)
    assert (drain.state, drain.admin, drain.admin.mode) == (ServerState.RUNNING, AdminState.FDRAIN, AdminMode.DRAIN)
    assert node("02-steady", 1).admin.mode is AdminMode.READY
    assert node("12-node1-weight0", 1).weight == 0


def test_checks() -> None:
    """Whether checks run, and by which port, is told apart."""
    assert node("02-steady", 1).checks_enabled
    assert not node("10-node1-health-disabled", 1).checks_enabled
    assert node("historic-failure", 1).check_port == 0
    assert {server.ever_checked for server in captured("01-just-started")} == {True, False}


@pytest.mark.parametrize(
    ("bits", "mode"),
    [
        (0x00, AdminMode.READY),
        (0x01, AdminMode.MAINT),
        (0x02, AdminMode.MAINT),
        (0x04, AdminMode.READY),
        (0x05, AdminMode.MAINT),
        (0x08, AdminMode.DRAIN),
        (0x10, AdminMode.DRAIN),
        (0x20, AdminMode.MAINT),
        (0x40, AdminMode.READY),
        (0x60, AdminMode.MAINT),
        (0x48, AdminMode.DRAIN),
        (0x09, AdminMode.MAINT),
    ],
)
def test_admin_modes(bits: int, mode: AdminMode) -> None:
    """HAProxy's own masks: maintenance outweighs drain, and two bits are neither, and outlast what set them."""
    assert AdminState(bits).mode is mode


def test_older_and_newer_columns() -> None:
    """Columns are found by name: 1.8 has fewer, a newer version may have more and in another order."""
    [old] = parse_servers_state(f"1\n# {COLUMNS_1_8}\n{ROW_1_8}\n").read
    assert (old.port, old.check_port, old.check_address) == (30125, None, None)
    columns = " ".join(["srv_new", *reversed(COLUMNS_1_8.split())])
    row = " ".join(reversed(ROW_1_8.split()))
    [new] = parse_servers_state(f"1\n# {columns} srv_check_addr\nx {row} 10.0.0.9\n\n").read
    assert (new.check_address, new.name, new.since_change) == ("10.0.0.9", old.name, 141)


def test_no_server() -> None:
    """A HAProxy without servers answers with the header alone."""
    assert parse_servers_state(f"1\n# {COLUMNS_1_8}\n") == ((), None)


def test_unknown_admin_bits() -> None:
    """Bits of a later version are left out, so that no peer can fill memory with combinations."""
    row = ROW_1_8.replace(" 2 0 10", " 2 4294967296 10")
    [server] = parse_servers_state(f"1\n# {COLUMNS_1_8}\n{row}\n").read
    assert server.admin == AdminState(0)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "format version 1 expected"),
        ("2\n# be_id", "format version 1 expected"),
        ("Can't find backend.\n", "format version 1 expected"),
        ("1", "no line with the columns' names"),
        ("1\nbe_id be_name", "no line with the columns' names"),
        (f"1\n# {COLUMNS_1_8.replace('srv_op_state ', '')}\n", "no column srv_op_state"),
    ],
)
def test_malformed(text: str, detail: str) -> None:
    """Anything else is refused with what is wrong with it."""
    with pytest.raises(WireError, match="show servers state: ") as caught:
        parse_servers_state(text)
    assert caught.value.reason is Reason.MALFORMED
    assert detail in caught.value.detail


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (ROW_1_8[:40], "9 values for 19 columns"),
        ("", "1 values for 19 columns"),
        (ROW_1_8.replace(" 2 0 ", " 4 0 "), "pool/k8s-node1: srv_op_state 4 is none of 0 to 3"),
        (ROW_1_8.replace(" 2 0 ", " -1 0 "), "pool/k8s-node1: srv_op_state -1 is none of 0 to 3"),
        (ROW_1_8.replace(" 141 ", " ² "), "pool/k8s-node1: srv_time_since_last_change '²' is no number"),
        (ROW_1_8.replace("30125", "18446744073709551615"), "srv_port '18446744073709551615' is no number"),
        (ROW_1_8.replace("k8s-node1", "\x1b[2J"), "srv_op_state 'x' is no number"),
    ],
)
def test_a_bad_row_costs_itself_alone(row: str, detail: str) -> None:
    """Short, wrapped, negative where nothing can be, or no number: the row is dropped, counted and told."""
    row = row.replace(" 2 0 ", " x 0 ") if "\x1b" in row else row
    rows = parse_servers_state(f"1\n# {COLUMNS_1_8}\n{ROW_1_8}\n{row}\n{ROW_1_8}\n")
    assert [server.name for server in rows.read] == ["k8s-node1"] * 2
    assert rows.dropped is not None
    assert rows.dropped.count == 1
    assert detail in rows.dropped.examples[0]
    assert rows.dropped.examples[0].isprintable()


def test_many_bad_rows_are_counted_and_the_first_of_them_told() -> None:
    """What is kept of them is bounded."""
    dropped = parse_servers_state(f"1\n# {COLUMNS_1_8}\n" + "bad row\n" * 1000).dropped
    assert dropped is not None
    assert (dropped.count, len(dropped.examples)) == (1000, 8)


def test_free_slots_of_a_template_are_no_servers() -> None:
    """A slot that stands empty beside filled ones of its name is left out; a name without any address is not."""
    columns = f"1\n# {COLUMNS_1_8} srvrecord\n"
    filled = "3 pool 1 n1 10.0.0.1 2 64 10 10 1 6 3 4 6 0 0 0 nodes.lan 30125 -\n"
    free = "3 pool 2 n2 - 0 32 10 10 1 1 0 1 6 0 0 0 nodes.lan 30125 -\n"
    other = "3 pool 3 n3 - 0 32 10 10 1 1 0 1 6 0 0 0 n3.lan 30125 -\n"
    servers = parse_servers_state(columns + filled + free + other).read
    assert [server.name for server in without_free_slots(servers)] == ["n1", "n3"]
    assert servers[0].admin.mode is AdminMode.READY


@pytest.mark.parametrize("version", ["3.0.11", "3.2.26"])
def test_newer_versions(version: str) -> None:
    """HAProxy 3.0 and 3.2 answer alike; maintenance, drain, disabled checks and a server of the CLI's are told."""

    def node(name: str, server: str = "k8s-node2") -> HaproxyServer:
        servers = captured(f"{version}/{name}")
        [found] = [each for each in servers if (each.name, each.port) == (server, 30127)]
        return found

    assert {server.state for server in captured(f"{version}/steady")} == {ServerState.RUNNING}
    assert (node("maint").admin.mode, node("maint").state) == (AdminMode.MAINT, ServerState.STOPPED)
    assert (node("drain").admin.mode, node("drain").state) == (AdminMode.DRAIN, ServerState.RUNNING)
    assert not node("disable-health").checks_enabled
    assert node("weight0").weight == 0
    assert node("dynamic-add", "k8s-node9").address == "10.0.20.103"
    assert "k8s-node9" not in {server.name for server in captured(f"{version}/dynamic-del")}


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes(garbage: bytes, behind_header: bool) -> None:  # noqa: FBT001 - hypothesis hands it in
    """Any bytes give servers or a WireError."""
    header = f"1\n# {COLUMNS_1_8}\n{ROW_1_8}\n".encode() * behind_header
    with suppress(WireError):
        assert parse_servers_state(header + garbage).read[0].name == "k8s-node1"
