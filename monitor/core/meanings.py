"""What each verdict and hop means, and what to do about it: ``docs/verdicts.md`` is made of this."""

from collections.abc import Mapping
from typing import NamedTuple

from monitor.core import runbook
from monitor.core.runbook import Remedy
from monitor.core.verdicts import Hop, Verdict


class Advice(NamedTuple):
    """What something means, what to do about it, and the remedies with a command for that (none: nothing to run)."""

    meaning: str
    remedy: str
    commands: tuple[Remedy, ...] = ()


VERDICTS: Mapping[Verdict, Advice] = {
    Verdict.UNKNOWN: Advice(
        "Nothing fresh is known: never probed yet, or no round has ended for three intervals. It is never taken for "
        "ok.",
        "Right after a start: wait. Otherwise look at mailpath itself: its log, and `mailpath_schedule_lag_seconds`.",
    ),
    Verdict.NODE_UNREACHABLE: Advice(
        "The node is silent on every port, while another node answers. Not even a refusal comes.",
        "See whether the node is there. HAProxy takes it out by itself within 30 seconds.",
        (runbook.NODES,),
    ),
    Verdict.LISTENER_DOWN: Advice(
        "This service's data port refuses or is silent at connect on every node that can be reached: nobody in the Pod "
        "listens there. No client of this service gets through.",
        "See whether the Pod is ready and which of the eight ports are open. If only the PROXY port is missing, look "
        "at `user-patches.sh` (Postfix) or at `imaps_proxy` (Dovecot).",
        (runbook.PODS, runbook.LISTENERS, runbook.USER_PATCHES),
    ),
    Verdict.PORT_CLOSED: Advice(
        "The data port refuses or is silent at connect on this node, but not on all. HAProxy checks another port, so "
        "it may well go on sending clients here.",
        "Look at the Service and at kube-proxy on that node.",
        (runbook.SERVICE, runbook.KUBE_PROXY),
    ),
    Verdict.THROTTLED: Advice(
        "The port accepts and says nothing, and the mail log shows smtpd dying: Postfix waits a minute before it "
        "starts another. The classic cause: HAProxy checks a PROXY port, for a `send-proxy-v2` server has no "
        "`check port`.",
        "See that every backend with `send-proxy-v2` has its own `check port` (30145, 30146, 30147).",
        (runbook.MAIL_LOG, runbook.SHOW_STATE, runbook.HAPROXY_CFG),
    ),
    Verdict.NO_GREETING: Advice(
        "The server accepts the connection and the header, and then nothing is said. It hangs or is starved. At a "
        "front door it may also close without a byte: HAProxy has no server left to send us to.",
        "On nodes: look at the Pod's load and the end of the mail log. At a front door only: at HAProxy's servers.",
        (runbook.MAIL_LOG, runbook.SHOW_STATE),
    ),
    Verdict.HEADER_REJECTED: Advice(
        "The server wants a PROXY header and did not accept the one it got. At a front door: HAProxy sent none, or a "
        "bad one; `send-proxy-v2` is missing.",
        "On nodes: compare Dovecot's trusted networks with the nodes' addresses. At a front door: look at the backend.",
        (runbook.DOVECOT_TRUST, runbook.HAPROXY_CFG),
    ),
    Verdict.HEADER_NOT_CONSUMED: Advice(
        "PROXY is off on the data port: the server takes the header for commands. Every real client fails the same "
        "way.",
        "See that the listener has PROXY switched on, and that the NodePort leads to it.",
        (runbook.POSTCONF_SERVICES, runbook.USER_PATCHES, runbook.SERVICE),
    ),
    Verdict.TURNED_AWAY: Advice(
        "The server answers, and declines: too many connections, all ports busy, shutting down.",
        "Its words are in the status and in the transcript.",
        (runbook.PROBE, runbook.MAIL_LOG),
    ),
    Verdict.TLS_INVALID: Advice(
        "No TLS, or a certificate that clients do not accept: expired, not yet valid, for another name, chain broken.",
        "See the certificate that is served. After a renewal Postfix and Dovecot must be reloaded.",
        (runbook.CERTIFICATE,),
    ),
    Verdict.PROTOCOL_ERROR: Advice(
        "The dialogue began and did not come to its clean end: reset, silence or nonsense after the greeting.",
        "Read the transcript.",
        (runbook.PROBE, runbook.MAIL_LOG),
    ),
    Verdict.CLIENT_IP_LOST: Advice(
        "Mail flows, but the server believes in another client address than the true one. CrowdSec, rate limits and "
        "blocklists now act on the wrong address: they may ban the proxy, and with it everybody.",
        "See which addresses the server shows for real clients, and what rewrites them on the way.",
        (runbook.CLIENTS_SEEN, runbook.SERVICE),
    ),
    Verdict.SLOW: Advice(
        "All is well but takes longer than `slow_after`. postscreen's wait does not count.",
        "Mostly a resolver that does not answer (smtpd looks up the client's name before it greets), or a busy node.",
        (runbook.NODES, runbook.POD_LOAD),
    ),
    Verdict.OK: Advice(
        "The whole dialogue works, and the client address is proven, or it is said why it could not be.",
        "Nothing to do.",
    ),
}

HOPS: Mapping[Hop, Advice] = {
    Hop.MONITOR: Advice(
        "mailpath itself: nothing at all answers it, or its SSH alone fails while the front door works.",
        "See mailpath's own network, log and key before anything else. Mail is probably fine.",
        (runbook.SSH_TRY,),
    ),
    Hop.EDGE: Advice(
        "The edge host is dead: neither SSH nor a frontend answers. No mail comes in from outside.",
        "Ping it; go to its console.",
        (runbook.PING,),
    ),
    Hop.HAPROXY: Advice(
        "The edge lives, HAProxy does not answer on its socket.",
        "Restart it. Its configuration is made from pfSense's config.xml and must not be edited by hand.",
        (runbook.SOCKSTAT, runbook.RESTART_HAPROXY),
    ),
    Hop.NAT: Advice(
        "pf redirects a mail port to another address than the edge's own, or not at all: mail from outside goes astray "
        "while everything inside is green.",
        "Look at the redirects; each of the four must point at the edge.",
        (runbook.REDIRECTS,),
    ),
    Hop.FRONTEND: Advice(
        "HAProxy lives, but a mail port is not bound.",
        "See what is bound, then apply the declared configuration again.",
        (runbook.SOCKSTAT, runbook.BOOTSTRAP),
    ),
    Hop.CLUSTER: Advice(
        "Kubernetes says that the Pod is rolling, not ready, crash-looping, out of memory, or its volume full.",
        "Look at the Pod and its events.",
        (runbook.PODS, runbook.POD_EVENTS),
    ),
    Hop.MAIL_SERVER: Advice(
        "Postfix or Dovecot is down, hung or throttled on its stock and PROXY ports alike, or it defers what it "
        "accepts.",
        "Read the end of the mail log; restart the Pod if it says nothing any more.",
        (runbook.MAIL_LOG, runbook.RESTART_MAILSERVER),
    ),
    Hop.NODE: Advice(
        "One or more nodes are silent, others are not. Clients whom HAProxy has not moved away yet fail.",
        "Look at the node.",
        (runbook.NODES,),
    ),
    Hop.LISTENER: Advice(
        "Only the PROXY port of a service is down, on all nodes; its stock port answers. HAProxy's checks stay green.",
        "See the ports that are open in the Pod, and the script that adds the PROXY listeners.",
        (runbook.LISTENERS, runbook.USER_PATCHES),
    ),
    Hop.NODEPORT: Advice(
        "A port is refused on some nodes, or leads to the listener of another service.",
        "Compare the Service's ports with those of `mailpath config show`.",
        (runbook.SERVICE,),
    ),
    Hop.PROXY_HEADER: Advice(
        "The nodes' listeners reject the PROXY header, or do not read one.",
        "See PROXY on the listeners (Postfix), the trusted networks (Dovecot).",
        (runbook.POSTCONF_SERVICES, runbook.DOVECOT_TRUST),
    ),
    Hop.CLIENT_IP: Advice(
        "Mail flows, and the true client address does not arrive.",
        "See which addresses the server shows for real clients.",
        (runbook.CLIENTS_SEEN,),
    ),
    Hop.TLS: Advice("The certificate, or TLS itself.", "See the certificate that is served.", (runbook.CERTIFICATE,)),
    Hop.BACKEND: Advice(
        "Every node is fine, and the front door is not: HAProxy's backend is at fault (`send-proxy-v2` missing, pool "
        "empty, wrong `check port`, one server bad for clients only).",
        "Look at the servers' state and at the backend's lines.",
        (runbook.SHOW_STATE, runbook.HAPROXY_CFG),
    ),
    Hop.MAILLOG: Advice(
        "The log cannot be read, lags behind, or is in words that mailpath does not understand (`log_not_understood`). "
        "Mail flows; mailpath is blind for what only the log shows.",
        "Read it by hand, and see mailpath's source for it.",
        (runbook.MAIL_LOG,),
    ),
    Hop.ROUNDTRIP: Advice(
        "Every hop is fine, and a whole message does not arrive.",
        "Run the roundtrip by hand and read where it stops.",
        (runbook.ROUNDTRIP,),
    ),
    Hop.WAN: Advice(
        "All inside is fine, and no client from outside has come for long: the way in is dead (ISP, DNS, port "
        "forward).",
        "Try port 25 from somewhere outside; look at the MX record and the WAN address.",
        (runbook.MX,),
    ),
    Hop.UNEXPLAINED: Advice(
        "Something fails, and no rule of the diagnosis says why: which targets, and how, is the evidence. "
        "`mailpath_unexplained_targets` counts them, whichever hop is shown.",
        "Probe a failing target by hand and read its transcript, then the end of the mail log. A cause that returns "
        "deserves a rule: report it.",
        (runbook.CHECK, runbook.PROBE, runbook.MAIL_LOG),
    ),
    Hop.NONE: Advice("Nothing is broken.", "Nothing to do."),
}
