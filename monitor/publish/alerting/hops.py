"""One alert a hop: the diagnosis names one cause per path, so that its effects have no alert of their own.

Severity is the hop's own, and critical wherever users are harmed: whichever cause is shown first, an outage wakes
somebody.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from monitor.core.verdicts import Hop
from monitor.publish import catalogue
from monitor.publish.alerting import lists
from monitor.publish.alerting.alert import Alert, Severity
from monitor.publish.alerting.promql import CORDONED, aggregate
from monitor.publish.alerting.thresholds import Thresholds
from monitor.publish.meanings import HOPS

_HARMED = f"and on (path)\n({lists.SERVED} == 0)"
_SPARED = f"unless on (path)\n({lists.SERVED} == 0)"
_PATH = "Mail path {{ $labels.path }}"
_WAITING = "Senders keep their mail and try again for days; people can neither send nor read."


class Wait(Enum):
    """What an alert waits for."""

    SETTLE = auto()
    ROLLOUT = auto()


@dataclass(frozen=True, slots=True)
class HopAlert:
    """The alert of one hop: ``severity`` holds while no service is down for users; ``also`` widens its expression.

    ``mail`` says what it means for mail while ``severity`` holds, ``harmed`` what it does once users are shut out.
    """

    hop: Hop
    name: str
    severity: Severity
    summary: str
    what: str
    mail: str
    harmed: str = ""
    listed: str = ""
    wait: Wait = Wait.SETTLE
    also: str = ""


HOP_ALERTS = (
    HopAlert(
        Hop.MONITOR,
        "MailpathMonitorBlind",
        Severity.WARNING,
        "mailpath cannot see the path, or its edge",
        "Nothing answers mailpath, or its SSH alone fails.",
        "Mail may well flow, but as long as it is so, nobody watches this part of its path.",
        "From here it looks like an outage, and the fault may be our own network's: try from somewhere else first.",
        wait=Wait.ROLLOUT,
        listed=lists.SSH,
    ),
    HopAlert(
        Hop.EDGE,
        "MailpathEdgeDown",
        Severity.CRITICAL,
        "the edge is dead, no mail comes in from outside",
        "Neither SSH nor any frontend of the edge answers.",
        "Nobody outside reaches us. Senders keep their mail and try again for days: nothing is lost yet.",
        listed=lists.SSH,
    ),
    HopAlert(
        Hop.HAPROXY,
        "MailpathHaproxyDown",
        Severity.WARNING,
        "HAProxy does not answer on the edge",
        "The edge lives, and HAProxy's stats socket does not answer.",
        "The frontends still serve: only our sight of HAProxy is lost.",
        f"Nobody outside reaches these services. {_WAITING}",
        listed=lists.HAPROXY + lists.DOORS,
    ),
    HopAlert(
        Hop.NAT,
        "MailpathNatAstray",
        Severity.CRITICAL,
        "NAT leads a mail port astray",
        "pf redirects a mail port to another address than the edge's own, or not at all.",
        "Mail from outside goes astray, though everything inside is green.",
    ),
    HopAlert(
        Hop.FRONTEND,
        "MailpathFrontendNotBound",
        Severity.CRITICAL,
        "a mail port of the edge is not bound",
        "HAProxy lives, and nobody listens on one of its mail ports.",
        "Every client of this port is refused; senders try again, people at their mail clients cannot work.",
        listed=lists.DOORS,
    ),
    HopAlert(
        Hop.CLUSTER,
        "MailpathClusterUnready",
        Severity.WARNING,
        "the mail server's Pod is not ready",
        "Kubernetes says that the Pod is rolling, not ready, crash-looping, out of memory, or its volume full.",
        "A rollout is over within five minutes; this is not. Users are still served.",
        f"A rollout is over within five minutes; this is not. {_WAITING}",
        wait=Wait.ROLLOUT,
        listed=lists.SERVICES,
    ),
    HopAlert(
        Hop.MAIL_SERVER,
        "MailpathMailServerDown",
        Severity.CRITICAL,
        "the mail server does not serve",
        "Postfix or Dovecot is down, hung or throttled on every node, or it defers what it accepts.",
        _WAITING,
        wait=Wait.ROLLOUT,
        listed=lists.SERVICES,
    ),
    HopAlert(
        Hop.NODE,
        "MailpathNodeDown",
        Severity.WARNING,
        "a node is silent",
        "The node answers on no port, while others do.",
        "HAProxy moves clients to the other nodes within 30 seconds. There is one node less to lose.",
        f"Clients are sent to a node that is silent, or none is left. {_WAITING}",
        listed=lists.NODES,
    ),
    HopAlert(
        Hop.LISTENER,
        "MailpathListenerDown",
        Severity.CRITICAL,
        "a PROXY listener is down on every node",
        "The PROXY port is closed and the stock port answers, so HAProxy's checks stay green.",
        "Every outside client of this service fails; those inside the cluster notice nothing.",
        wait=Wait.ROLLOUT,
        listed=lists.SERVICES,
    ),
    HopAlert(
        Hop.NODEPORT,
        "MailpathNodePortBroken",
        Severity.WARNING,
        "a NodePort does not lead to its listener",
        "A data port is closed or leads elsewhere on some nodes.",
        "HAProxy checks another port and goes on sending clients there: those fail, and a second try often works.",
        f"HAProxy checks another port and goes on sending clients there. {_WAITING}",
        listed=lists.TARGETS,
    ),
    HopAlert(
        Hop.PROXY_HEADER,
        "MailpathProxyHeaderRefused",
        Severity.CRITICAL,
        "the PROXY header does not get through",
        "The listeners reject the PROXY header, or take it for commands.",
        "Every outside client of these services fails; HAProxy's checks stay green.",
        listed=lists.SERVICES,
    ),
    HopAlert(
        Hop.CLIENT_IP,
        "MailpathClientIpLost",
        Severity.CRITICAL,
        "the mail server does not see the real client IP",
        "Mail flows, and the true client address does not arrive.",
        "CrowdSec, rate limits and blocklists act on a wrong address: they may ban the proxy, and with it everybody.",
        # Never the effect of a silent node or of a blind eye, though one of those may be diagnosed first.
        also="or\nlabel_replace(\n"
        f"  {aggregate('max', catalogue.VERDICT, ('path',), verdict='client_ip_lost')} == 1,\n"
        '  "hop", "client_ip", "", ""\n)',
        listed=lists.LOST,
    ),
    HopAlert(
        Hop.TLS,
        "MailpathTlsInvalid",
        Severity.CRITICAL,
        "the certificate is not valid, or there is no TLS",
        "Clients do not accept what is shown to them.",
        "Mail clients warn or refuse; strict senders turn away.",
        listed=lists.SERVICES + lists.DOORS,
    ),
    HopAlert(
        Hop.BACKEND,
        "MailpathBackendBroken",
        Severity.WARNING,
        "HAProxy's backend is at fault, every node is fine",
        "The nodes serve, and HAProxy's front door does not, or it has taken out servers that work.",
        "Some clients from outside fail, though the mail server is well; a second try often works.",
        f"Clients from outside fail, though the mail server is well. {_WAITING}",
        listed=lists.DOORS + lists.TAKEN_OUT,
    ),
    HopAlert(
        Hop.MAILLOG,
        "MailpathMaillogBlind",
        Severity.WARNING,
        "the mail log cannot be read",
        "The mail log is cut, or lags behind.",
        "Mail is not touched by it. What only the log shows goes unseen: lost clients, crashes, silence from outside.",
        f"Something else shuts users out: the status page shows what. {_WAITING}",
        listed=lists.LOG,
    ),
    HopAlert(
        Hop.WAN,
        "MailpathNoExternalClients",
        Severity.CRITICAL,
        "no client from outside has come for long",
        "All inside is fine, and the mail log shows nobody from outside any more.",
        "The way in is dead (ISP, DNS, port forward): nobody outside reaches us, and our own probes cannot see it.",
    ),
)


def diagnosed(hop: Hop) -> str:
    """Write that the cause lies in this hop."""
    return f"{aggregate('max', catalogue.DIAGNOSIS, ('path', 'hop'), hop=hop)} == 1"


def hop_alerts(thresholds: Thresholds) -> Iterator[Alert]:
    """Give the alerts of all hops but the roundtrip's, in the order of the diagnosis."""
    for row in HOP_ALERTS:
        wait = thresholds.rollout if row.wait is Wait.ROLLOUT else thresholds.settle
        wait = max(wait, thresholds.settle)
        expression = f"{diagnosed(row.hop)}\n{row.also}" if row.also else diagnosed(row.hop)
        if row.severity is Severity.CRITICAL:
            yield _alert(row, Severity.CRITICAL, expression, wait)
            continue
        yield _alert(row, Severity.CRITICAL, f"{expression}\n{_HARMED}", wait)
        if row.hop is Hop.NODE:
            yield from _spared_node(row, expression, thresholds)
        else:
            yield _alert(row, row.severity, f"{expression}\n{_SPARED}{_UNLESS.get(row.hop, '')}", wait)


# One server of a pool less harms nobody: clients do not notice, and nobody needs to hear of it.
_UNLESS = {
    Hop.BACKEND: "\nunless on (path)\n(\n  max by (path) (\n    count by (path, service) (\n"
    f"      {aggregate('max', catalogue.LB_AGREEMENT, ('path', 'node', 'service'), state='lb_down_path_up')} == 1\n"
    "    )\n  ) == 1\n)",
}


def _spared_node(row: HopAlert, expression: str, thresholds: Thresholds) -> Iterator[Alert]:
    """Tell of a cordoned node only when it has been silent for long: somebody is working on it."""
    silent = aggregate("max", catalogue.VERDICT, ("path", "node"), verdict="node_unreachable")
    surprising = f"on (path)\n(\n  ({silent} == 1)\n  unless on (node)\n  ({CORDONED})\n)"
    cordoned = replace(row, name="MailpathNodeCordoned", summary="a cordoned node is silent", mail=_CORDONED_MEANS)
    told = f"{expression}\n{_SPARED}"
    yield _alert(row, Severity.WARNING, f"{told}\nand {surprising}", thresholds.settle)
    yield _alert(cordoned, Severity.INFO, f"{told}\nunless {surprising}", thresholds.settle)
    yield _alert(
        cordoned, Severity.WARNING, f"{told}\nunless {surprising}", max(thresholds.cordoned, thresholds.settle)
    )


_CORDONED_MEANS = "Somebody is working on it. HAProxy sends nobody there; there is one node less to lose."


def _alert(row: HopAlert, severity: Severity, expression: str, wait: float) -> Alert:
    escalated = severity is Severity.CRITICAL and row.severity is not Severity.CRITICAL
    return Alert(
        name=row.name,
        severity=severity,
        hop=row.hop,
        expression=expression,
        wait=wait,
        summary=f"{_PATH}: {row.summary}{', and users are shut out' if escalated else ''}",
        what=row.what,
        listed=row.listed + lists.FINDINGS + (lists.USERS if severity is Severity.CRITICAL else ""),
        mail=row.harmed if escalated else row.mail,
        commands=HOPS[row.hop].commands,
    )
