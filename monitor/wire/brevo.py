"""Brevo's HTTP API, version 3: what is asked of it, and what its answers mean.

Endpoints: ``POST /smtp/email`` (201, ``{"messageId": …}``), ``DELETE /smtp/blockedContacts/{email}`` (204, or 404 where
nobody is blocked). Errors are ``{"code": …, "message": …}``. https://developers.brevo.com/reference
"""

import json
from typing import NamedTuple
from urllib.parse import quote

from monitor.core.errors import WireError
from monitor.core.roundtrip import Letter
from monitor.core.taxonomy import Reason

_REFUSED_KEY = (401, 403)
_NOT_FOUND = 404
_LONGEST = 200


class Request(NamedTuple):
    """One request: the method, the path behind the API's base address, and the body."""

    method: str
    path: str
    body: bytes = b""


def send(letter: Letter) -> Request:
    """Ask for a message to be sent."""
    document = {
        "sender": {"name": "mailpath", "email": letter.sender},
        "to": [{"email": letter.recipient}],
        "subject": letter.subject,
        "textContent": letter.text,
    }
    return Request("POST", "/smtp/email", json.dumps(document).encode())


def unblock(recipient: str) -> Request:
    """Ask for a recipient to be taken off the blocklist, where a bounce of an earlier outage has put it."""
    return Request("DELETE", f"/smtp/blockedContacts/{quote(recipient, safe='')}")


def check_sent(status: int, body: bytes) -> None:
    """Judge the answer to ``send``.

    Raises:
        WireError: AUTH_FAILED: the key is not accepted; UNEXPECTED_REPLY: anything else than "accepted".
    """
    if not _is_success(status):
        raise _refusal(status, body)


def check_unblocked(status: int, body: bytes) -> None:
    """Judge the answer to ``unblock``: nobody to unblock is fine. Raises as ``check_sent`` does."""
    if not _is_success(status) and status != _NOT_FOUND:
        raise _refusal(status, body)


def _is_success(status: int) -> bool:
    return 200 <= status <= 299  # noqa: PLR2004 - RFC 9110, section 15.3


def _refusal(status: int, body: bytes) -> WireError:
    reason = Reason.AUTH_FAILED if status in _REFUSED_KEY else Reason.UNEXPECTED_REPLY
    return WireError(reason, f"Brevo answered {status}{_said(body)}", body)


def _said(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    words = [str(document[key]) for key in ("code", "message") if isinstance(document.get(key), str)]
    text = "".join(each if each.isprintable() else "?" for each in ": ".join(words))
    return f" ({text[:_LONGEST]})" if text else ""
