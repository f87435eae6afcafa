"""What Postfix's daemons write: postscreen, smtpd, master, and whoever fails to take mail in.

The words are those of Postfix's own sources (``src/postscreen``, ``src/smtpd``, ``src/master``, ``src/cleanup``), 3.5
to 3.10. With ``respectful_logging = no``, and before 3.6, ALLOWLISTED and DENYLISTED have their older names.
"""

import re

from monitor.core.maillog import LineKind, LogRecord, PostfixVersion, Problem
from monitor.wire.maillog.template import Template


def _daemon(names: str) -> str:
    """Match a daemon under any ``syslog_name``: ``postfix/smtpd``, ``postfix/smtpd-proxy465/smtpd``."""
    return rf"[^ \[]{{1,80}}/(?:{names})"


_POSTSCREEN = _daemon("postscreen")
_SMTPD = _daemon("smtpd")
_MASTER = _daemon("master")
# Those that take mail in: outside of them a lookup or file that fails delays mail, but turns none away.
_INTAKE = _daemon("smtpd|cleanup|trivial-rewrite|proxymap|pickup")
_ANY = _daemon("postscreen|smtpd|master|cleanup|qmgr|trivial-rewrite|proxymap|tlsproxy|tlsmgr|anvil|dnsblog|verify")

# A reply that says: not your fault, not now (RFC 3463, class 4, subject 3: mail system status).
_TEMPFAIL_REPLY = r"(?:451 4\.3\.\d|452 4\.3\.1|421 4\.3\.0) "

POSTSCREEN = (
    Template(_POSTSCREEN, LineKind.POSTSCREEN_CONNECT, "CONNECT from {from} to {to}"),
    Template(_POSTSCREEN, LineKind.POSTSCREEN_PASS, "PASS (?:NEW|OLD) {from}"),
    Template(_POSTSCREEN, LineKind.POSTSCREEN_PASS, "ALLOWLISTED {from}"),
    Template(_POSTSCREEN, LineKind.POSTSCREEN_PASS, "WHITELISTED {from}"),
    Template(_POSTSCREEN, LineKind.POSTSCREEN_DISCONNECT, "DISCONNECT {from}"),
    Template(
        _POSTSCREEN,
        LineKind.POSTSCREEN_DISCONNECT,
        r"HANGUP after [\d.]{1,20} from {from} in .*",
        Problem.LOST_CONNECTION,
    ),
    Template(_POSTSCREEN, LineKind.PROBLEM, r"PREGREET \d{1,9} after [\d.]{1,20} from {from}: .*", Problem.PREGREET),
    Template(_POSTSCREEN, LineKind.PROBLEM, "COMMAND PIPELINING from {from} after .*", Problem.COMMAND_PIPELINING),
    Template(
        _POSTSCREEN,
        LineKind.PROBLEM,
        "COMMAND (?:TIME|COUNT|LENGTH) LIMIT from {from} after .*",
        Problem.COMMAND_LIMIT,
    ),
    Template(_POSTSCREEN, LineKind.PROBLEM, "NON-SMTP COMMAND from {from} after .*", Problem.NON_SMTP_COMMAND),
    Template(_POSTSCREEN, LineKind.PROBLEM, "BARE NEWLINE from {from} after .*", Problem.BARE_NEWLINE),
    Template(_POSTSCREEN, LineKind.PROBLEM, r"DNSBL rank \d{1,9} for {from}", Problem.DNSBL),
    Template(_POSTSCREEN, LineKind.PROBLEM, "DENYLISTED {from}", Problem.DENYLISTED),
    Template(_POSTSCREEN, LineKind.PROBLEM, "BLACKLISTED {from}", Problem.DENYLISTED),
    Template(
        _POSTSCREEN,
        LineKind.POSTSCREEN_REJECT,
        "NOQUEUE: reject: CONNECT from {from}: too many connections",
        Problem.RATE_LIMIT,
    ),
    Template(
        _POSTSCREEN,
        LineKind.POSTSCREEN_REJECT,
        "NOQUEUE: reject: CONNECT from {from}: all server ports busy",
        Problem.PORTS_BUSY,
    ),
    Template(_POSTSCREEN, LineKind.POSTSCREEN_REJECT, r"NOQUEUE: reject: {state} from {from}: \d{3} .*"),
    Template(
        _POSTSCREEN,
        LineKind.POSTSCREEN_REJECT,
        "reject: connect from {from}: all screening ports busy",
        Problem.PORTS_BUSY,
    ),
    Template(_POSTSCREEN, LineKind.PROBLEM, "warning: getpeername: .*", Problem.GETPEERNAME),
)

SMTPD = (
    Template(_SMTPD, LineKind.SMTPD_CONNECT, "connect from {client}"),
    # ``noop=1/3``: one of three succeeded
    Template(_SMTPD, LineKind.SMTPD_DISCONNECT, r"disconnect from {client}(?:.* noop=(?P<noops>\d{1,9}))?.*"),
    Template(
        _SMTPD,
        LineKind.SMTPD_REJECT,
        rf"NOQUEUE: reject: {{state}} from {{client}}: {_TEMPFAIL_REPLY}.*",
        Problem.TEMPFAIL,
    ),
    Template(_SMTPD, LineKind.SMTPD_REJECT, r"NOQUEUE: reject: {state} from {client}: \d{3} .*"),
    Template(_SMTPD, LineKind.PROBLEM, "lost connection after {state} from {client}", Problem.LOST_CONNECTION),
    Template(_SMTPD, LineKind.PROBLEM, "timeout after {state} from {client}", Problem.CLIENT_TIMEOUT),
    Template(_SMTPD, LineKind.PROBLEM, "SSL_accept error from {client}: .*", Problem.TLS_ERROR),
    Template(
        _SMTPD,
        LineKind.PROBLEM,
        "improper command pipelining after {state} from {client}: .*",
        Problem.COMMAND_PIPELINING,
    ),
    Template(
        _SMTPD,
        LineKind.PROBLEM,
        r"fatal: smtpd_peer_hostaddr_to_sockaddr: .*: Servname not supported for ai_socktype",
        Problem.SERVNAME_FATAL,
    ),
)
# "Connection rate limit exceeded: 6 from unknown[192.0.2.190] for service 5587" (src/smtpd, by anvil's counts)
SMTPD_LIMITS = tuple(
    Template(
        _SMTPD,
        LineKind.PROBLEM,
        rf"warning: {what} limit exceeded: \d{{1,9}} from {{client}} for service .*",
        Problem.RATE_LIMIT,
    )
    for what in (
        "Connection (?:rate|concurrency)",
        "New TLS session rate",
        "Message delivery request rate",
        "Recipient address rate",
        "AUTH command rate",
    )
)

# "haproxy read: " and its errors (src/global/haproxy_srvr.c), then what came in place of a header, quoted.
PROXY_HEADER = (
    Template(
        _daemon("postscreen|smtpd"),
        LineKind.PROBLEM,
        "warning: haproxy read: (?:timeout error|time limit exceeded)",
        Problem.PROXY_TIMEOUT,
    ),
    Template(_daemon("postscreen|smtpd"), LineKind.PROBLEM, "warning: haproxy read: .*", Problem.PROXY_HEADER),
)

MASTER = (
    Template(_MASTER, LineKind.PROBLEM, r"warning: process [^ ]{1,255} pid \d{1,9} .*", Problem.PROCESS_EXIT),
    Template(_MASTER, LineKind.PROBLEM, "warning: /usr/[^ ]{1,255}: .* -- throttling", Problem.THROTTLING),
    Template(
        _MASTER,
        LineKind.PROBLEM,
        r'warning: service "[^"]{1,64}" .{1,80} has reached its process limit .*',
        Problem.PROCESS_LIMIT,
    ),
    Template(_MASTER, LineKind.PROBLEM, "daemon started -- .*", Problem.SERVICE_RESTART),
    Template(_MASTER, LineKind.PROBLEM, "reload -- .*", Problem.SERVICE_RESTART),
    Template(_MASTER, LineKind.PROBLEM, r"terminating on signal \d{1,9}", Problem.SERVICE_RESTART),
)

FATALS = (
    Template(
        _POSTSCREEN,
        LineKind.PROBLEM,
        "fatal: .*: unable to get exclusive lock: .*",
        Problem.POSTSCREEN_CACHE_LOCK,
    ),
    Template(_ANY, LineKind.PROBLEM, "fatal: .*", Problem.FATAL),
    Template(_ANY, LineKind.PROBLEM, "panic: .*", Problem.FATAL),
)

# A warning that none of the others has claimed. A client can have smtpd quote it in a warning
# ("Illegal address syntax from ... in MAIL command: <...>"), hence no word of these is looked for further in.
TEMPFAIL = Template(
    _INTAKE,
    LineKind.PROBLEM,
    "warning: (?:"
    "[0-9A-Za-z]{6,32}: write queue file: .*"
    "|[0-9A-Za-z]{6,32}: [a-z_]{1,64} map lookup problem(?: for .*)? -- message not accepted, try again later"
    "|mail_queue_enter: create file .*"
    "|not enough free space in mail queue: .*"
    r"|(?:table )?[a-z]{1,16}:[^ ]{1,255} lookup error[ :].*"
    r"|[a-z]{1,16}:[^ ]{1,255}: table lookup problem"
    ")",
    Problem.TEMPFAIL,
)

# src/master/master.c: "daemon started -- version %s, configuration %s", and "reload -- " in the same words
_RELEASE = re.compile(r"(?:daemon started|reload) -- version (\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?=[-,])", re.ASCII)


def version_of(record: LogRecord) -> PostfixVersion | None:
    """Read which release of Postfix has just started or reloaded; ``None`` where the line says nothing of it."""
    named = _RELEASE.match(record.text)
    return None if named is None else (int(named[1]), int(named[2]), int(named[3] or 0))


# smtpd before postscreen: where both reject in the same words, smtpd does so far more often.
ALL = (*SMTPD, *SMTPD_LIMITS, *POSTSCREEN, *PROXY_HEADER, *MASTER, *FATALS)
