"""One probe by hand, on the embedded path: whether the client IP arrives, the exit code, and the event loop for it."""

import asyncio
import importlib.util
from pathlib import Path

import pytest

from monitor.config.load import parse
from monitor.core.errors import ConfigError
from monitor.daemon.main import loop_factory, probe_once
from monitor.demo import postscreen
from monitor.demo.configuration import mailpath_yml
from monitor.demo.faults import plan
from monitor.demo.mail_path import open_mail_path


def _no_bug(name: str, error: BaseException) -> None:
    pytest.fail(f"{name}: {error!r}")


@pytest.mark.parametrize(
    ("fault", "where", "told"),
    [
        (None, ("k8s-node2", "submission"), (0, "ok", "reply: proven, seen as 192.0.2.")),
        (None, ("k8s-node2", "smtp"), (0, "ok", "this service does not say whom it sees")),
        (None, ("pfsense", "imaps"), (0, "ok", "this service does not say whom it sees")),
        ("snat-address", ("k8s-node2", "submission"), (1, "client_ip_lost", "reply: seen as 127.0.")),
        ("port-closed", ("k8s-node2", "submission"), (1, "port_closed", "reply: unproven, not tried yet")),
    ],
)
async def test_a_handshake_by_hand(
    fault: str | None,
    where: tuple[str, str],
    told: tuple[int, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the server's replies tell, a lost client IP is no success."""
    code, verdict, client = told
    monkeypatch.setattr(postscreen, "GREET_WAIT", 0.05)
    path = await open_mail_path(tmp_path, _no_bug)
    try:
        for struck, _ in plan([fault] if fault else []):
            struck.strike(path)
        (watched,) = parse(mailpath_yml(path).encode(), "mailpath.yml").paths
        ended, text = await asyncio.to_thread(probe_once, watched, *where)
    finally:
        await path.close()
    lines = text.splitlines()
    assert (ended, lines[1]) == (code, f"verdict: {verdict}")
    assert lines[2].startswith(f"client IP: {client}")


def test_a_node_that_is_none_is_told_with_those_there_are() -> None:
    """Names of nodes and services, to choose from."""
    text = (
        b"paths: [{name: home, nodes: {static: [{name: a, address: 192.0.2.1}]}, tls: {server_name: mail.example.org}}]"
    )
    (watched,) = parse(text, "mailpath.yml").paths
    with pytest.raises(ConfigError, match="b smtp: path home has nodes and edges a; services smtp, smtps"):
        probe_once(watched, "b", "smtp")


def test_the_event_loop_is_the_one_that_is_installed() -> None:
    """Uvloop where it can be imported, else asyncio's own."""
    loop = loop_factory()()
    loop.close()
    assert isinstance(loop, asyncio.AbstractEventLoop)
    expected = "asyncio" if importlib.util.find_spec("uvloop") is None else "uvloop"
    assert type(loop).__module__.partition(".")[0] == expected
