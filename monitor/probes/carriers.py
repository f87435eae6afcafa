"""Who can take the roundtrip's message to the front door: Brevo, from outside, or we ourselves, from inside."""

from monitor.core.errors import LinkError, WireError
from monitor.core.roundtrip import Letter
from monitor.links.http_client import Answer, request
from monitor.links.smtp_client import SmtpClient
from monitor.wire import brevo
from monitor.wire.message import message


class Brevo:
    """Brevo's HTTP API: the only carrier that tries WAN, NAT and MX as well, for its servers are on the internet."""

    def __init__(self, url: str, api_key: str, timeout: float) -> None:
        """Ask at ``url`` (without a slash at its end) with this key; ``timeout`` in seconds, for each request."""
        self._url = url
        self._api_key = api_key
        self._timeout = timeout
        self.note = ""

    async def send(self, letter: Letter) -> str:
        """Take the recipient off the blocklist, and have the message sent. Raises as ``Carrier`` says.

        A bounce puts the recipient on Brevo's blocklist, and from then on Brevo drops what it accepts. Whether
        unblocking works is told by ``note``, and by whether the message arrives.
        """
        try:
            answer = await self._ask(brevo.unblock(letter.recipient))
            brevo.check_unblocked(answer.status, answer.body)
        except (LinkError, WireError) as error:
            self.note = f"the recipient could not be taken off Brevo's blocklist ({error})"
        answer = await self._ask(brevo.send(letter))
        brevo.check_sent(answer.status, answer.body)
        return ""

    async def _ask(self, asked: brevo.Request) -> Answer:
        headers = {"api-key": self._api_key, "accept": "application/json", "content-type": "application/json"}
        url = f"{self._url}{asked.path}"
        return await request(asked.method, url, within=self._timeout, body=asked.body, headers=headers)


class FrontDoor:
    """SMTP through the edge's own frontend: proves neither WAN nor MX, but everything behind them."""

    note = ""

    def __init__(self, client: SmtpClient) -> None:
        """Give messages to this server."""
        self._client = client

    async def send(self, letter: Letter) -> str:
        """Send. Gives and raises as ``Carrier`` says."""
        return await self._client.send(message(letter), letter.sender, letter.recipient)
