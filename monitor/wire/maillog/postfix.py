"""What Postfix's daemons write: postscreen, smtpd, master, and whoever fails to take mail in.

The words are those of Postfix's own sources (``src/postscreen``, ``src/smtpd``, ``src/milter``, ``src/master``,
``src/cleanup``, ``src/util``), 3.5 to 3.11. With ``respectful_logging = no``, and before 3.6, ALLOWLISTED and
DENYLISTED have their older names. A message about a client may begin with the queue id of its transaction wherever it
may begin with NOQUEUE. Left out on purpose are those that turn no mail away (``hold:``, ``reject_warning:``,
``warn:``).
"""

import re

from monitor.core.maillog import LineKind, LogRecord, PostfixVersion, Problem
from monitor.wire.maillog.template import MAYBE_QUEUED, QUEUED, Template, problem


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
_TEMPFAIL_REPLY = r"(?:451 4\.3\.\d|452 4\.3\.1|421 4\.3\.[05]) "
# What a milter has refused is written by smtpd with the reply's code, by cleanup without it. The words are Postfix's
# own for a milter that does not answer (milter_default_action = tempfail, src/milter/milter8.c); any other 4xx is the
# milter's decision, a greylist's for one.
_MILTER = _daemon("smtpd|cleanup")
_MILTER_TEMPFAIL = r"(?:4\d\d )?(?:4\.3\.\d |4\.7\.[01] (?:Service unavailable|Server closing connection))"

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
    problem(_POSTSCREEN, r"PREGREET \d{1,9} after [\d.]{1,20} from {from}: .*", Problem.PREGREET),
    problem(_POSTSCREEN, "COMMAND PIPELINING from {from} after .*", Problem.COMMAND_PIPELINING),
    problem(_POSTSCREEN, "COMMAND (?:TIME|COUNT|LENGTH) LIMIT from {from} after .*", Problem.COMMAND_LIMIT),
    problem(_POSTSCREEN, "NON-SMTP COMMAND from {from} after .*", Problem.NON_SMTP_COMMAND),
    problem(_POSTSCREEN, "BARE NEWLINE from {from} after .*", Problem.BARE_NEWLINE),
    problem(_POSTSCREEN, r"DNSBL rank \d{1,9} for {from}", Problem.DNSBL),
    problem(_POSTSCREEN, "DENYLISTED {from}", Problem.DENYLISTED),
    problem(_POSTSCREEN, "BLACKLISTED {from}", Problem.DENYLISTED),
    Template(
        _POSTSCREEN,
        LineKind.POSTSCREEN_REJECT,
        f"{QUEUED}reject: CONNECT from {{from}}: too many connections",
        Problem.RATE_LIMIT,
    ),
    Template(
        _POSTSCREEN,
        LineKind.POSTSCREEN_REJECT,
        f"{QUEUED}reject: CONNECT from {{from}}: all server ports busy",
        Problem.PORTS_BUSY,
    ),
    Template(_POSTSCREEN, LineKind.POSTSCREEN_REJECT, rf"{QUEUED}reject: {{state}} from {{from}}: \d{{3}} .*"),
    Template(
        _POSTSCREEN,
        LineKind.POSTSCREEN_REJECT,
        "reject: connect from {from}: all screening ports busy",
        Problem.PORTS_BUSY,
    ),
    problem(_POSTSCREEN, "warning: getpeername: .*", Problem.GETPEERNAME),
)

SMTPD = (
    Template(_SMTPD, LineKind.SMTPD_CONNECT, "connect from {client}"),
    # ``noop=1/3``: one of three succeeded
    Template(_SMTPD, LineKind.SMTPD_DISCONNECT, r"disconnect from {client}(?:.* noop=(?P<noops>\d{1,9}))?.*"),
    Template(
        _SMTPD,
        LineKind.SMTPD_REJECT,
        rf"{QUEUED}reject: {{state}} from {{client}}: {_TEMPFAIL_REPLY}.*",
        Problem.TEMPFAIL,
    ),
    Template(_SMTPD, LineKind.SMTPD_REJECT, rf"{QUEUED}reject: {{state}} from {{client}}: \d{{3}} .*"),
    Template(
        _SMTPD,
        LineKind.SMTPD_REJECT,
        f"{QUEUED}reject: {{state}} from {{client}}: bare <LF> received.*",
        Problem.BARE_NEWLINE,
    ),
    Template(
        _MILTER,
        LineKind.SMTPD_REJECT,
        f"{QUEUED}milter-reject: {{state}} from {{client}}: {_MILTER_TEMPFAIL}.*",
        Problem.TEMPFAIL,
    ),
    Template(
        _MILTER,
        LineKind.SMTPD_REJECT,
        rf"{QUEUED}milter-reject: {{state}} from {{client}}: (?:\d{{3}} )?\d\.\d{{1,3}}\.\d{{1,3}} .*",
    ),
    Template(_SMTPD, LineKind.SMTPD_REJECT, rf"proxy-reject: {{state}}: {_TEMPFAIL_REPLY}.*", Problem.TEMPFAIL),
    Template(_SMTPD, LineKind.SMTPD_REJECT, r"proxy-reject: {state}: \d{3} .*"),
    problem(_SMTPD, f"{MAYBE_QUEUED}lost connection after {{state}} from {{client}}", Problem.LOST_CONNECTION),
    problem(_SMTPD, f"{MAYBE_QUEUED}timeout after {{state}} from {{client}}", Problem.CLIENT_TIMEOUT),
    problem(_SMTPD, f"{MAYBE_QUEUED}too many errors after {{state}} from {{client}}", Problem.COMMAND_LIMIT),
    problem(_SMTPD, f"{QUEUED}abort: TLS from {{client}}: .*", Problem.TLS_ERROR),
    problem(_SMTPD, "warning: Wrapper-mode request dropped from {client} for service .*", Problem.TLS_ERROR),
    problem(_SMTPD, "warning: non-SMTP command from {client}: .*", Problem.NON_SMTP_COMMAND),
    problem(
        _SMTPD,
        "warning: ignoring non-empty smtpd_upstream_proxy_protocol setting behind postscreen",
        Problem.PROXY_IGNORED,
    ),
    problem(_SMTPD, "SSL_accept error from {client}: .*", Problem.TLS_ERROR),
    problem(_SMTPD, "improper command pipelining after {state} from {client}: .*", Problem.COMMAND_PIPELINING),
    problem(
        _SMTPD,
        # the reason behind it is the C library's: "Servname not supported for ai_socktype" with glibc
        "fatal: smtpd_peer_hostaddr_to_sockaddr: cannot convert client address.*",
        Problem.SERVNAME_FATAL,
    ),
)
# "Connection rate limit exceeded: 6 from unknown[192.0.2.190] for service 5587" (src/smtpd, by anvil's counts)
SMTPD_LIMITS = tuple(
    problem(_SMTPD, f"warning: {words} from {{client}} for service .*", Problem.RATE_LIMIT)
    for words in (
        r"Connection (?:rate|concurrency) limit exceeded: \d{1,9}",
        r"New TLS session rate limit exceeded: \d{1,9}",
        r"Message delivery request rate limit exceeded: \d{1,9}",
        r"Recipient address rate limit exceeded: \d{1,9}",
        r"AUTH command rate limit exceeded: \d{1,9}",
        "Refusing (?:STARTTLS|TLS service) request",
    )
)

_HEADER_READER = _daemon("postscreen|smtpd")
# "haproxy read: " and its errors (src/global/haproxy_srvr.c), then what came in place of a header, quoted.
PROXY_HEADER = (
    problem(_HEADER_READER, "warning: haproxy read: (?:timeout error|time limit exceeded)", Problem.PROXY_TIMEOUT),
    problem(_HEADER_READER, "warning: haproxy read: .*", Problem.PROXY_HEADER),
)

MASTER = (
    problem(_MASTER, r"warning: process [^ ]{1,255} pid \d{1,9} .*", Problem.PROCESS_EXIT),
    problem(_MASTER, "warning: /usr/[^ ]{1,255}: .* -- throttling", Problem.THROTTLING),
    problem(_MASTER, "warning: master_spawn: fork: .* -- throttling", Problem.THROTTLING),
    problem(_MASTER, r'warning: service "[^"]{1,64}" .{1,80} has reached its process limit .*', Problem.PROCESS_LIMIT),
    problem(_MASTER, "daemon started -- .*", Problem.SERVICE_RESTART),
    problem(_MASTER, "reload -- .*", Problem.SERVICE_RESTART),
    problem(_MASTER, r"terminating on signal \d{1,9}", Problem.SERVICE_RESTART),
)

# Services that Postfix asks while a client waits: milters (src/milter), policy services and tables (attr_clnt.c,
# auto_clnt.c and dict_tcp.c of src/util), before-queue filters (src/smtpd/smtpd_proxy.c), its own daemons (src/global),
# Dovecot's auth process (src/xsasl).
# What that does to mail the configuration says (milter_default_action): mail that is turned away leaves another line.
UNREACHABLE = tuple(
    problem(_ANY, f"warning: {words} .*", Problem.SERVICE_UNREACHABLE)
    for words in (
        r"connect (?:#\d{1,9} )?to",
        "problem (?:talking to (?:server|service)|sending file handle to|receiving)",
        r"milter [^ ]{1,255}:",
        "timeout (?:talking to proxy|sending connection to service|receiving)",
        "lost connection with proxy",
        "received garbage from proxy",
        "read TCP map reply from",
        "cannot (?:connect|pass connection) to service",
        "dict_proxy_[a-z]{1,16}: service",
        r"psc_dnsbl_request: (?:connect|error sending) to",
        "SASL: (?:Connect to|Couldn't|Protocol)",
    )
)

FATALS = (
    problem(_POSTSCREEN, "fatal: .*: unable to get exclusive lock: .*", Problem.POSTSCREEN_CACHE_LOCK),
    problem(_ANY, "fatal: .*", Problem.FATAL),
    problem(_ANY, "panic: .*", Problem.FATAL),
    # a table that cannot be opened: every lookup in it fails from then on
    problem(_INTAKE, "error: (?:open |unsupported dictionary type).*", Problem.TEMPFAIL),
)

# A warning that none of the others has claimed. A client can have smtpd quote it in a warning
# ("Illegal address syntax from ... in MAIL command: <...>"), hence no word of these is looked for further in.
TEMPFAIL = problem(
    _INTAKE,
    "warning: (?:"
    "[0-9A-Za-z]{6,32}: write queue file: .*"
    "|[0-9A-Za-z]{6,32}: [a-z_]{1,64} map lookup problem(?: for .*)? -- message not accepted, try again later"
    "|mail_queue_enter: create file .*"
    "|not enough free space in mail queue: .*"
    r"|(?:table )?[a-z]{1,16}:[^ ]{1,255} lookup error[ :].*"
    r"|(?:[a-z_]{1,64}: )?[a-z]{1,16}:[^ ]{1,255}: table lookup problem"
    r"|[a-z]{1,16}:[^ ]{1,255} is unavailable\. .*"
    "|[a-z_]{1,64} lookup failure"
    # xsasl_dovecot_server.c of src/xsasl; it is the one failure of a login that is answered with a 4xx
    "|{client}: SASL [^ ]{1,100} authentication failed: (?:Connection lost|Can't connect) to authentication server"
    "(?:, sasl_username=.*)?"
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
ALL = (*SMTPD, *SMTPD_LIMITS, *POSTSCREEN, *PROXY_HEADER, *UNREACHABLE, *MASTER, *FATALS)
