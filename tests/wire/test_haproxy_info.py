"""``show info``: the few fields that matter."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.haproxy import HaproxyInfo
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_info import parse_info

CAPTURED = (Path(__file__).parent / "data" / "haproxy" / "02-steady.show_info.txt").read_bytes()


def test_captured() -> None:
    """A captured answer gives version, uptime, connections and pid."""
    assert parse_info(CAPTURED) == HaproxyInfo(
        version="2.6.12-1+deb12u4", uptime_seconds=8, current_connections=0, max_connections=1000, pid=4374
    )


def test_the_first_of_a_name_counts() -> None:
    """A description, which an operator may choose, does not override a field before it."""
    assert parse_info(CAPTURED + b"Pid: 1\n").pid == 4374


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b"", "no Version"),
        (b"Unknown command, but maybe\n", "no Version"),
        (CAPTURED.replace(b"Pid: 4374", b"Pid: "), "no Pid"),
        (CAPTURED.replace(b"Pid: 4374", b"Pid: -1"), "Pid '-1' is no number"),
        (CAPTURED.replace(b"Maxconn: 1000\nHard", b"Maxconn: " + b"9" * 5000 + b"\nHard"), "is no number"),
        (CAPTURED[:250], "no CurrConns"),
    ],
)
def test_malformed(text: bytes, detail: str) -> None:
    """A field that is missing or no number is named."""
    with pytest.raises(WireError, match="show info: ") as caught:
        parse_info(text)
    assert caught.value.reason is Reason.MALFORMED
    assert detail in caught.value.detail


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.integers(0, len(CAPTURED)))
def test_any_bytes(garbage: bytes, cut: int) -> None:
    """Any bytes give the fields or a WireError."""
    with suppress(WireError):
        assert parse_info(CAPTURED[:cut] + garbage).pid >= 0
