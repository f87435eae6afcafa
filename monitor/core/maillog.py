"""What a line of the mail log says, one record per line of interest."""

from enum import StrEnum
from typing import NamedTuple

PostfixVersion = tuple[int, int, int]
"""A release of Postfix as it compares: 3.11.7 is ``(3, 11, 7)``; of a snapshot (3.12-20260821) the last part is 0."""


class LineKind(StrEnum):
    """What happened, in the words of Postfix and Dovecot."""

    POSTSCREEN_CONNECT = "postscreen_connect"  # CONNECT from [a]:p to [a]:p
    POSTSCREEN_PASS = "postscreen_pass"  # noqa: S105 - PASS NEW, PASS OLD, ALLOWLISTED: no password
    POSTSCREEN_DISCONNECT = "postscreen_disconnect"  # DISCONNECT, HANGUP
    POSTSCREEN_REJECT = "postscreen_reject"  # NOQUEUE: reject: ... from [a]:p
    SMTPD_CONNECT = "smtpd_connect"  # connect from name[a]
    SMTPD_DISCONNECT = "smtpd_disconnect"  # disconnect from name[a] ehlo=1 noop=3 quit=1 commands=5
    SMTPD_REJECT = "smtpd_reject"  # NOQUEUE: reject: ... from name[a], and milter-reject:, with a queue id too
    IMAP_LOGIN = "imap_login"  # imap-login: Login / Logged in / Disconnected ... rip=, lip=, session=<>
    DELIVERY_DEFERRED = "delivery_deferred"  # 4F2A1: to=<...>, relay=..., delay=..., status=deferred (...)
    DELIVERY_ENDED = "delivery_ended"  # the same with sent or expired, after a wait, or bounced
    PROBLEM = "problem"  # see ``problem``


CONNECTIONS = frozenset({LineKind.POSTSCREEN_CONNECT, LineKind.SMTPD_CONNECT, LineKind.IMAP_LOGIN})
"""The one line that each connection leaves at its beginning; Dovecot's may come at its end."""


class Problem(StrEnum):
    """What is wrong, the closed set of ``maillog_problems_total``: one label a line, by the line's text alone.

    Whose fault it is depends on networks that a parser does not know. A later stage, which knows them, may therefore
    re-label ``GETPEERNAME`` (of the stock ``postfix/postscreen``), ``HAPROXY_DISCONNECTED``, ``LOST_CONNECTION``,
    ``TLS_ERROR`` and ``RATE_LIMIT`` as ``EDGE_CHECK_NOISE`` where the client is a node or an edge, and
    ``LOST_CONNECTION`` as ``KUBELET_PROBE`` where it is the node's kubelet. No other label changes.
    """

    # what the PROXY header, or its absence, does
    GETPEERNAME = "getpeername"  # a check of HAProxy at a PROXY port of postscreen, for want of a `check port`
    SERVNAME_FATAL = "servname_fatal"  # smtpd dies of checks of HAProxy, for want of a `check port`
    PROXY_TIMEOUT = "proxy_timeout"  # no header came in time
    PROXY_HEADER = "proxy_header"  # something else came, or end of file; the text says what
    HAPROXY_UNTRUSTED = "haproxy_untrusted"  # the sender is outside Dovecot's haproxy_trusted_networks
    HAPROXY_DISCONNECTED = "haproxy_disconnected"  # Dovecot's peer left before its header was whole
    PROXY_IGNORED = "proxy_ignored"  # smtpd behind postscreen is told to expect a header that postscreen has read
    # what the server does to itself
    THROTTLING = "throttling"  # a daemon fails at start, and is not started again for a minute
    PROCESS_EXIT = "process_exit"  # master has lost a process by exit status or signal
    PROCESS_LIMIT = "process_limit"  # a service runs as many processes or clients as it may
    FATAL = "fatal"  # any other fatal or panic of a daemon
    POSTSCREEN_CACHE_LOCK = "postscreen_cache_lock"  # two postscreens share one cache, one of them is dead
    SERVICE_RESTART = "service_restart"  # Postfix or Dovecot started, reloaded or was told to end
    # mail is turned away for now: 451 4.3.x, 452 4.3.1, queue file, lookup, milter failures, no answer to SMTP AUTH
    TEMPFAIL = "tempfail"
    SERVICE_UNREACHABLE = "service_unreachable"  # a milter, policy, login or other service does not answer the server
    DEFERRED = "deferred"  # a message stays in the queue: its next server, ours or another's, does not take it
    # what clients do
    PREGREET = "pregreet"  # spoke before the greeting
    COMMAND_PIPELINING = "command_pipelining"  # sent commands without waiting for the answers
    NON_SMTP_COMMAND = "non_smtp_command"  # sent what only a web browser or a relaying bot sends
    BARE_NEWLINE = "bare_newline"  # ended a line by LF alone
    COMMAND_LIMIT = "command_limit"  # more, longer, slower or more faulty commands than Postfix accepts
    DNSBL = "dnsbl"  # listed by a blocklist
    DENYLISTED = "denylisted"  # refused by postscreen_access_list
    RATE_LIMIT = "rate_limit"  # more connections, messages or recipients than anvil allows, Postfix's or Dovecot's
    PORTS_BUSY = "ports_busy"  # all of postscreen's or smtpd's processes were taken
    LOST_CONNECTION = "lost_connection"  # left without QUIT or LOGOUT
    CLIENT_TIMEOUT = "client_timeout"  # fell silent
    TLS_ERROR = "tls_error"  # the TLS handshake failed
    # whose checks they are
    # smtpd's unknown[unknown], Dovecot's empty rip=: gone before it was looked at, as a TCP check is
    EDGE_CHECK_NOISE = "edge_check_noise"
    KUBELET_PROBE = "kubelet_probe"  # never by text


class LogRecord(NamedTuple):
    """One line of interest.

    ``stamp`` is the time as the mail log wrote it (any format), ``program`` the syslog name without pid
    (``postfix/smtpd-proxy25/postscreen``), ``address`` and ``port`` the client as the server believes it (``""`` and 0
    where the line names none), ``local_address`` and ``local_port`` the destination (postscreen's ``to``, Dovecot's
    ``lip``), ``noops`` the count in smtpd's disconnect line (-1: none written), ``problem`` a label of
    ``maillog_problems_total`` (a ``Problem``) or ``""`` (a connection line may be a problem as well), ``text`` the
    message, bounded. Of a delivery ``address`` is the next server's (an IP address, or a UNIX socket's name),
    ``queue_id`` the message's, ``delay`` its seconds in the queue (-1: not of a delivery). ``repeats`` is 0, or says
    that this is no line of its own: so many more lines like an earlier one, which the log daemon has folded into one.
    """

    kind: LineKind
    stamp: str
    program: str
    pid: int
    address: str
    port: int
    local_address: str
    local_port: int
    noops: int
    problem: str
    text: str
    queue_id: str = ""
    delay: float = -1.0
    repeats: int = 0
