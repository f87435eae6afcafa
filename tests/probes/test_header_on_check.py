"""A header on a healthcheck port: syntax errors are good, a dialogue is bad, anything else is no answer."""

from pathlib import Path

import pytest

from monitor.core.conversation import Conversation
from monitor.core.model import MailProtocol, Target
from monitor.core.proof import Ask
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim
from monitor.probes.header_on_check import HeaderOnCheck, judge
from monitor.probes.negative_probe import NegativeSettings
from tests import kinds
from tests.links.certificates import NAME
from tests.links.peers import serving
from tests.probes.mail_server import NODE, SPAN, TLS, complete, failed, mail_server, stock_postfix


def header_on_check(port: int, tls: TlsClient, protocol: MailProtocol) -> HeaderOnCheck:
    """Make the probe of one service."""
    target = Target("home", kinds.HEADER_ON_CHECK, "", protocol)
    settings = NegativeSettings(target, protocol, port, 5.0, NAME, "mailpath.invalid")
    return HeaderOnCheck(settings, Claim("192.0.2.77", ("10.0.20.1", 25)), tls)


@pytest.mark.parametrize(
    ("protocol", "conversation", "refused"),
    [
        # stock Postfix: syntax errors; on the port for TLS its handshake fails
        ("smtp", failed("greeting", "header_not_consumed", b"502 5.5.2 Error: command not recognized"), True),
        ("submission", failed("ehlo", "header_not_consumed", b"500 5.5.2 Error: bad syntax"), True),
        ("smtps", failed("tls_handshake", "reset"), True),
        ("smtps", failed("tls_handshake", "closed"), True),
        ("smtps", failed("tls_handshake", "tls_error", b"\x15\x03\x01"), True),
        ("smtps", failed("tls_handshake", "tls_plaintext", b"500 bad syntax"), True),
        # swallowed
        ("smtp", complete(), False),
        ("smtps", complete(), False),
        ("smtps", failed("greeting", "timeout", tls=TLS), False),
        ("submission", failed("starttls", "starttls_not_offered", b"250 mail"), False),
        ("submission", failed("tls_handshake", "tls_error", heard=99), False),
        ("smtp", failed("quit", "reset", heard=99), False),
        # no answer to the question
        ("smtp", failed("connect", "refused"), None),
        ("smtps", failed("connect", "timeout"), None),
        ("smtps", failed("tls_handshake", "timeout"), None),
        ("smtps", failed("tls_handshake", "tls_plaintext", b"421 4.3.0 mail Server local error"), None),
        ("smtp", failed("greeting", "header_rejected", b"421 4.3.2 No system resources"), None),
        ("smtp", failed("ehlo", "turned_away", b"421 4.7.0"), None),
        ("smtp", failed("greeting", "closed"), None),
    ],
)
def test_how_far_it_gets_tells(
    protocol: str,
    conversation: Conversation,
    refused: bool | None,  # noqa: FBT001 - a column
) -> None:
    """Each answer to the header has its meaning."""
    ruling = judge(MailProtocol(protocol), conversation)
    assert ruling.refused is refused
    assert (ruling.failure is None) is (refused is True)


async def test_a_stock_listener_answers_with_errors(tmp_path: Path) -> None:
    """The banner, three syntax errors and Bye: the header was not believed."""
    async with mail_server(tmp_path) as (_, _, tls), serving(stock_postfix) as port:
        probe = header_on_check(port, tls, MailProtocol.SUBMISSION)
        seen = probe.judge(await probe.run(Ask(node=NODE)), SPAN)
    assert seen.refused is True
    assert seen.reply == "500 5.5.2 Error: bad syntax"


@pytest.mark.parametrize("wrapper_mode", [False, True])
async def test_a_listener_that_swallows_the_header_is_found(tmp_path: Path, wrapper_mode: bool) -> None:  # noqa: FBT001
    """Whoever reaches such a port can claim any address."""
    protocol = MailProtocol.SMTPS if wrapper_mode else MailProtocol.SMTP
    async with mail_server(tmp_path, wrapper_mode=wrapper_mode) as (server, port, tls):
        probe = header_on_check(port, tls, protocol)
        seen = probe.judge(await probe.run(Ask(node=NODE)), SPAN)
    assert seen.refused is False
    assert len(server.headers) == 1
    assert server.heard[-1] == "QUIT"
