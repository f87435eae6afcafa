"""What a line of the mail log says, one record per line of interest."""

from enum import StrEnum
from typing import NamedTuple


class LineKind(StrEnum):
    """What happened, in the words of Postfix and Dovecot."""

    POSTSCREEN_CONNECT = "postscreen_connect"  # CONNECT from [a]:p to [a]:p
    POSTSCREEN_PASS = "postscreen_pass"  # noqa: S105 - PASS NEW, PASS OLD, ALLOWLISTED: no password
    POSTSCREEN_DISCONNECT = "postscreen_disconnect"  # DISCONNECT, HANGUP
    SMTPD_CONNECT = "smtpd_connect"  # connect from name[a]
    SMTPD_DISCONNECT = "smtpd_disconnect"  # disconnect from name[a] ehlo=1 noop=3 quit=1 commands=5
    SMTPD_REJECT = "smtpd_reject"  # NOQUEUE: reject: ...
    IMAP_LOGIN = "imap_login"  # imap-login: Login / Disconnected ... rip=, lip=, session=<>
    PROBLEM = "problem"  # see ``problem``


class LogRecord(NamedTuple):
    """One line of interest.

    ``stamp`` is the time as written (any format), ``program`` the syslog name without pid
    (``postfix/smtpd-proxy25/postscreen``), ``address`` and ``port`` the client as the server believes it (``""`` and 0
    where the line names none), ``local_address`` and ``local_port`` the destination (postscreen's ``to``, Dovecot's
    ``lip``), ``noops`` the count in smtpd's disconnect line (-1: none written), ``problem`` a label of
    ``maillog_problems_total`` or ``""`` (a connection line may be a problem as well), ``text`` the message.
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
