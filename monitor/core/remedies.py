"""What each phase and reason of a failed probe means, and what to do about it: ``docs/reasons.md`` is made of this.

Written for somebody who has just been woken up. Every member of the closed sets is here.
"""

from collections.abc import Mapping
from typing import NamedTuple

from monitor.core import runbook
from monitor.core.runbook import Remedy
from monitor.core.taxonomy import Phase, Reason


class Advice(NamedTuple):
    """What something means, what to do about it, and the remedies with a command for that (none: nothing to run)."""

    meaning: str
    remedy: str
    commands: tuple[Remedy, ...] = ()


PHASES: Mapping[Phase, str] = {
    Phase.CONNECT: "TCP: from the SYN to the connection. Nothing of mail has been spoken yet.",
    Phase.PROXY_HEADER: "The PROXY v2 header goes out, in one write, as HAProxy sends it. For `header_on_check`: the "
    "header was believed where it must not be.",
    Phase.TLS_HANDSHAKE: "The TLS handshake: right after the header on 465 and 993, after STARTTLS on 25 and 587. A "
    "server that cannot read our header often shows it here.",
    Phase.GREETING: "Waiting for the server to speak: `220` or `* OK`. On port 25 postscreen's greet wait of six "
    "seconds is part of it.",
    Phase.EHLO: "EHLO and the list of what the server offers.",
    Phase.STARTTLS: "STARTTLS was asked for and must be granted.",
    Phase.CAPABILITY: "IMAP's CAPABILITY.",
    Phase.PROOF: "MAIL FROM, RCPT TO and RSET, never DATA: what the server answers shows for whom it takes its client. "
    "Also the relay canary's question.",
    Phase.QUIT: "The clean end: QUIT or LOGOUT. Everything before it worked.",
    Phase.SSH: "The SSH connection to the edge. Mail does not depend on it; our sight of HAProxy and NAT does.",
    Phase.COMMAND: "A read-only command on the edge, over SSH that works.",
    Phase.PARSE: "The command's output was not what its program prints.",
    Phase.FOLLOW: "Following the mail log (a file, standard input or the Pod's log), or a collection of the Kubernetes "
    "API.",
    Phase.API: "Asking the Kubernetes API. Mail does not depend on it; our sight of Pods, Services and nodes does.",
}

REASONS: Mapping[Reason, Advice] = {
    Reason.REFUSED: Advice(
        "The host answered at once that nobody listens on this port (a reset). The network is fine; the process or the "
        "port mapping is not. A NodePort without a ready Pod behind it refuses too.",
        "See whether the Pod is ready and listens, then whether the NodePort leads to it. At an edge: whether the "
        "frontend is bound.",
        (runbook.PODS, runbook.LISTENERS, runbook.SERVICE),
    ),
    Reason.TIMEOUT: Advice(
        "Nothing came within the time given. In `connect`: packets are swallowed (node down, firewall, black hole). "
        "Later: the server accepted and fell silent; it hangs, is starved, or throttled.",
        "In `connect`: see whether the node is alive. Later: read the end of the mail log, looking for `fatal` and "
        "`throttling`.",
        (runbook.NODES, runbook.MAIL_LOG),
    ),
    Reason.UNREACHABLE: Advice(
        "The network said that there is no way to this address, or its name cannot be resolved.",
        "Look at routes, DNS and the node's state.",
        (runbook.NODES, runbook.OWN_ROUTES),
    ),
    Reason.RESET: Advice(
        "The peer broke the connection off in the middle. Dovecot does it to a PROXY header from an address that it "
        "does not trust; a crashing smtpd does it to everybody.",
        "Look for `Client not trusted`, `fatal` or `panic` in the mail log.",
        (runbook.MAIL_LOG, runbook.DOVECOT_TRUST),
    ),
    Reason.CLOSED: Advice(
        "The peer closed the connection in order, before we had finished. A HAProxy frontend does so, without a byte, "
        "when its pool is empty or its server refuses. For a log: the source has ended.",
        "At a front door: see which servers HAProxy believes to be up. Elsewhere read the end of the mail log.",
        (runbook.SHOW_STATE, runbook.MAIL_LOG),
    ),
    Reason.LOCAL_ERROR: Advice(
        "mailpath's own host could not do it (no file descriptors, no free port, no memory, an unusable file). It says "
        "nothing about the mail path.",
        "Read the detail in mailpath's log; look at its limits and its host.",
        (runbook.OWN_POD_EVENTS, runbook.OWN_LIMITS),
    ),
    Reason.HEADER_REJECTED: Advice(
        "The server wants a PROXY header and could not use the one it got, or got none: `421 4.3.x`, or the connection "
        "closed. At a front door: HAProxy sends no header, or a bad one. On a node: the sender is outside Dovecot's "
        "`haproxy_trusted_networks`, or the header's address family is switched off.",
        "At a front door only: see that the backend has `send-proxy-v2`. On nodes: compare the trusted networks with "
        "the nodes' addresses.",
        (runbook.DOVECOT_TRUST, runbook.HAPROXY_CFG, runbook.MAIL_LOG),
    ),
    Reason.HEADER_NOT_CONSUMED: Advice(
        "PROXY is off on this port: the server took our header for commands, and answered with syntax errors. Real "
        "clients fail in the same way, at every connection.",
        "See that the listener has its `upstream_proxy_protocol=haproxy`, and that the NodePort leads to that listener "
        "and not to the stock one.",
        (runbook.POSTCONF_SERVICES, runbook.USER_PATCHES, runbook.SERVICE),
    ),
    Reason.TURNED_AWAY: Advice(
        "The server is alive and declines to serve this client now: too many connections, all ports busy, shutting "
        "down, a blocklist, a full disk.",
        "Its own words are in the detail. If it says `too many connections`, somebody connects too often from one "
        "address; is mailpath's own `client_rate_limit` right?",
        (runbook.MAIL_LOG,),
    ),
    Reason.UNEXPECTED_REPLY: Advice(
        "A proper reply, but not one that belongs here: a wrong code, or a server that speaks out of turn.",
        "Read the transcript; often something between (a proxy, a scanner) speaks for the server.",
        (runbook.PROBE,),
    ),
    Reason.MALFORMED: Advice(
        "What came is not of this protocol at all: another service on this port, or output that its program never "
        "prints (a login banner on the edge, HAProxy without stats).",
        "Read the transcript and see what speaks there.",
        (runbook.PROBE, runbook.SHOW_STATE),
    ),
    Reason.TOO_LARGE: Advice(
        "The peer sent more than any sound one does, and was cut off.",
        "Read the transcript and see what speaks there.",
        (runbook.PROBE,),
    ),
    Reason.ACCEPTED: Advice(
        "What must be refused was accepted, and that is dangerous. `relay_canary`: Postfix relays for strangers. "
        "`no_header`: a data port serves who sends no PROXY header. `header_on_check`: a stock port believes a PROXY "
        "header, so anybody inside can claim any address.",
        "Open relay: look at `mynetworks` at once; no address of the proxy, the nodes or the pods belongs there. The "
        "others: see which listeners have PROXY switched on.",
        (runbook.POSTCONF_RELAY, runbook.POSTCONF_SERVICES),
    ),
    Reason.STARTTLS_NOT_OFFERED: Advice(
        "The server does not offer STARTTLS any more. Mail clients refuse 587 like this; on 25 mail would go on in "
        "plain text, and nobody would notice.",
        "Mostly the certificate or its key cannot be read: the mail log says so.",
        (runbook.MAIL_LOG, runbook.CERTIFICATE),
    ),
    Reason.STARTTLS_REFUSED: Advice(
        "STARTTLS is offered, and then refused (`454 4.7.0 TLS not available`).",
        "Mostly the certificate or its key cannot be read, or tlsmgr is dead: the mail log says so.",
        (runbook.MAIL_LOG,),
    ),
    Reason.TLS_PLAINTEXT: Advice(
        "Plain text came where TLS must begin. With `421 4.3` the server could not use our PROXY header; with `220` or "
        "`500` this port is not the listener with TLS, or has PROXY off.",
        "See which listener the port leads to, and its PROXY setting.",
        (runbook.SERVICE, runbook.POSTCONF_SERVICES),
    ),
    Reason.TLS_ERROR: Advice(
        "The TLS handshake failed for a reason other than the certificate: no common version or cipher, an alert, "
        "garbage.",
        "Try by hand and read the alert.",
        (runbook.CERTIFICATE,),
    ),
    Reason.CERTIFICATE_EXPIRED: Advice(
        "The certificate's time is over. Mail clients warn or refuse.",
        "Renew it, and see that the server has loaded the new one: Postfix and Dovecot go on with the old one until "
        "they are reloaded.",
        (runbook.CERTIFICATE, runbook.RESTART_MAILSERVER),
    ),
    Reason.CERTIFICATE_NOT_YET_VALID: Advice(
        "The certificate's time has not begun. Mostly a clock is wrong: the server's, or ours.",
        "Compare the clocks.",
        (runbook.OWN_CLOCK, runbook.CERTIFICATE),
    ),
    Reason.CERTIFICATE_NAME_MISMATCH: Advice(
        "The certificate is for other names than `tls.server_name`: a default or somebody else's certificate is shown.",
        "See which certificate is mounted, and which name mailpath is told to expect.",
        (runbook.CERTIFICATE,),
    ),
    Reason.CERTIFICATE_UNTRUSTED: Advice(
        "The chain does not lead to a root that we trust: the intermediate is missing, or it is self-signed or of a "
        "test authority (Let's Encrypt staging). The detail is OpenSSL's name for the rule that refused it.",
        "See that the whole chain is served; for a private authority set `tls.ca_file` (what it needs: operations.md).",
        (runbook.CERTIFICATE,),
    ),
    Reason.HOST_KEY_MISMATCH: Advice(
        "The edge showed another SSH host key than the pinned one, or there is no usable pin. Either pfSense was "
        "reinstalled, or somebody else answers at its address. mailpath does not go on, on purpose.",
        "Compare the fingerprint on the edge's console before renewing `known_hosts_file`.",
        (runbook.HOST_KEY,),
    ),
    Reason.AUTH_FAILED: Advice(
        "The edge, or the Kubernetes API, does not accept our key or token. It is tried again every ten minutes at "
        "most: sshguard would ban us.",
        "See that the public key is still in the admin user's account on pfSense; that the token has not expired.",
        (runbook.SSH_TRY,),
    ),
    Reason.COMMAND_FAILED: Advice(
        "The command ran on the edge and ended with an error; its own words are in the detail.",
        "Run it by hand.",
        (runbook.SHOW_STATE,),
    ),
    Reason.ARGUMENTS_LOST: Advice(
        "The login shell of the edge's account runs only the first word of a command: `sockstat` in place of "
        "`sockstat -l`. pfSense before 2.5.0 does that to `admin`. HAProxy was never asked.",
        "Make `edge/mailpath-gate` the forced command of mailpath's key, in one word without arguments: it is handed "
        "the whole command whatever the shell does. Or update pfSense.",
        (runbook.SSH_TRY,),
    ),
    Reason.SOCKET_MISSING: Advice(
        "HAProxy's stats socket is not there: HAProxy is not running, or was configured without it.",
        "See whether HAProxy runs, and start it.",
        (runbook.SOCKSTAT, runbook.RESTART_HAPROXY),
    ),
    Reason.PERMISSION_DENIED: Advice(
        "We may not read that: a file, HAProxy's socket, or (RBAC) an object of the Kubernetes API.",
        "For the API apply the Role that mailpath prints; else look at owner and mode.",
        (runbook.RBAC,),
    ),
    Reason.NOT_FOUND: Advice(
        "There is no such file, Pod, backend or object.",
        "Compare the names in mailpath's configuration with what there is; a Deployment scaled to zero has no Pod.",
        (runbook.PODS,),
    ),
    Reason.STALE: Advice(
        "The source has given no sign of life for too long. Mail may well flow; we do not see it.",
        "See that the log still grows, and whether mailpath's own log tells of errors.",
        (runbook.MAIL_LOG,),
    ),
    Reason.API_ERROR: Advice(
        "The Kubernetes API answered with an error of its own, or with something else than its documents.",
        "Mostly passing (an API server restarts); if it stays, look at the API server.",
        (runbook.READYZ,),
    ),
    Reason.BUG: Advice(
        "An exception in mailpath that nobody expected. It was survived, and it is counted in "
        "`mailpath_probe_bugs_total`; that probe's round told nothing.",
        "Report it with the traceback of the log event `probe.bug`.",
        (runbook.OWN_BUGS,),
    ),
}
