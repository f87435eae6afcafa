"""The newest backup's time, in whatever form a command tells it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.files import newest_backup

DAY = 1776556800.0
"""2026-04-19, UTC."""


@pytest.mark.parametrize(
    ("output", "at"),
    [
        (b"1776580000\n", 1776580000.0),
        (b"config-20260417.xml\nconfig-20260419.xml\nconfig-20260418.xml\n", DAY),
        (b"/mnt/backup/pfsense/2026-04-19/config.xml", DAY),
        (b"backup.cache\nconfig-1776580000.xml\nconfig-1700000000.xml\n", 1776580000.0),
        (b"-rw-r--r--  1 root  wheel  204800 Apr 19 02:00 config-20260419.xml", DAY),
        (b"config-20261399.xml config-20260419.xml", DAY),
    ],
)
def test_times(output: bytes, at: float) -> None:
    """Of several the newest; what is no date is none."""
    assert newest_backup(output) == at


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (b"", Reason.NOT_FOUND),
        (b"config.xml\n", Reason.NOT_FOUND),
        (b"17765800001234", Reason.NOT_FOUND),
        (b"config-20261399.xml", Reason.NOT_FOUND),
        (b"1776580000\n" * 100_000, Reason.TOO_LARGE),
    ],
)
def test_nothing_to_read(output: bytes, reason: Reason) -> None:
    """No time is an error, and so is too much."""
    with pytest.raises(WireError) as caught:
        newest_backup(output)
    assert caught.value.reason is reason


@given(st.binary(max_size=300))
def test_any_bytes(output: bytes) -> None:
    """Any bytes are read, or refused with a reason."""
    with suppress(WireError):
        assert newest_backup(output) > 0
