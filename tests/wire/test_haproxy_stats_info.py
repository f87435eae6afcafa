"""``show info``: the few fields that matter."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyInfo
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_stats import parse_info

DATA = Path(__file__).parent / "data" / "haproxy"
CAPTURED = (DATA / "02-steady.show_info.txt").read_bytes()
SEEN = HaproxyInfo(version="2.6.12-1+deb12u4", uptime_seconds=8, current_connections=0, max_connections=1000, pid=4374)


def test_captured() -> None:
    """A captured answer gives version, uptime, connections and pid."""
    assert parse_info(CAPTURED) == ((SEEN,), None)


@pytest.mark.parametrize(("version", "full"), [("3.0.11", "3.0.11-1+deb13u"), ("3.2.26", "3.2.26-1")])
def test_newer_versions(version: str, full: str) -> None:
    """HAProxy 3.0 and 3.2 have the same fields among more."""
    files = sorted((DATA / version).glob("*.show_info.txt"))
    assert len(files) == 7
    for file in files:
        [info], dropped = parse_info(file.read_bytes())
        assert dropped is None
        assert (info.version or "").startswith(full)
        assert None not in (info.uptime_seconds, info.current_connections, info.max_connections, info.pid)


def test_the_first_of_a_name_counts() -> None:
    """A description, which an operator may choose, does not override a field before it."""
    assert parse_info(CAPTURED + b"Pid: 1\n").read == (SEEN,)


@pytest.mark.parametrize(
    ("old", "new", "field", "detail"),
    [
        (b"Pid: 4374", b"Pid: ", "pid", "no Pid"),
        (b"Pid: 4374", b"Pid: -1", "pid", "Pid '-1' is no number"),
        (b"Pid: 4374", b"\xff\x00\x1b", "pid", "no Pid"),
        (b"\nMaxconn: 1000", b"\nMaxconn: " + b"9" * 5000, "max_connections", "is no number"),
        (b"CurrConns: 0", b"CurrConns: 18446744073709551615", "current_connections", "is no number"),
        (b"Version: 2.6.12-1+deb12u4", b"", "version", "no Version"),
    ],
)
def test_a_bad_line_costs_its_field_alone(old: bytes, new: bytes, field: str, detail: str) -> None:
    """What is missing or no number is told, and everything else is there."""
    assert old in CAPTURED
    [info], dropped = parse_info(CAPTURED.replace(old, new))
    assert info == replace(SEEN, **{field: None})
    assert dropped is not None
    assert detail in dropped.examples[0]


@pytest.mark.parametrize("text", [b"", b"Unknown command, but maybe\n", b"1\n# be_id be_name\n"])
def test_malformed(text: bytes) -> None:
    """What has none of the fields is no such answer."""
    with pytest.raises(WireError, match="show info: no Uptime_sec, no CurrConns") as caught:
        parse_info(text)
    assert caught.value.reason is Reason.MALFORMED


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.integers(0, len(CAPTURED)))
def test_any_bytes(garbage: bytes, cut: int) -> None:
    """Any bytes give the fields or a WireError."""
    with suppress(WireError):
        [info] = parse_info(CAPTURED[:cut] + garbage).read
        assert info.pid is None or info.pid >= 0
