"""What Dovecot writes about IMAP: logins and their ends, PROXY headers that it did not like, its own starts.

One line a connection, by ``imap-login``, at its end or at its login; it names no listener. Dovecot 2.2 to 2.4, which
differ in the words before the fields. Which fields there are and in what order is up to ``login_log_format_elements``,
so they are read by name. They are joined by ``", "`` and left out where they are empty (``client_get_log_str`` of
``src/login-common/client-common.c``).
"""

import binascii
import re
from ipaddress import IPv6Address

from monitor.core.maillog import LineKind, LogRecord, Problem
from monitor.wire.maillog.template import ADDRESS, HEAD, PID, clean, problem

_DOVECOT = "dovecot"
# Where several run on one host, each logs under its own ``instance_name``.
_INSTANCE = r"[\w.-]{1,64}"

# A login, or the end of a connection without one: the one line that each connection leaves. ``Login failed:`` and the
# warnings before an end are no ends.
_BEGINNING = re.compile(
    rf"{HEAD}(?P<program>{_INSTANCE})(?:{PID})?: (?=imap-login: (?:(?:Info|Error): )?"
    "(?:Log(?:in|ged in): |Disconnected|Login aborted|Aborted login|Failed to initialize SSL|Maximum number of conn))",
    re.ASCII,
)
# The user name is the client's own words: what stands before it and what stands behind it is read, each from its end.
_USER = "user=<"
# The fields as they come by default, and with words about the cipher behind them.
_END = re.compile(
    rf", rip=({ADDRESS}), lip=({ADDRESS})(?:, [^<>]*+)?(?<=, session=)<([^<> ]{{0,64}})>(?:, [^<>]*+)?", re.ASCII
)
# Each by its name, wherever it stands.
_RIP_FIELD, _LIP_FIELD = (re.compile(rf"(?:[,:] |\A){name}=({ADDRESS})(?=,|\Z)", re.ASCII) for name in ("rip", "lip"))
_TAIL = re.compile(r"(?:, [^<>,]*+(?:<[^<>]*>)?)*+", re.ASCII)
_SESSION_FIELD = re.compile(r"(?:[,:] |\A)session=<([^<> ]{0,64})>(?=,|\Z)", re.ASCII)

# Every login begins so, and its reason is read no further.
_LOGGED_IN = ("imap-login: Logged in: ", "imap-login: Login: ")
# The first word found in the reason tells; a TLS failure also closes the connection, and says so. Who leaves after a
# wrong password has had the server's answer. Of ``mail_max_userip_connections`` Dovecot's anvil keeps count.
_REASONS: tuple[tuple[str, Problem | None], ...] = (
    ("SSL", Problem.TLS_ERROR),
    ("TLS initialization", Problem.TLS_ERROR),
    ("queue full", Problem.PROCESS_LIMIT),
    ("process_limit was hit", Problem.PROCESS_LIMIT),
    ("Maximum number of connections from user+IP", Problem.RATE_LIMIT),
    ("auth process communication failure", Problem.SERVICE_UNREACHABLE),
    ("auth service reported temporary failure", Problem.SERVICE_UNREACHABLE),
    ("nactivity", Problem.CLIENT_TIMEOUT),
    ("auth failed", None),
    ("Connection closed", Problem.LOST_CONNECTION),
)

_IPV4_BYTES = 4

_REFUSED = r"imap-login: (?:[A-Z][a-z]{1,8}: )?haproxy(?:\(v[12]\))?: "
_RIP = rf"rip=(?P<address>{ADDRESS})\)"

_CHILD = r"service\([^()]{1,64}\): child \d{1,9} "

# Of the login process, beside the lines of its clients. PROXY headers: src/lib-master/master-service-haproxy.c.
# ``rip`` is the TCP peer here, never a client; a version 1 header is quoted before the last ``rip=``. It is empty where
# the peer had gone before Dovecot (2.4.2 and newer) asked who it is: a check by HAProxy, no distrust. What became of a
# process: src/master/service-process.c, in the name of that process.
LOGIN = (
    problem(_INSTANCE, rf"{_REFUSED}Client [a-zA-Z ]{{1,64}} \(rip=\)(?:: [^()]*)?", Problem.EDGE_CHECK_NOISE),
    problem(_INSTANCE, rf"{_REFUSED}Client timed out \({_RIP}", Problem.PROXY_TIMEOUT),
    problem(_INSTANCE, rf"{_REFUSED}Client not trusted \({_RIP}", Problem.HAPROXY_UNTRUSTED),
    problem(
        _INSTANCE,
        rf"{_REFUSED}Client disconnected(?:: Failed to read full header)? \({_RIP}(?:: [^()]*)?",
        Problem.HAPROXY_DISCONNECTED,
    ),
    problem(_INSTANCE, rf"{_REFUSED}.*{_RIP}", Problem.PROXY_HEADER),
    problem(_INSTANCE, f"imap-login: (?:Fatal|Error): master: {_CHILD}.*", Problem.PROCESS_EXIT),
    problem(_INSTANCE, "imap-login: (?:Fatal|Panic): .*", Problem.FATAL),
)

# Without it nobody logs in.
AUTH = (
    problem(_DOVECOT, f"auth: (?:Fatal|Error): master: {_CHILD}.*", Problem.PROCESS_EXIT),
    problem(_DOVECOT, "auth: (?:Fatal|Panic): .*", Problem.FATAL),
)

MASTER = (
    problem(_DOVECOT, "master: Dovecot .* starting up.*", Problem.SERVICE_RESTART),
    problem(_DOVECOT, "master: Warning: Killed with signal .*", Problem.SERVICE_RESTART),
    problem(_DOVECOT, "master: Warning: SIGHUP received .*", Problem.SERVICE_RESTART),
    problem(_DOVECOT, r"master: Error: service\([^()]{1,64}\): .*, throttling for .*", Problem.THROTTLING),
    problem(_DOVECOT, f"master: Error: {_CHILD}.*", Problem.PROCESS_EXIT),
    # ``client_limit/service_count (1)``, and since 2.4 ``client_limit/restart_request_count (1)``
    problem(
        _DOVECOT,
        r"master: Warning: service\([^()]{1,64}\): (?:client|process)_limit(?:/[a-z_]{1,32})? \(\d{1,9}\) reached.*",
        Problem.PROCESS_LIMIT,
    ),
    problem(_DOVECOT, "master: (?:Fatal|Panic): .*", Problem.FATAL),
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
    if beginning is None:
        return None
    message = beginning.end()
    user = line.find(_USER, message)
    # where the user name is the first field, as it is by default, all others stand behind it
    end = _END.fullmatch(line, line.rfind(", rip=")) if line.startswith(": ", user - 2) else None
    fields = end.groups() if end is not None else _fields_by_name(line[message:])
    if fields is None:
        return None
    address, local_address, session = fields
    stamp, program, pid = beginning.groups("0")
    return LogRecord(
        LineKind.IMAP_LOGIN,
        stamp,
        program,
        int(pid),
        address,
        session_port(session, address),
        local_address,
        0,
        -1,
        _problem_of(line[message:user] if user >= 0 else line[message:]),
        clean(line[message:]),
    )


def _fields_by_name(message: str) -> tuple[str, ...] | None:
    """Find rip, lip and session on either side of the user name; ``None`` without the first, or where two differ."""
    before, named, after = message.partition(_USER)
    tail = _behind_user(after) if named else ""
    if tail is None:
        return None
    found = []
    for pattern in (_RIP_FIELD, _LIP_FIELD, _SESSION_FIELD):
        values = set(pattern.findall(before) or pattern.findall(tail))
        if len(values) > 1:
            return None
        found.append(values.pop() if values else "")
    return tuple(found) if found[0] else None


def _behind_user(after: str) -> str | None:
    """Cut the user name off: it ends at the last ``>`` but for the session's; ``None`` where it does not end."""
    end = after.rfind(">")
    opened = after.rfind("<", 0, end)
    if after.endswith(", session=", 0, max(opened, 0)):
        end = after.rfind(">", 0, opened)
    return after[end + 1 :] if end >= 0 and _TAIL.fullmatch(after, end + 1) else None


def _problem_of(reason: str) -> str:
    if not reason.startswith(_LOGGED_IN):
        for word, problem in _REASONS:
            if word in reason:
                return problem or ""
    return ""
