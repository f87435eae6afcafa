"""``ls -l`` of the stats socket."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.edge import FileMode
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.files import ls_command, parse_ls


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        (
            "srwxr-xr-x  1 root  wheel  0 Apr 19 12:30 /tmp/haproxy.socket\n",
            FileMode("s", 0o755, "root", "wheel"),
        ),
        ("srw-rw----+ 1 root www 0 Apr 19  2025 /tmp/haproxy.socket", FileMode("s", 0o660, "root", "www")),
        ("srw-rw-rw- 1 80 80 0 19 avr. 12:30 /tmp/haproxy.socket", FileMode("s", 0o666, "80", "80")),
        ("-rw-r--r--  1 root  wheel  42 Apr 19 12:30 /tmp/haproxy.socket", FileMode("-", 0o644, "root", "wheel")),
        ("drwxrwxrwt  9 root  wheel  42 Apr 19 12:30 /tmp", FileMode("d", 0o777, "root", "wheel")),
        ("-rwSr-sr-T  9 root  wheel  42 Apr 19 12:30 x", FileMode("-", 0o654, "root", "wheel")),
    ],
)
def test_lines(line: str, mode: FileMode) -> None:
    """Kind, bits, owner and group are told, whatever the locale makes of the date."""
    assert parse_ls(line) == mode
    assert parse_ls(line.encode()) == mode


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.NOT_FOUND),
        ("ls: /tmp/haproxy.socket: Datei oder Verzeichnis nicht gefunden", Reason.MALFORMED),
        ("srwxr-xr-x  1 root", Reason.MALFORMED),
        ("srwxr-xr-x  1 root  wheel  0 x\nsrwxr-xr-x  1 root  wheel  0 y", Reason.MALFORMED),
        ("s" * 10_000_000, Reason.MALFORMED),
    ],
)
def test_wrong(text: str, reason: Reason) -> None:
    """Anything else is refused."""
    with pytest.raises(WireError) as caught:
        parse_ls(text)
    assert caught.value.reason is reason


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=100))
def test_any_bytes(garbage: bytes) -> None:
    """Any bytes give a mode or a WireError."""
    with suppress(WireError):
        assert parse_ls(b"srwxr-xr-x 1 " + garbage).bits == 0o755


def test_command() -> None:
    """A path is one word for the shell, whatever it holds."""
    assert ls_command("/tmp/haproxy.socket") == "ls -l /tmp/haproxy.socket"  # noqa: S108 - pfSense's place
    assert ls_command("/var/a b;id") == "ls -l '/var/a b;id'"
