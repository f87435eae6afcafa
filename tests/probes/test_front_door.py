"""A front door: spoken to as any client would, without a header, from the address that is configured."""

from pathlib import Path

from monitor.core.model import MailProtocol, Target
from monitor.core.verdicts import Verdict
from monitor.links.tls import TlsClient
from monitor.probes.front_door import FrontDoor, FrontDoorSettings
from tests import kinds
from tests.links.certificates import NAME
from tests.probes.mail_server import SPAN, mail_server

TARGET = Target("home", kinds.FRONT_DOOR, "pfsense", "smtp")


def front_door(port: int, tls: TlsClient, source: str | None = None) -> FrontDoor:
    """Make the probe of port 25 on loopback."""
    settings = FrontDoorSettings(
        TARGET, MailProtocol.SMTP, "127.0.0.1", port, 5.0, 5.0, NAME, "mailpath.invalid", source
    )
    return FrontDoor(settings, tls)


async def test_it_speaks_without_a_header(tmp_path: Path) -> None:
    """What HAProxy would put before it is not the client's to send."""
    async with mail_server(tmp_path, proxy=False) as (server, port, tls):
        probe = front_door(port, tls)
        seen = probe.judge(await probe.run(), SPAN)
    assert (seen.target, seen.judgement.verdict) == (TARGET, Verdict.OK)
    assert server.headers == []
    assert server.heard[0] == "EHLO mailpath.invalid"
    assert server.heard[-1] == "QUIT"


async def test_it_binds_to_the_configured_address(tmp_path: Path) -> None:
    """The address that must arrive at the mail server."""
    async with mail_server(tmp_path, proxy=False) as (_, port, tls):
        conversation = await front_door(port, tls, "127.0.0.9").run()
    assert conversation.endpoints is not None
    assert conversation.endpoints.local_address == "127.0.0.9"


async def test_a_pool_that_sends_no_header_is_recognised(tmp_path: Path) -> None:
    """The server behind it waits for a header, and answers 421 4.3.0 in place of a greeting."""
    async with mail_server(tmp_path, proxy=True) as (_, port, tls):
        probe = front_door(port, tls)
        seen = probe.judge(await probe.run(), SPAN)
    assert seen.judgement.verdict is Verdict.HEADER_REJECTED
