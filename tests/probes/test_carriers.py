"""Brevo, as its documentation says, and our own way by SMTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.core.errors import LinkError, WireError
from monitor.core.roundtrip import Letter
from monitor.core.taxonomy import Reason
from monitor.links.smtp_client import SmtpClient, SmtpSettings
from monitor.probes.carriers import Brevo, FrontDoor
from tests.brevo import API_KEY, BrevoStandIn

LETTER = Letter("monitoring@example.org", "smoke+test@example.org", "e2e-probe-01", 0.0)


@asynccontextmanager
async def brevo(*blocked: str, key: str = API_KEY) -> AsyncIterator[tuple[BrevoStandIn, Brevo, list[EmailMessage]]]:
    """Give a stand-in, its client, and what was delivered."""
    delivered: list[EmailMessage] = []
    stand_in = BrevoStandIn(delivered.append, *blocked)
    app = web.Application()
    app.add_routes(stand_in.routes())
    async with TestServer(app) as server:
        yield stand_in, Brevo(f"http://127.0.0.1:{server.port}/v3", key, 5.0), delivered
        await stand_in.delivered()


async def test_a_message_is_sent() -> None:
    """With its sender, its recipient and its subject; nobody to unblock is no note."""
    async with brevo() as (stand_in, carrier, delivered):
        assert await carrier.send(LETTER) == ""
        await stand_in.delivered()
        (message,) = delivered
        assert (message["From"], message["To"]) == (LETTER.sender, LETTER.recipient)
        assert message["Subject"] == LETTER.subject
        assert carrier.note == ""


async def test_a_blocked_recipient_is_unblocked_first() -> None:
    """Else Brevo would drop what it accepts."""
    async with brevo(LETTER.recipient) as (stand_in, carrier, delivered):
        await carrier.send(LETTER)
        await stand_in.delivered()
        assert (stand_in.blocked, len(delivered)) == (set(), 1)


async def test_a_wrong_key() -> None:
    """Brevo's words are told; what cannot be unblocked is a note, and sending is tried all the same."""
    async with brevo(key="wrong") as (stand_in, carrier, _):
        with pytest.raises(WireError) as caught:
            await carrier.send(LETTER)
        assert caught.value.reason is Reason.AUTH_FAILED
        assert carrier.note.startswith("the recipient could not be taken off Brevo's blocklist (auth_failed: ")
        assert stand_in.accepted == []


async def test_brevo_is_not_there() -> None:
    """Refused."""
    with pytest.raises(LinkError) as caught:
        await Brevo("http://127.0.0.1:1/v3", API_KEY, 5.0).send(LETTER)
    assert caught.value.reason is Reason.REFUSED


async def test_the_front_door_is_spoken_to_by_smtp() -> None:
    """What it says comes back as it is."""
    client = SmtpClient(SmtpSettings("127.0.0.1", 1, "mailpath.invalid", None, 5.0))
    with pytest.raises(LinkError) as caught:
        await FrontDoor(client).send(LETTER)
    assert caught.value.reason is Reason.REFUSED
