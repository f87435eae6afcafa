"""All listeners of the simulated pod: headers refused as Postfix and Dovecot do it, and the faults."""

import pytest

from monitor.core.maillog import LineKind, Problem
from monitor.core.taxonomy import Reason
from monitor.demo import mail_server
from monitor.wire.proxy_header import Command, ProxyHeader
from monitor.wire.proxy_v2 import encode_v2
from tests.demo.stand import CLIENT, NODE, SERVICES, Stand

ALL = tuple(SERVICES)
WRONG = encode_v2(ProxyHeader.tcp(CLIENT, 40001, "10.0.20.1", 25)).replace(b"QUIT\n", b"QUITX")


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("smtp", b"421 4.3.2 No system resources\r\n"),
        ("smtps", b"421 4.3.0 mail.example.org Server local error\r\n"),
        ("submission", b"421 4.3.0 mail.example.org Server local error\r\n"),
        ("imaps", b""),
    ],
)
async def test_a_wrong_header_is_refused_in_plain_text(stand: Stand, name: str, reply: bytes) -> None:
    """Postfix says 421, on the TLS ports too; Dovecot just closes. The log has the reason."""
    stand.open(name)
    assert await stand.say(WRONG) == reply
    assert (await stand.records())[0].problem == Problem.PROXY_HEADER


@pytest.mark.parametrize("name", ["smtp", "submission", "imaps"])
async def test_a_client_without_header_is_refused_after_a_time(
    stand: Stand, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a greeting, as an old HAProxy's client would, gets the refusal instead."""
    monkeypatch.setattr(mail_server, "POSTFIX_HEADER_TIMEOUT", 0.05)
    monkeypatch.setattr(mail_server, "DOVECOT_HEADER_TIMEOUT", 0.0)
    stand.open(name)
    conversation = await stand.converse(name, header=False)
    assert conversation.failure is not None
    assert (await stand.records())[0].problem in {Problem.PROXY_TIMEOUT, Problem.PROXY_HEADER}


@pytest.mark.parametrize("name", ["smtp", "submission", "imaps"])
async def test_a_connect_and_close_is_logged_as_end_of_file(stand: Stand, name: str) -> None:
    """A port scan of a PROXY port leaves its line."""
    stand.open(name)
    await stand.say(b"")
    expected = {Problem.HAPROXY_DISCONNECTED} if name == "imaps" else {Problem.PROXY_HEADER}
    assert {record.problem for record in await stand.records() if record.problem} == expected


async def test_a_local_header_shows_the_tcp_peer(stand: Stand) -> None:
    """LOCAL speaks for the proxy itself, whom kube-proxy shows as the node."""
    stand.open("submission")
    await stand.say(encode_v2(ProxyHeader(Command.LOCAL)) + b"EHLO x\r\n")
    assert (await stand.records())[0].address == NODE.address


async def test_an_unspecified_client_is_refused(stand: Stand) -> None:
    """PROXY without addresses is no network protocol that Postfix supports."""
    stand.open("submission")
    assert (await stand.say(encode_v2(ProxyHeader(Command.PROXY)))).startswith(b"421 4.3.0")
    assert "unsupported network protocol" in (await stand.records())[0].text


@pytest.mark.parametrize("name", ["smtp", "smtps", "submission"])
async def test_with_proxy_off_the_header_is_taken_for_commands(stand: Stand, name: str) -> None:
    """The client meets syntax errors, or a failed TLS handshake without a byte."""
    stand.server.proxy = False
    stand.open(name)
    conversation = await stand.converse(name)
    assert conversation.failure is not None
    expected = {Reason.RESET, Reason.CLOSED} if name == "smtps" else {Reason.HEADER_NOT_CONSUMED}
    assert conversation.failure.reason in expected
    assert {record.address for record in await stand.records()} == {NODE.address}


@pytest.mark.parametrize("name", ALL)
async def test_snat_puts_one_address_in_every_place(stand: Stand, name: str) -> None:
    """The dialogue works, and the log shows the edge."""
    stand.server.seen_as = "10.0.20.1"
    stand.open(name)
    assert (await stand.converse(name)).failure is None
    assert {record.address for record in await stand.records()} == {"10.0.20.1"}


@pytest.mark.parametrize("name", ALL)
async def test_a_greeting_can_be_late(stand: Stand, name: str) -> None:
    """The delay counts as no greet wait: it comes before the teaser."""
    stand.server.greeting_delay = 0.2
    stand.open(name)
    conversation = await stand.converse(name)
    assert conversation.failure is None
    assert conversation.duration - conversation.greet_wait > 0.2


@pytest.mark.parametrize("name", ["smtp", "smtps", "submission"])
async def test_stock_listeners_speak_without_a_header(stand: Stand, name: str) -> None:
    """The healthcheck NodePorts lead to the stock ports, under their stock names."""
    stand.open(name, proxied=False)
    assert (await stand.converse(name, header=False)).failure is None
    first = (await stand.records())[0]
    assert first.kind in {LineKind.POSTSCREEN_CONNECT, LineKind.SMTPD_CONNECT}
    assert "proxy" not in first.program


@pytest.mark.parametrize("name", ALL)
async def test_garbage_is_survived(stand: Stand, name: str) -> None:
    """Bytes of every kind, in the place of the header and behind it, end the session and nothing else."""
    stand.open(name)
    header = encode_v2(ProxyHeader.tcp(CLIENT, 40001, "10.0.20.1", 25))
    for garbage in (bytes(range(256)) * 40, b"\xff" * 10_000, b"\r\n" * 1000, b"\x16\x03\x01\xff\xff" + b"x" * 9000):
        await stand.say(garbage)
        await stand.say(header + garbage)
    assert (await stand.converse(name)).failure is None
