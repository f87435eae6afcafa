"""Lines that the runbook's servers wrote of our own connections, recorded, with another client put into them."""

import base64
import ipaddress
from collections.abc import Sequence

from monitor.core.maillog import LogRecord
from monitor.wire.maillog import MaillogParser

STAMP = "2026-11-22T09:27:01.026829+00:00 mail "
# Recorded: postscreen's whole session on 2525, a submission with seven NOOPs, an IMAP logout.
POSTSCREEN = (
    STAMP + "postfix/smtpd-proxy25/postscreen[14109]: CONNECT from [{address}]:{port} to [10.0.20.1]:25",
    STAMP + "postfix/smtpd-proxy25/postscreen[14109]: PASS NEW [{address}]:{port}",
    STAMP + "postfix/smtpd[14110]: connect from unknown[{address}]",
    STAMP + "postfix/smtpd[14110]: disconnect from unknown[{address}] ehlo=1 quit=1 commands=2",
)
SUBMISSIONS = (
    STAMP + "postfix/smtpd-proxy587/smtpd[14115]: connect from unknown[{address}]",
    STAMP + "postfix/smtpd-proxy587/smtpd[14115]: disconnect from unknown[{address}] "
    "ehlo=2 starttls=1 noop={noops} quit=1 commands=11",
)
SMTPS_LINES = (
    STAMP + "postfix/smtpd-proxy465/smtpd[14142]: disconnect from unknown[{address}] "
    "ehlo=1 noop={noops} quit=1 commands=9",
)
REJECT = (
    STAMP + "postfix/smtpd-proxy587/smtpd[14115]: NOQUEUE: reject: RCPT from unknown[{address}]: 554 5.7.1 "
    "<unknown[{address}]>: Client host rejected: Access denied; from=<> to=<{recipient}> proto=ESMTP helo=<h.invalid>",
)
DOVECOT = (
    STAMP + "dovecot: imap-login: Disconnected: Aborted login by logging out (no auth attempts in 0 secs): user=<>, "
    "rip={address}, lip={lip}, TLS, session=<{session}>",
)
RECIPIENT = "canary-00c0ffee@mailpath.invalid"


def session(address: str, port: int) -> str:
    """Make a session id as Dovecot does."""
    head = bytes(6) + port.to_bytes(2, "little")
    return base64.b64encode(head + ipaddress.ip_address(address).packed).decode()


def lines(templates: Sequence[str], address: str, **changes: str | int) -> list[LogRecord]:
    """Write lines for a client, and read them as the daemon does; port, noops, lip and recipient may be changed."""
    words: dict[str, str | int] = {"address": address, "port": 40001, "noops": 7, "lip": "10.0.20.1"}
    words |= {"recipient": RECIPIENT} | changes
    words["session"] = session(address, int(words["port"]))
    return MaillogParser().feed("".join(each.format_map(words) + "\n" for each in templates).encode())
