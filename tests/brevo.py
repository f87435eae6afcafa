"""A stand-in for Brevo's HTTP API that follows its documentation, for the two endpoints that are used.

``POST /v3/smtp/email``: 201 and a messageId; 400 ``missing_parameter`` or ``invalid_parameter``; 401 ``unauthorized``.
``DELETE /v3/smtp/blockedContacts/{email}``: 204, or 404 ``document_not_found``. What was accepted for a recipient who
is on the blocklist is dropped without a word, as Brevo does.
"""

import asyncio
import json
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from aiohttp import web

API_KEY = "xkeysib-marked-brevo-key"
Deliver = Callable[[EmailMessage], None]


class BrevoStandIn:
    """Its state: who is blocked, what was accepted, and how what it delivers went."""

    def __init__(self, deliver: Deliver, *blocked: str, api_key: str = API_KEY) -> None:
        """Deliver by a function, in a thread; ``OSError`` means that the message stays in the queue."""
        self._deliver = deliver
        self._api_key = api_key
        self.blocked = set(blocked)
        self.loses = False
        self.accepted: list[dict[str, Any]] = []
        self.queued: list[EmailMessage] = []
        self._deliveries: set[asyncio.Future[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Give the routes."""
        return [
            web.post("/v3/smtp/email", self._send),
            web.delete("/v3/smtp/blockedContacts/{email}", self._unblock),
        ]

    async def delivered(self) -> None:
        """Wait until everything that was accepted has been delivered or queued."""
        await asyncio.gather(*self._deliveries)

    async def _send(self, request: web.Request) -> web.Response:
        if request.headers.get("api-key") != self._api_key:
            return _error(401, "unauthorized", f"Key not found: {request.headers.get('api-key')}")
        try:
            asked = await request.json()
        except json.JSONDecodeError:
            return _error(400, "invalid_parameter", "The request body is not valid JSON")
        missing = [key for key in ("sender", "to", "subject", "textContent") if not asked.get(key)]
        if missing:
            return _error(400, "missing_parameter", f"{missing[0]} is missing")
        self.accepted.append(asked)
        message = _message(asked, len(self.accepted))
        if not self.loses and asked["to"][0]["email"] not in self.blocked:
            delivery = asyncio.get_running_loop().run_in_executor(None, self._try, message)
            self._deliveries.add(delivery)
        return web.json_response({"messageId": message["Message-ID"]}, status=201)

    async def _unblock(self, request: web.Request) -> web.Response:
        if request.headers.get("api-key") != self._api_key:
            return _error(401, "unauthorized", "Key not found")
        email = request.match_info["email"]
        if email not in self.blocked:
            return _error(404, "document_not_found", "Contact not found")
        self.blocked.remove(email)
        return web.Response(status=204)

    def _try(self, message: EmailMessage) -> None:
        try:
            self._deliver(message)
        except (OSError, ValueError, StopIteration):
            self.queued.append(message)


def _message(asked: dict[str, Any], number: int) -> EmailMessage:
    made = EmailMessage()
    made["From"] = asked["sender"]["email"]
    made["To"] = asked["to"][0]["email"]
    made["Subject"] = asked["subject"]
    made["Date"] = formatdate()
    made["Message-ID"] = f"<{number}@smtp-relay.example.net>"
    made.set_content(asked["textContent"])
    return made


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)
