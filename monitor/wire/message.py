"""The roundtrip's message as SMTP carries it (RFC 5322), and its trace: who handed it to whom (RFC 5321, section 4.4).

The trace is in the message's header, topmost and so newest first.

Only what our own server wrote can be believed. It writes at the top, and so does whatever handles the message behind
it: a content filter on loopback, Dovecot's LMTP, which may name no address at all.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import formatdate
from typing import NamedTuple

from monitor.core.roundtrip import Letter

# A message passes a handful of relays; Postfix itself gives up at fifty (hopcount_limit).
MAX_RELAYS = 50

# ``from HELO (NAME [ADDRESS])``: helo and name cannot hold a space, so that no client can forge the address. Postfix
# writes ``[IPv6:2001:db8::1]``, Dovecot leaves the name out.
_FROM = re.compile(
    r"from (?P<helo>[^\s]{1,255}) \((?:(?P<name>[^\s\[\]()]{1,255}) )?\[(?:IPv6:)?(?P<address>[^\]\s]{2,45})\]"
)
_FROM_NAME = re.compile(r"from (?P<helo>[^\s]{1,255})")
_BY = re.compile(r"\bby (?P<by>[^\s;]{1,255})")


class Relay(NamedTuple):
    """One handing-over: the giver's own name, its name by DNS and its address, and the taker; ``""``: not said."""

    helo: str
    name: str
    address: str
    by: str


def message(letter: Letter) -> EmailMessage:
    """Write the message, headers and body."""
    made = EmailMessage()
    made["From"] = letter.sender
    made["To"] = letter.recipient
    made["Subject"] = letter.subject
    made["Date"] = formatdate(letter.at)
    made["Message-ID"] = f"<{letter.marker}@{letter.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's vacation notice shall answer
    made.set_content(letter.text)
    return made


def relays(header: bytes) -> tuple[Relay, ...]:
    """Read the ``Received`` fields of a message's header, any bytes; at most ``MAX_RELAYS``."""
    fields = BytesHeaderParser().parsebytes(header).get_all("Received") or []
    return tuple(_relay(" ".join(str(field).split())) for field in fields[:MAX_RELAYS])


def handed_over(trace: Iterable[Relay]) -> Relay | None:
    """Return the handing-over to our own server: the newest that names an address other than loopback."""
    return next(
        (relay for relay in trace if relay.address and not ipaddress.ip_address(relay.address).is_loopback), None
    )


def passed(trace: Iterable[Relay], names: Collection[str]) -> bool:
    """Whether the message came by a relay of one of these names."""
    wanted = {_plain(name) for name in names}
    return any(wanted & {_plain(relay.helo), _plain(relay.name), _plain(relay.by)} for relay in trace)


def _relay(field: str) -> Relay:
    by = _BY.search(field)
    taker = by["by"] if by else ""
    found = _FROM.match(field)
    if found is None:
        named = _FROM_NAME.match(field)
        return Relay(named["helo"] if named else "", "", "", taker)
    return Relay(found["helo"], found["name"] or "", _address(found["address"]), taker)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
