"""The relay canary: what the answers to RCPT mean, and what the server is told."""

from pathlib import Path

import pytest

from monitor.core.conversation import Conversation
from monitor.core.model import MailProtocol, Target
from monitor.core.proof import Ask
from monitor.core.taxonomy import Phase, Reason
from monitor.links.tls import TlsClient
from monitor.probes.claim import Claim
from monitor.probes.negative_probe import NegativeSettings
from monitor.probes.relay_canary import RECIPIENT, RelayCanary, judge
from tests import kinds
from tests.links.certificates import NAME
from tests.probes.mail_server import NODE, SPAN, complete, failed, mail_server

TARGET = Target("home", kinds.RELAY_CANARY, "", "smtp")


def canary(port: int, tls: TlsClient) -> RelayCanary:
    """Make the canary of a path."""
    settings = NegativeSettings(TARGET, MailProtocol.SMTP, port, 5.0, NAME, "mailpath.invalid")
    return RelayCanary(settings, Claim("192.0.2.77", ("10.0.20.1", 25)), tls)


@pytest.mark.parametrize(
    ("reply", "refused", "reason"),
    [
        ("554 5.7.1 <relay-canary@example.net>: Relay access denied", True, None),
        ("550 5.7.1 Relaying denied", True, None),
        ("454 4.7.1 <relay-canary@example.net>: Relay access denied", True, None),
        ("530 5.7.0 Must issue a STARTTLS command first", True, None),
        ("250 2.1.5 Ok", False, Reason.ACCEPTED),
        ("251 2.1.5 User not local; will forward", False, Reason.ACCEPTED),
        # not now, whoever asks: postscreen's own engine, a full disk, a broken lookup
        ("450 4.3.2 Service currently unavailable", None, Reason.TURNED_AWAY),
        ("452 4.3.1 Insufficient system storage", None, Reason.TURNED_AWAY),
        ("451 4.3.0 <relay-canary@example.net>: Temporary lookup failure", None, Reason.TURNED_AWAY),
        ("354 go on", None, Reason.UNEXPECTED_REPLY),
        ("", None, Reason.UNEXPECTED_REPLY),
    ],
)
def test_the_reply_tells(reply: str, refused: bool | None, reason: Reason | None) -> None:  # noqa: FBT001 - a column
    """A refusal is what must be, 2xx is an open relay, and "not now" proves nothing."""
    ruling = judge(complete(reply))
    assert ruling.refused is refused
    assert (ruling.failure.reason if ruling.failure else None) is reason


@pytest.mark.parametrize(
    "conversation",
    [
        failed("connect", "refused"),
        failed("greeting", "timeout"),
        failed("ehlo", "turned_away", b"421 4.7.0"),
        failed("proof", "unexpected_reply", b"421 4.3.0"),
        failed("starttls", "starttls_not_offered"),
    ],
)
def test_a_round_that_does_not_get_as_far_proves_nothing(conversation: Conversation) -> None:
    """Neither refused nor accepted, and its own failure says why."""
    ruling = judge(conversation)
    assert ruling.refused is None
    assert ruling.failure is conversation.failure


async def test_a_server_that_denies_is_content(tmp_path: Path) -> None:
    """It claims its own client address, speaks through STARTTLS, resets and quits, and never sends DATA."""
    async with mail_server(tmp_path) as (server, port, tls):
        probe = canary(port, tls)
        seen = probe.judge(await probe.run(Ask(node=NODE)), SPAN)
    assert seen.refused is True
    assert seen.ok
    assert (seen.node, seen.target) == ("k8s-node1", TARGET)
    assert seen.reply == f"554 5.7.1 <{RECIPIENT}>: Relay access denied"
    (header,) = server.headers
    assert header.source is not None
    assert str(header.source.address) == "192.0.2.77"
    spoken = ["EHLO mailpath.invalid", "STARTTLS", "EHLO mailpath.invalid", "MAIL FROM:<>", f"RCPT TO:<{RECIPIENT}>"]
    assert server.heard == [*spoken, "RSET", "QUIT"]


async def test_an_open_relay_is_found(tmp_path: Path) -> None:
    """A server that takes the recipient has failed, and still nothing is sent through it."""
    async with mail_server(tmp_path, RCPT=b"250 2.1.5 Ok\r\n") as (server, port, tls):
        probe = canary(port, tls)
        seen = probe.judge(await probe.run(Ask(node=NODE)), SPAN)
    assert seen.refused is False
    assert seen.failure is not None
    assert (seen.failure.phase, seen.failure.reason) == (Phase.PROOF, Reason.ACCEPTED)
    assert seen.reply == "250 2.1.5 Ok"
    assert server.heard[-2:] == ["RSET", "QUIT"]
    assert "DATA" not in server.heard
