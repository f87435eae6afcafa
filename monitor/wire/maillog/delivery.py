"""What Postfix's delivery agents write: that a message stays in the queue, since when and why, and that it has left it.

The lines are those of ``log_adhoc`` (Postfix's ``src/global/log_adhoc.c``). Recipients are read past and not kept; what
another server has said is not kept where it holds an address.
"""

import re

from monitor.core.maillog import LineKind, LogRecord, Problem
from monitor.wire.maillog.template import ADDRESS, HEAD, MAX_TEXT, PID, QUEUE_ID, clean

# In every line of theirs, and in hardly any other.
MARK = ", status="
# Seconds in the queue. What leaves it sooner was not deferred, and is most of all mail: Postfix by itself tries again
# after five minutes (minimal_backoff_time), a person who flushes the queue not sooner than this.
WAITED = 2.0
# The same by its first two characters, for nearly every line with ``MARK`` is of mail that was delivered at once: the
# pattern would cost ten times as much. A quoted recipient that holds these words is passed over.
_DELAY = ", delay="
_AT_ONCE = frozenset({"0.", "1.", "0,", "1,"})
_DEFERRED = ", status=deferred ("
_BOUNCED = ", status=bounced ("

# A quoted local part may hold anything, ``>`` too (RFC 5321, section 4.1.2).
_MAILBOX = r'<(?:[^<>"\\]|"(?:[^"\\]|\\.)*+")*+>'
_LINE = re.compile(
    rf"{HEAD}(?P<program>[^ \[]{{1,80}}/[a-z]{{1,16}})(?:{PID})?: (?P<queue_id>{QUEUE_ID}): to={_MAILBOX}, "
    rf"(?:orig_to={_MAILBOX}, )?relay=(?P<relay>[^ ,]{{1,512}}), (?:conn_use=\d{{1,9}}, )?"
    # from Postfix 3.11 on the TLS level stands here, also of a UNIX socket: ``tls=may``, ``tls=none?``
    r"delay=(?P<delay>\d{1,9}(?:\.\d{1,9})?), delays=[\d./]{7,64}, (?:tls=[^ ,]{1,128}, )?dsn=[\d.]{5,12}, "
    r"status=(?P<status>deferred|sent|bounced|expired|deliverable|undeliverable) \((?P<reason>.*)\)",
    re.ASCII,
)
_NAMED = rf"[^ \[]*\[({ADDRESS}|[\w./-]+)\]"
# ``connect to 127.0.0.1[127.0.0.1]:24: Connection refused``: the peer, where the relay is none
_PEER = re.compile(rf"(?:[a-z ]{{1,64}}: )?(?:connect to|lost connection with|conversation with|host) {_NAMED}")
_RELAY = re.compile(_NAMED)


def read_delivery(line: str) -> LogRecord | None:
    """Give the record of a delivery that was deferred, bounced or, after a wait, came to its end; else ``None``.

    ``address`` is the next server's: an IP address, a UNIX socket's name as ``private/dovecot-lmtp``, or empty.
    """
    at = line.find(_DELAY)
    if at < 0:
        return None
    at += len(_DELAY)
    if line[at : at + 2] in _AT_ONCE and _DEFERRED not in line and _BOUNCED not in line:
        return None
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    deferred = match["status"] == "deferred"
    delay = float(match["delay"])
    if delay < WAITED and not deferred and match["status"] != "bounced":
        return None
    peer = _RELAY.match(match["relay"]) or _PEER.match(match["reason"])
    return LogRecord(
        LineKind.DELIVERY_DEFERRED if deferred else LineKind.DELIVERY_ENDED,
        match["stamp"],
        match["program"],
        int(match["pid"] or 0),
        peer[1] if peer is not None else "",
        0,
        "",
        0,
        -1,
        Problem.DEFERRED if deferred else "",
        clean(f"status={match['status']}{_told(match['reason'])}"),
        match["queue_id"],
        delay,
    )


def _told(reason: str) -> str:
    return f" ({reason[: MAX_TEXT // 4]})" if reason and "@" not in reason else ""
