"""One cause per path: the diagnosis table, first hop that applies; further independent causes are listed with it.

Adding a rule is adding a row to ``RULES``, which stand in the order of ``Hop``. A rule looks at what no earlier rule
explained and names one cause, or ``None``; its effects are the failing targets that it explains. Only what is known to
be whole is called sound.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from monitor.core.status import Diagnosis, Finding
from monitor.core.verdicts import Hop
from monitor.verdict import (
    cluster_pods,
    log_findings,
    roundtrips,
    rules_edge,
    rules_monitor,
    rules_nodes,
    rules_server,
    rules_unexplained,
)
from monitor.verdict.evidence import FINE, Cause, Evidence, names, told

Rule = Callable[[Evidence], Cause | None]

RULES: tuple[tuple[Hop, Rule], ...] = (
    (Hop.MONITOR, rules_monitor.nothing_known),
    (Hop.MONITOR, rules_monitor.nothing_answers),
    (Hop.MONITOR, rules_monitor.nodes_out_of_sight),
    (Hop.MONITOR, rules_monitor.ssh_alone_fails),
    (Hop.EDGE, rules_edge.edge_dead),
    (Hop.HAPROXY, rules_edge.haproxy_dead),
    (Hop.NAT, rules_edge.nat_elsewhere),
    (Hop.FRONTEND, rules_edge.frontend_not_bound),
    (Hop.CLUSTER, cluster_pods.pod_not_serving),
    (Hop.CLUSTER, cluster_pods.pod_restarted),
    (Hop.MAIL_SERVER, rules_nodes.no_node_answers),
    (Hop.MAIL_SERVER, rules_server.mail_server_down),
    (Hop.MAIL_SERVER, rules_server.turns_clients_away),
    (Hop.MAIL_SERVER, log_findings.deferring),
    (Hop.NODE, rules_nodes.node_silent),
    (Hop.LISTENER, rules_server.listener_down),
    (Hop.NODEPORT, rules_nodes.nodeport_broken),
    (Hop.NODEPORT, rules_nodes.wired_to_another_listener),
    (Hop.PROXY_HEADER, rules_server.header_refused),
    (Hop.CLIENT_IP, rules_server.client_ip_lost),
    (Hop.CLIENT_IP, log_findings.clients_lost),
    (Hop.TLS, rules_server.tls_invalid),
    (Hop.BACKEND, rules_edge.backend_broken),
    (Hop.BACKEND, rules_edge.intermittent),
    (Hop.MAILLOG, log_findings.maillog_cut),
    (Hop.MAILLOG, log_findings.log_not_understood),
    (Hop.MAILLOG, log_findings.maillog_silent),
    (Hop.ROUNDTRIP, roundtrips.not_arriving),
    (Hop.WAN, log_findings.wan_silent),
    (Hop.UNEXPLAINED, rules_unexplained.unexplained),
)

_SOUND = Diagnosis(Hop.NONE, "Every hop is healthy.")
_STANDBY = Diagnosis(Hop.NONE, "This replica stands by; what it looks at is fine, the leader sees the rest.")
# Where the cause may be the Pod's, its truth belongs to the evidence.
_ABOUT_THE_POD = frozenset({Hop.MAIL_SERVER, Hop.LISTENER, Hop.NODEPORT, Hop.PROXY_HEADER})


def diagnose(evidence: Evidence) -> Diagnosis:
    """Give the one diagnosis of a path; there is always exactly one."""
    causes: list[tuple[Hop, Cause]] = []
    remaining = evidence
    for hop, rule in RULES:
        cause = rule(remaining)
        if cause is not None:
            causes.append((hop, cause))
            remaining = remaining.without(cause.explains)
    blind = rules_monitor.ssh_fails_too(evidence)
    if blind is not None:
        causes.append((Hop.MONITOR, blind))
    if not causes:
        unknown = rules_monitor.partly_unknown(evidence)
        if unknown is None:
            return _STANDBY if evidence.plan.elected is False else _SOUND
        causes.append((Hop.MONITOR, unknown))
    hop, first = causes[0]
    unexplained = next((cause.evidence for hop, cause in causes if hop is Hop.UNEXPLAINED), ())
    shown = frozenset(first.evidence)
    pods = cluster_pods.pod_truth(evidence) if hop in _ABOUT_THE_POD else ()
    return Diagnosis(
        hop=hop,
        summary=first.summary,
        evidence=(*first.evidence, *pods),
        remedy=first.remedy,
        effects=tuple(line for line in _effects(evidence, first) if line not in shown),
        others=tuple(f"{other}: {cause.summary}" for other, cause in causes[1:]),
        unexplained=unexplained,
    )


def beside(diagnosis: Diagnosis, findings: Iterable[Finding]) -> Diagnosis:
    """The same diagnosis, which claims no health that findings contradict: an open relay breaks no hop of the path."""
    grave = [finding for finding in findings if finding.severity != "info"]
    if diagnosis.hop is not Hop.NONE or not grave:
        return diagnosis
    found = names(f"{finding.kind} ({finding.subject})" for finding in grave)
    return replace(diagnosis, summary=f"No hop is broken, but something needs attention: {found}.")


def _effects(evidence: Evidence, cause: Cause) -> tuple[str, ...]:
    failing = told(s for s in evidence.every if s.target in cause.explains and s.verdict not in FINE)
    return (*failing, *(door.line for door in evidence.intermittent if door.target in cause.explains))
