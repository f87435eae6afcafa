"""``show stat``: CSV by field name."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyStat
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_stats import parse_stat

DATA = Path(__file__).parent / "data" / "haproxy"
HEADER = "# pxname,svname,scur,status,chkfail,lastchg,check_status,last_chk,\n"


def captured(name: str) -> dict[tuple[str, str], HaproxyStat]:
    """Read a captured answer, by proxy and name."""
    rows = parse_stat((DATA / f"{name}.show_stat.csv").read_bytes())
    assert rows.dropped is None
    return {(stat.proxy, stat.name): stat for stat in rows.read}


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
    [row] = parse_stat(HEADER + 'b,s,3,UP,0,9,* L4OK,"said ""220, hello""\nmore",\n\n').read
    assert (row.check_status, row.last_check) == ("L4OK", 'said "220, hello"\nmore')


@pytest.mark.parametrize("version", ["3.0.11", "3.2.26"])
def test_newer_versions(version: str) -> None:
    """HAProxy 3.0 and 3.2 have the same fields among many more."""
    assert captured(f"{version}/maint")["mailserver_nodes_sub_ipvANY", "k8s-node2"].status == "MAINT"
    assert captured(f"{version}/drain")["mailserver_nodes_sub_ipvANY", "k8s-node2"].status == "DRAIN"
    steady = captured(f"{version}/steady")
    assert {stat.check_status for stat in steady.values() if stat.name.startswith("k8s-")} == {"L4OK"}
    assert captured(f"{version}/disable-health").keys() == captured(f"{version}/weight0").keys() == steady.keys()
    changed = captured(f"{version}/dynamic-add").keys() ^ captured(f"{version}/dynamic-del").keys()
    assert changed == {("mailserver_nodes_sub_ipvANY", "k8s-node9")}


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ("b,s,3", "3 values for 9 fields"),
        ("", "1 values for 9 fields"),
        ("b,s,x,UP,0,9,,,", "b/s: scur 'x' is no number"),
        ("b,s,-3,UP,0,9,,,", "b/s: scur '-3' is no number"),
        ("b,s,3,UP,18446744073709551615,9,,,", "b/s: chkfail '18446744073709551615' is no number"),
        ('b,s,3,UP,0,9,,"cut o', "unexpected end of data"),
        ('b,s,3,UP,0,9,,"cut"x,', "',' expected after"),
        ('b,s,3,UP,0,9,,"' + "x" * 200_000 + '",', "field larger than field limit"),
        ("b,s\r,3\x00", "3 values for 9 fields"),
    ],
)
def test_a_bad_row_costs_itself_alone(row: str, detail: str) -> None:
    """Short, wrapped, negative, badly quoted or no number: the row is dropped, counted and told."""
    good = "b,s,3,UP,0,9,L4OK,,"
    rows = parse_stat(f"{HEADER}{good}\n{row}\n{good}\n")
    assert [stat.check_status for stat in rows.read] == ["L4OK"] * 2
    assert rows.dropped is not None
    assert rows.dropped.count == 1
    assert detail in rows.dropped.examples[0]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "no line with the fields' names"),
        ("No such proxy.\n", "no line with the fields' names"),
        ("# pxname,svname,\n", "no field status"),
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
        assert all(isinstance(row, HaproxyStat) for row in parse_stat(HEADER.encode() * behind_header + garbage).read)
