"""``show stat``: CSV by field name."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyStat
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_stat import parse_stat

DATA = Path(__file__).parent / "data" / "haproxy"
HEADER = "# pxname,svname,scur,status,chkfail,lastchg,check_status,last_chk,\n"


def captured(name: str) -> dict[tuple[str, str], HaproxyStat]:
    """Read a captured answer, by proxy and name."""
    return {(stat.proxy, stat.name): stat for stat in parse_stat((DATA / f"{name}.show_stat.csv").read_bytes())}


def test_steady() -> None:
    """Frontends, servers and backends have their rows; what a row does not have is None."""
    rows = captured("02-steady")
    assert len(rows) == 27
    assert rows["mailserver_nodes_smtp_ipvANY", "k8s-node1"] == HaproxyStat(
        proxy="mailserver_nodes_smtp_ipvANY",
        name="k8s-node1",
        status="UP",
        current_sessions=0,
        failed_checks=0,
        last_change=8,
        check_status="L4OK",
        last_check="",
    )
    frontend = rows["mailserver_proxy_25", "FRONTEND"]
    assert (frontend.status, frontend.current_sessions, frontend.failed_checks) == ("OPEN", 0, None)


def test_states() -> None:
    """Status and the last check's result are HAProxy's own words."""
    assert captured("07-node1-maint")["mailserver_nodes_smtp_ipvANY", "k8s-node1"].status == "MAINT"
    failed = captured("smtpchk")["mailserver_nodes_smtp_ipvANY", "k8s-node1"]
    assert (failed.status, failed.check_status, failed.failed_checks) == ("DOWN", "L7RSP", 1)
    assert failed.last_check == "220-mail.lab.test ESMTP"


def test_quotes_and_running_checks() -> None:
    """A quoted field may hold commas and line ends; the mark of a running check is no result."""
    [row] = parse_stat(HEADER + 'b,s,3,UP,0,9,* L4OK,"said ""220, hello""\nmore",\n\n')
    assert (row.check_status, row.last_check) == ("L4OK", 'said "220, hello"\nmore')


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "no line with the fields' names"),
        ("No such proxy.\n", "no line with the fields' names"),
        ("# pxname,svname,\n", "no field status"),
        (HEADER + "b,s,3\n", "3 values for 9 fields"),
        (HEADER + "b,s,x,UP,0,9,,,\n", "scur 'x' is no number"),
        (HEADER + f"b,s,{'9' * 5000},UP,0,9,,,\n", "is no number"),
        (HEADER + 'b,s,3,UP,0,9,,"cut o', "unexpected end of data"),
        (HEADER + f"b,s,3,UP,0,9,,{'x' * 200_000},\n", "field larger than field limit"),
    ],
)
def test_malformed(text: str, detail: str) -> None:
    """Anything but such a table is refused with what is wrong with it."""
    with pytest.raises(WireError, match="show stat: ") as caught:
        parse_stat(text)
    assert caught.value.reason is Reason.MALFORMED
    assert detail in caught.value.detail


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes(garbage: bytes, behind_header: bool) -> None:  # noqa: FBT001 - hypothesis hands it in
    """Any bytes give rows or a WireError."""
    with suppress(WireError):
        assert all(isinstance(row, HaproxyStat) for row in parse_stat(HEADER.encode() * behind_header + garbage))
