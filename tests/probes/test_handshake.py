"""A handshake with a server that wants a header: what the server is told, and what the probe concludes."""

from pathlib import Path

from monitor.core.model import MailProtocol, Target
from monitor.core.proof import Ask
from monitor.core.taxonomy import Phase
from monitor.core.verdicts import Verdict
from monitor.links.tls import TlsClient
from monitor.probes.handshake import Handshake, HandshakeSettings
from monitor.wire.proxy_header import Command
from tests import kinds
from tests.links.certificates import NAME
from tests.links.peers import refusing
from tests.probes.mail_server import SPAN, mail_server

TARGET = Target("home", kinds.HANDSHAKE, "k8s-node1", "submission")


def handshake(port: int, tls: TlsClient) -> Handshake:
    """Make the probe of submission on loopback."""
    claimed, frontend = "192.0.2.7", ("10.0.20.1", 587)
    protocol = MailProtocol.SUBMISSION
    return Handshake(
        HandshakeSettings(TARGET, protocol, "127.0.0.1", port, claimed, frontend, 5.0, 5.0, NAME, "mailpath.invalid"),
        tls,
    )


async def test_it_sends_one_header_and_comes_to_a_clean_end(tmp_path: Path) -> None:
    """PROXY, never LOCAL; the claimed client, the edge's frontend, our own socket's port."""
    async with mail_server(tmp_path) as (server, port, tls):
        probe = handshake(port, tls)
        conversation = await probe.run()
    seen = probe.judge(conversation, SPAN)
    assert (seen.target, seen.judgement.verdict, seen.judgement.failure) == (TARGET, Verdict.OK, None)
    assert (seen.started, seen.finished, seen.at) == SPAN
    [header] = server.headers
    assert conversation.endpoints is not None
    assert header.command is Command.PROXY
    assert header.source == ("192.0.2.7", conversation.endpoints.local_port)
    assert header.destination == ("10.0.20.1", 587)
    assert [line.split()[0] for line in server.heard] == ["EHLO", "STARTTLS", "EHLO", "QUIT"]


async def test_asked_for_proof_it_makes_the_server_name_its_client(tmp_path: Path) -> None:
    """A transaction with the nonce in it, and as many NOOPs as asked for; never DATA."""
    async with mail_server(tmp_path) as (server, port, tls):
        probe = handshake(port, tls)
        assert probe.judge(await probe.run(Ask(noops=2, nonce="abc123")), SPAN).ok
    verbs = [line.split()[0] for line in server.heard]
    assert verbs.count("NOOP") == 2
    assert {"MAIL", "RCPT", "RSET"} <= set(verbs)
    assert "DATA" not in verbs
    assert any("abc123" in line for line in server.heard if line.startswith("RCPT"))


async def test_a_refused_connect_is_a_closed_port(tmp_path: Path) -> None:
    """No word was spoken; whether the whole node is down is not the probe's to say."""
    async with mail_server(tmp_path) as (_, _, tls):
        with refusing() as port:
            probe = handshake(port, tls)
            seen = probe.judge(await probe.run(), SPAN)
    assert seen.judgement.verdict is Verdict.PORT_CLOSED
    assert seen.judgement.failure is not None
    assert (seen.judgement.failure.phase, seen.answered) == (Phase.CONNECT, True)


async def test_a_server_that_wants_no_header_is_recognised(tmp_path: Path) -> None:
    """It answers the header's bytes as if they were commands."""
    async with mail_server(tmp_path, proxy=False) as (_, port, tls):
        probe = handshake(port, tls)
        seen = probe.judge(await probe.run(), SPAN)
    assert not seen.ok
