"""What Dovecot writes about IMAP: logins and their ends, PROXY headers that it did not like, its own starts.

One line a connection, by ``imap-login``, at its end or at its login; it names no listener. Dovecot 2.2 to 2.4, which
differ in the words before ``user=<``.
"""

import binascii
import re
from ipaddress import IPv6Address

from monitor.core.maillog import LineKind, LogRecord, Problem
from monitor.wire.maillog.template import ADDRESS, HEAD, PID, Template, clean

_DOVECOT = "dovecot"

# The user name is the client's own words: what stands before it and what stands behind it is read, each from its end.
_BEGINNING = re.compile(
    rf"{HEAD}dovecot(?:{PID})?: "
    "(?=imap-login: (?:Info: )?(?P<reason>(?:Login|Disconnected|Aborted login)[^<]*+)(?<=: user=)<)",
    re.ASCII,
)
_END = re.compile(rf", rip=({ADDRESS}), lip=({ADDRESS})(?:, [^<>]*+)?(?<=, session=)<([^<> ]{{0,64}})>", re.ASCII)

# The first word found in the reason tells; a TLS failure also closes the connection, and says so.
_REASONS = (
    ("SSL", Problem.TLS_ERROR),
    ("Connection closed", Problem.LOST_CONNECTION),
    ("nactivity", Problem.CLIENT_TIMEOUT),
)

_IPV4_BYTES = 4

_REFUSED = r"imap-login: (?:[A-Z][a-z]{1,8}: )?haproxy(?:\(v[12]\))?: "
_RIP = rf"rip=(?P<address>{ADDRESS})\)"

# src/lib-master/master-service-haproxy.c. ``rip`` is the TCP peer here, never a client. A version 1 header is quoted
# before the last ``rip=``.
HAPROXY = (
    Template(_DOVECOT, LineKind.PROBLEM, rf"{_REFUSED}Client timed out \({_RIP}", Problem.PROXY_TIMEOUT),
    Template(_DOVECOT, LineKind.PROBLEM, rf"{_REFUSED}Client not trusted \({_RIP}", Problem.HAPROXY_UNTRUSTED),
    Template(
        _DOVECOT,
        LineKind.PROBLEM,
        rf"{_REFUSED}Client disconnected(?:: Failed to read full header)? \({_RIP}(?:: [^()]*)?",
        Problem.HAPROXY_DISCONNECTED,
    ),
    Template(_DOVECOT, LineKind.PROBLEM, rf"{_REFUSED}.*{_RIP}", Problem.PROXY_HEADER),
)

MASTER = (
    Template(_DOVECOT, LineKind.PROBLEM, "master: Dovecot .* starting up.*", Problem.SERVICE_RESTART),
    Template(_DOVECOT, LineKind.PROBLEM, "master: Warning: Killed with signal .*", Problem.SERVICE_RESTART),
    Template(_DOVECOT, LineKind.PROBLEM, "master: Warning: SIGHUP received .*", Problem.SERVICE_RESTART),
    Template(
        _DOVECOT, LineKind.PROBLEM, r"master: Error: service\([^()]{1,64}\): .*, throttling for .*", Problem.THROTTLING
    ),
    Template(
        _DOVECOT,
        LineKind.PROBLEM,
        r"master: Warning: service\([^()]{1,64}\): (?:client|process)_limit \(\d{1,9}\) reached.*",
        Problem.PROCESS_LIMIT,
    ),
    Template(_DOVECOT, LineKind.PROBLEM, "master: (?:Fatal|Panic): .*", Problem.FATAL),
)


def session_port(session: str, address: str) -> int:
    """Give the client's port from a session id, or 0 where the id is not of this address.

    An id is base64 of 6 bytes of time, 2 of port and the address's 4 or 16, little-endian but for the address
    (``client_get_session_id`` of Dovecot's ``login-common``). A trusted proxy may hand on an id of its own.
    """
    try:
        decoded = binascii.a2b_base64(session)
        packed = decoded[8:]
        # by hand for IPv4, as ipaddress would take as long as all the rest of the line
        owner = "{}.{}.{}.{}".format(*packed) if len(packed) == _IPV4_BYTES else str(IPv6Address(packed))
    except ValueError:
        return 0
    return int.from_bytes(decoded[6:8], "little") if owner == address else 0


def read_login(line: str) -> LogRecord | None:
    """Give the record of a login or of a connection's end, or ``None`` where the line says something else."""
    beginning = _BEGINNING.match(line)
    end = _END.fullmatch(line, line.rfind(", rip=")) if beginning else None
    if beginning is None or end is None:
        return None
    stamp, pid, reason = beginning.groups("0")
    address, local_address, session = end.groups()
    return LogRecord(
        LineKind.IMAP_LOGIN,
        stamp,
        "dovecot",
        int(pid),
        address,
        session_port(session, address),
        local_address,
        0,
        -1,
        _problem_of(reason),
        clean(line[beginning.end() :]),
    )


def _problem_of(reason: str) -> str:
    for word, problem in _REASONS:
        if word in reason:
            return problem
    return ""
