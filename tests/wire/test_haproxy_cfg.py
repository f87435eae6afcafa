"""haproxy.cfg: pfSense's, other people's, and anything else."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.edge import Bind, HaproxyConfiguration, StatsSocket
from monitor.core.errors import WireError
from monitor.core.taxonomy import Reason
from monitor.wire.haproxy_cfg import MAX_ANSWER, parse_configuration

DATA = Path(__file__).parent / "data" / "edge"


def pfsense() -> HaproxyConfiguration:
    """Read the configuration that pfSense generates."""
    return parse_configuration((DATA / "haproxy.pfsense.cfg").read_bytes())


def test_pfsense() -> None:
    """Frontends, pools, servers, timeouts, limits and the stats socket are told."""
    configuration = pfsense()
    assert configuration.maxconn == 1000
    assert configuration.stats_sockets == (StatsSocket("/tmp/haproxy.socket", None, "admin"),)  # noqa: S108 - pfSense's
    stats, smtp, *_ = configuration.frontends
    assert (stats.kind, stats.mode, stats.binds) == ("listen", "http", (Bind("127.0.0.1", 2200),))
    assert (smtp.name, smtp.binds, smtp.timeouts) == (
        "mailserver_proxy_25",
        (Bind("10.0.20.1", 25),),
        {"client": 30_000},
    )
    assert (smtp.default_backend, smtp.use_backend) == ("mailserver_nodes_smtp_ipvANY", False)
    pool = configuration.backends[1]
    assert (pool.kind, pool.name, len(pool.servers)) == ("backend", "mailserver_nodes_smtp_ipvANY", 4)
    assert pool.timeouts == {"connect": 30_000, "server": 30_000}
    first = pool.servers[0]
    assert (first.name, first.address, first.port) == ("k8s-node1", "10.0.20.101", 30125)
    assert (first.check, first.check_port, first.inter, first.weight, first.sends_v2) == (True, 30145, 5000, 10, True)
    assert configuration.backends[4].servers[0].check_port is None


def test_no_secret_is_kept() -> None:
    """The password of the statistics is nowhere in what was read, nor in the error where it could not be."""
    assert "marked-secret" not in repr(pfsense())
    with pytest.raises(WireError) as caught:
        parse_configuration("listen x\n stats auth admin:marked-secret\n maxconn marked-secret\n")
    assert "marked-secret" not in repr(caught.value.args) + repr(caught.value.data)


def test_defaults() -> None:
    """A proxy has the last ``defaults`` before it, or those that it names; defaults begin anew each time."""
    configuration = parse_configuration(
        "defaults slow\n mode http\n timeout client 30m\n maxconn 7\n default_backend x\n"
        "defaults\n timeout client 5s\n srvtimeout 6s\n"
        "frontend a\n bind :25\n timeout server 7s\n"
        "frontend b from slow\n bind :26\n"
        "backend c from slow\n"
        "defaults d from slow\n timeout client 1h\n"
        "listen e\n"
    )
    a, b, c, e = configuration.proxies
    assert (a.mode, a.timeouts, a.maxconn) == ("tcp", {"client": 5000, "server": 7000}, None)
    assert (b.mode, b.timeouts, b.maxconn, b.default_backend) == ("http", {"client": 1_800_000}, 7, "x")
    assert c.default_backend == ""
    assert (e.mode, e.timeouts) == ("http", {"client": 3_600_000})


@pytest.mark.parametrize(
    ("bind", "places"),
    [
        (":25", [Bind("*", 25)]),
        ("*:25", [Bind("*", 25)]),
        ("0.0.0.0:25", [Bind("*", 25)]),
        (":::25", [Bind("*", 25)]),
        ("[::]:25", [Bind("*", 25)]),
        ("2001:db8::1:25", [Bind("2001:db8::1", 25)]),
        ("10.0.20.1:25,10.0.20.2:26", [Bind("10.0.20.1", 25), Bind("10.0.20.2", 26)]),
        (":25-27", [Bind("*", 25), Bind("*", 26), Bind("*", 27)]),
        (":1-65535", []),
        ("/var/run/x.sock", []),
        ("unix@x.sock", []),
        ("fd@3", []),
    ],
)
def test_binds(bind: str, places: list[Bind]) -> None:
    """Addresses, wildcards, lists and ranges; sockets are no port."""
    [proxy] = parse_configuration(f"frontend f\n bind {bind} name x\n").proxies
    assert list(proxy.binds) == places


def test_stats_sockets() -> None:
    """Mode, level and path of each, HAProxy's default where none is given."""
    configuration = parse_configuration(
        "global\n stats socket /a mode 660 level admin\n stats socket unix@/b user root\n stats timeout 30s\n"
    )
    assert configuration.stats_sockets == (StatsSocket("/a", 0o660, "admin"), StatsSocket("/b", None, "operator"))


def test_other_sections() -> None:
    """Words of other sections are none of the proxies'."""
    configuration = parse_configuration(
        "peers p\n server a 10.0.0.1:1024\nresolvers r\n timeout retry 1s\nuserlist u\n user x password y\n"
        "backend b\n use_backend c if d\n.if defined(X)\n server n 10.0.0.1:25\n.endif\n"
    )
    [proxy] = configuration.proxies
    assert (len(proxy.servers), proxy.use_backend) == (1, True)


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("", Reason.CLOSED, "empty"),
        ("# nothing\n", Reason.CLOSED, "nothing but comments"),
        ("cat: haproxy.cfg: Datei nicht gefunden\n", Reason.MALFORMED, "line 1: no section begins here"),
        ("USER COMMAND PID\n", Reason.MALFORMED, "no section begins here"),
        ("frontend\n", Reason.MALFORMED, "a frontend without a name"),
        ("backend b\n server n\n", Reason.MALFORMED, "line 2: server without a value"),
        ("backend b\n server n 10.0.0.1:99999\n", Reason.MALFORMED, "99999 is no port"),
        ("backend b\n server n 10.0.0.1:smtp\n", Reason.MALFORMED, "a number was due"),
        ("backend b\n server n 10.0.0.1:25 inter soon\n", Reason.MALFORMED, "is no time"),
        ("backend b\n" + " default-server inter 5s\n" * 65, Reason.MALFORMED, "line 66: more than 128 words"),
        ("backend b\n timeout server\n", Reason.MALFORMED, "timeout without a value"),
        ("frontend b\n bind :x\n", Reason.MALFORMED, "a number was due"),
        ("global\n stats socket /a mode rw\n", Reason.MALFORMED, "is no mode"),
        ("backend b\n server 'n", Reason.MALFORMED, "a quote without end"),
        ("backend b\n" * (MAX_ANSWER // 5), Reason.TOO_LARGE, "at most"),
    ],
)
def test_wrong(text: str, reason: Reason, detail: str) -> None:
    """Anything else is refused with its line and what is wrong with it."""
    with pytest.raises(WireError, match=r"haproxy\.cfg") as caught:
        parse_configuration(text)
    assert caught.value.reason is reason
    assert detail in caught.value.detail


def test_long_in_bounded_time() -> None:
    """As much as is read at all takes seconds and not minutes."""
    text = "backend b\n" + "\tserver n 10.0.0.1:25 check inter 5000 send-proxy-v2\n" * 18_000
    began = time.monotonic()
    assert len(parse_configuration(text).proxies[0].servers) == 18_000
    assert time.monotonic() - began < 60


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(garbage: bytes) -> None:
    """Any bytes give a configuration or a WireError."""
    with suppress(WireError):
        assert parse_configuration(b"backend b\n\tserver n 10.0.0.1:25 check\n" + garbage).proxies


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            ["server", "bind", "n", ":25", "timeout", "client", "5s", "port", "\n", "'", "\\", "#", "backend", "global"]
        ),
        max_size=15,
    )
)
def test_any_words(words: list[str]) -> None:
    """Any order of its own words gives a configuration or a WireError."""
    with suppress(WireError):
        assert parse_configuration("frontend f\n" + " ".join(words)).proxies[0].name == "f"
