"""A data port without a header: turned out is good, greeted is bad, anything else is no answer."""

from pathlib import Path

import pytest

from monitor.core.conversation import Conversation
from monitor.core.model import MailProtocol, Target
from monitor.core.proof import Ask
from monitor.links.tls import TlsClient
from monitor.probes.negative_probe import NegativeSettings
from monitor.probes.no_header import NoHeader, judge
from tests import kinds
from tests.links.certificates import NAME
from tests.links.peers import refusing
from tests.probes.mail_server import NODE, SPAN, TLS, complete, failed, mail_server


def no_header(port: int, tls: TlsClient, protocol: MailProtocol = MailProtocol.SMTP) -> NoHeader:
    """Make the probe of one service."""
    target = Target("home", kinds.NO_HEADER, "", protocol)
    return NoHeader(NegativeSettings(target, protocol, port, 5.0, NAME, "mailpath.invalid"), tls)


@pytest.mark.parametrize(
    ("conversation", "refused"),
    [
        # Postfix: 421 after its patience, in plain text on the port for TLS too; Dovecot closes
        (failed("greeting", "header_rejected", b"421 4.3.2 No system resources\r\n"), True),
        (failed("tls_handshake", "tls_plaintext", b"421 4.3.0 mail Server local error\r\n"), True),
        (failed("tls_handshake", "reset"), True),
        (failed("greeting", "closed"), True),
        # served
        (complete(), False),
        (failed("starttls", "starttls_not_offered", b"250 mail"), False),
        (failed("quit", "reset"), False),
        (failed("greeting", "malformed", tls=TLS), False),
        (failed("tls_handshake", "tls_plaintext", b"220 mail.example.org ESMTP\r\n"), False),
        # no answer to the question
        (failed("connect", "refused"), None),
        (failed("connect", "reset"), None),
        (failed("greeting", "timeout"), None),
        (failed("tls_handshake", "timeout"), None),
        (failed("greeting", "turned_away", b"421 4.7.0 too many connections"), None),
        (failed("greeting", "malformed", b"SSH-2.0-OpenSSH\r\n"), None),
        (failed("greeting", "reset", b"SSH"), None),
        (failed("tls_handshake", "tls_plaintext", b"SSH-2.0-OpenSSH\r\n"), None),
    ],
)
def test_the_first_sign_tells(conversation: Conversation, refused: bool | None) -> None:  # noqa: FBT001 - a column
    """Each way to be received has its meaning."""
    ruling = judge(conversation)
    assert ruling.refused is refused
    assert (ruling.failure is None) is (refused is True)


@pytest.mark.parametrize("wrapper_mode", [False, True])
async def test_a_proxy_listener_turns_us_out(tmp_path: Path, wrapper_mode: bool) -> None:  # noqa: FBT001 - both kinds
    """The server says 421 and hears nothing from us; its words are kept."""
    protocol = MailProtocol.SMTPS if wrapper_mode else MailProtocol.SMTP
    async with mail_server(tmp_path, wrapper_mode=wrapper_mode) as (server, port, tls):
        probe = no_header(port, tls, protocol)
        seen = probe.judge(await probe.run(Ask(node=NODE)), SPAN)
    assert seen.refused is True
    assert seen.reply.startswith("421 4.3.0")
    assert server.heard == []


@pytest.mark.parametrize("wrapper_mode", [False, True])
async def test_a_listener_without_proxy_is_found(tmp_path: Path, wrapper_mode: bool) -> None:  # noqa: FBT001 - both
    """Where we are greeted, we leave in order."""
    protocol = MailProtocol.SMTPS if wrapper_mode else MailProtocol.SMTP
    async with mail_server(tmp_path, proxy=False, wrapper_mode=wrapper_mode) as (server, port, tls):
        probe = no_header(port, tls, protocol)
        seen = probe.judge(await probe.run(Ask(node=NODE)), SPAN)
    assert seen.refused is False
    assert seen.reply == f"220 {NAME} ESMTP"
    assert server.heard[-1] == "QUIT"


async def test_a_closed_port_is_no_answer(tmp_path: Path) -> None:
    """Who cannot connect has been refused by nobody."""
    async with mail_server(tmp_path) as (_, _, tls):
        with refusing() as port:
            probe = no_header(port, tls)
            seen = probe.judge(await probe.run(Ask(node=NODE)), SPAN)
    assert seen.refused is None
    assert not seen.ok
