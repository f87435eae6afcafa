"""One message by SMTP: it is taken, or the server's own words say why not."""

import asyncio
import time
from collections.abc import Mapping

import pytest

from monitor.core.errors import LinkError, WireError
from monitor.core.roundtrip import Letter
from monitor.core.taxonomy import Reason
from monitor.links.smtp_client import SmtpClient, SmtpSettings
from monitor.wire.message import message
from tests.links.peers import serving

LETTER = Letter("monitoring@example.org", "smoke-test@example.org", "e2e-probe-01", 0.0)
USUAL = {
    "ehlo": b"250 mail\r\n",
    "mail": b"250 ok\r\n",
    "rcpt": b"250 ok\r\n",
    "data": b"354 go on\r\n",
    ".": b"250 ok\r\n",
}

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


class MailServer:
    """Answers each command as it is told; ``b""`` closes."""

    def __init__(self, **answers: bytes) -> None:
        """Answer as usual, but for these."""
        self.greeting = b"220-mail.example.org\r\n220 mail.example.org ESMTP\r\n"
        self.answers: Mapping[str, bytes] = USUAL | {"quit": b"221 bye\r\n"} | answers
        self.said: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak to one client."""
        writer.write(self.greeting)
        in_data = False
        while line := (await reader.readline()).decode().rstrip("\r\n") or "":
            self.said.append(line)
            verb = line.partition(" ")[0].lower()
            if in_data and line != ".":
                line = await self._body(reader)
                verb = "."
            answer = self.answers[verb]
            if not answer:
                return
            in_data = answer.startswith(b"354")
            writer.write(answer)
            await writer.drain()

    async def _body(self, reader: asyncio.StreamReader) -> str:
        while (line := (await reader.readline()).decode()) != ".\r\n":
            self.said.append(line.rstrip("\r\n"))
        return "."


async def send(server: MailServer, timeout: float = 5.0) -> str:  # noqa: ASYNC109 - the settings' own
    """Send the letter to a server."""
    async with serving(server.serve) as port:
        client = SmtpClient(SmtpSettings("127.0.0.1", port, "mailpath.invalid", None, timeout))
        return await client.send(message(LETTER), LETTER.sender, LETTER.recipient)


async def test_a_message_is_taken() -> None:
    """After the whole greeting, with our name, our sender and our recipient; our own address comes back."""
    server = MailServer()
    assert await send(server) == "127.0.0.1"
    assert server.said[0] == "ehlo mailpath.invalid"
    assert server.said[1].lower().startswith("mail from:<monitoring@example.org>")
    assert server.said[2].lower() == "rcpt to:<smoke-test@example.org>"
    assert "Subject: [E2E Monitor] e2e-probe-01" in server.said
    assert server.said[-1] == "quit"


async def test_the_goodbye_does_not_matter() -> None:
    """The message is the server's from its 250 on."""
    assert await send(MailServer(quit=b"")) == "127.0.0.1"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"rcpt": b"450 4.3.2 Service currently\r\n"}, "450 4.3.2 Service currently"),
        ({"mail": b"550-no\r\n550 never\r\n"}, "550 no never"),
        ({"data": b"452 4.3.1 full\r\n"}, "452 4.3.1 full"),
        ({".": b"554 5.7.1 spam\r\n"}, "554 5.7.1 spam"),
        ({"ehlo": b"502 what\r\n", "helo": b"502 what\r\n"}, "502 what"),
    ],
)
async def test_a_message_is_turned_away(answers: dict[str, bytes], words: str) -> None:
    """Wherever in the dialogue, the server's words are told."""
    with pytest.raises(WireError) as caught:
        await send(MailServer(**answers))
    assert (caught.value.reason, caught.value.detail) == (Reason.TURNED_AWAY, words)


async def test_a_greeting_that_declines() -> None:
    """421 or 554 in place of 220."""
    server = MailServer()
    server.greeting = b"421 4.3.0 later\r\n"
    with pytest.raises(WireError, match=r"421 4\.3\.0 later"):
        await send(server)


async def test_a_server_that_closes() -> None:
    """Before its greeting, as HAProxy does for an empty pool, or later."""
    server = MailServer(rcpt=b"")
    with pytest.raises(LinkError) as caught:
        await send(server)
    assert caught.value.reason is Reason.CLOSED


async def test_nobody_listens() -> None:
    """Refused."""
    client = SmtpClient(SmtpSettings("127.0.0.1", 1, "mailpath.invalid", None, 5.0))
    with pytest.raises(LinkError) as caught:
        await client.send(message(LETTER), LETTER.sender, LETTER.recipient)
    assert caught.value.reason is Reason.REFUSED


async def test_an_address_that_is_not_ours() -> None:
    """A source address that this host does not have."""
    client = SmtpClient(SmtpSettings("127.0.0.1", 1, "mailpath.invalid", "192.0.2.1", 5.0))
    with pytest.raises(LinkError) as caught:
        await client.send(message(LETTER), LETTER.sender, LETTER.recipient)
    assert caught.value.reason is Reason.LOCAL_ERROR


async def test_silence_and_drips() -> None:
    """The time is for all of it."""
    for greeting in (b"", b"220-" + b"x" * 10):
        server = MailServer()
        server.greeting = greeting
        began = time.monotonic()
        with pytest.raises(LinkError) as caught:
            await send(server, 0.3)
        assert caught.value.reason is Reason.TIMEOUT
        assert time.monotonic() - began < 20
