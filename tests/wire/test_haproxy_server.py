"""A ``server`` line of haproxy.cfg: addresses of both families, keywords in any order, defaults."""

import pytest

from monitor.core.edge import ConfiguredServer
from monitor.core.errors import WireError
from monitor.wire.haproxy_server import configured_server
from monitor.wire.haproxy_words import config_lines


def server(line: str, before: str = "") -> ConfiguredServer:
    """Read one server's line."""
    [words, *_] = config_lines(f"server {line}")
    return configured_server(words, tuple(before.split()))


@pytest.mark.parametrize(
    ("place", "address", "port"),
    [
        ("10.0.20.101:30125", "10.0.20.101", 30125),
        ("ipv4@10.0.20.101:30125", "10.0.20.101", 30125),
        ("2001:db8:20::25:30125", "2001:db8:20::25", 30125),
        ("[2001:db8:20::25]:30125", "2001:db8:20::25", 30125),
        ("ipv6@[2001:db8::1]:25", "2001:db8::1", 25),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("node1.example.org:25", "node1.example.org", 25),
        ("10.0.20.101", "10.0.20.101", None),
        ("10.0.20.101:", "10.0.20.101", None),
        ("10.0.20.101:+30100", "10.0.20.101", None),
        ("/other_frontend.socket", "/other_frontend.socket", None),
    ],
)
def test_addresses(place: str, address: str, port: int | None) -> None:
    """IPv6 may stand without brackets; the port is behind the last colon."""
    found = server(f"n {place} check")
    assert (found.address, found.port) == (address, port)


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("n 10.0.0.1:25 send-proxy-v2 check", "send-proxy-v2"),
        ("n 10.0.0.1:25 check send-proxy", "send-proxy"),
        ("n 10.0.0.1:25 send-proxy send-proxy-v2-ssl-cn", "send-proxy-v2-ssl-cn"),
        ("n 10.0.0.1:25 no-send-proxy-v2", ""),
        ("n 10.0.0.1:25 cookie send-proxy-v2", ""),
        ("n 10.0.0.1:25 check-send-proxy", ""),
    ],
)
def test_headers(line: str, header: str) -> None:
    """Which header is sent; a value that looks like the keyword is none."""
    assert server(line).send_proxy == header


def test_keywords() -> None:
    """All of a server's keywords are kept, the known ones read, whatever their order."""
    found = server(
        "n 10.0.0.1:25 new-word port 2500 addr 10.0.0.9 disabled fall 5 check inter 5s backup check-send-proxy"
    )
    assert (found.check_port, found.check_address, found.disabled, found.fall) == (2500, "10.0.0.9", True, 5)
    assert (found.inter, found.backup, found.check_send_proxy) == (5000, True, True)
    assert found.keywords[0] == "new-word"


def test_default_server() -> None:
    """``default-server`` holds for the servers of its section, which may take it back."""
    defaults = "check inter 10s send-proxy-v2 disabled"
    assert server("n 10.0.0.1:25", defaults).inter == 10_000
    assert server("n 10.0.0.1:25", defaults).sends_v2
    found = server("n 10.0.0.1:25 no-check enabled inter 1s", defaults)
    assert (found.check, found.disabled, found.inter) == (False, False, 1000)


@pytest.mark.parametrize(
    "line",
    [
        "n 10.0.0.1:99999",
        "n 10.0.0.1:smtp",
        "n 10.0.0.1:25 inter soon",
        "n 10.0.0.1:25 weight x",
        "n 10.0.0.1:25 port 0x1",
    ],
)
def test_wrong(line: str) -> None:
    """What HAProxy could not read either is refused."""
    with pytest.raises(WireError, match="line 1"):
        server(line)
