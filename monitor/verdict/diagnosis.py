"""One cause per path: the diagnosis table, first hop that applies; further independent causes are listed with it.

Adding a rule is adding a row to ``RULES``. A rule looks at what no earlier rule explained and names one cause, or
``None``; its effects are the failing targets that it explains.
"""

from collections.abc import Callable

from monitor.core.status import Diagnosis
from monitor.core.verdicts import Hop
from monitor.verdict import rules, rules_log
from monitor.verdict.evidence import Cause, Evidence, told

Rule = Callable[[Evidence], Cause | None]

RULES: tuple[tuple[Hop, Rule], ...] = (
    (Hop.MONITOR, rules.nothing_known),
    (Hop.MONITOR, rules.nothing_answers),
    (Hop.EDGE, rules.edge_dead),
    (Hop.MONITOR, rules.ssh_alone_fails),
    (Hop.HAPROXY, rules.haproxy_dead),
    (Hop.FRONTEND, rules.frontend_not_bound),
    (Hop.MAIL_SERVER, rules.mail_server_down),
    (Hop.MAIL_SERVER, rules_log.deferring),
    (Hop.NODE, rules.node_silent),
    (Hop.LISTENER, rules.listener_down),
    (Hop.NODEPORT, rules.nodeport_broken),
    (Hop.NODEPORT, rules.wired_to_another_listener),
    (Hop.PROXY_HEADER, rules.header_refused),
    (Hop.CLIENT_IP, rules.client_ip_lost),
    (Hop.CLIENT_IP, rules_log.clients_lost),
    (Hop.TLS, rules.tls_invalid),
    (Hop.BACKEND, rules.backend_broken),
    (Hop.MAILLOG, rules.maillog_cut),
    (Hop.MAILLOG, rules.maillog_silent),
    (Hop.WAN, rules_log.wan_silent),
)

_SOUND = Diagnosis(Hop.NONE, "Every hop of the path is fine.")
_HOP_ORDER = tuple(Hop)


def diagnose(evidence: Evidence) -> Diagnosis:
    """Give the one diagnosis of a path; there is always exactly one."""
    causes: list[tuple[Hop, Cause]] = []
    remaining = evidence
    for hop, rule in RULES:
        cause = rule(remaining)
        if cause is not None:
            causes.append((hop, cause))
            remaining = remaining.without(cause.explains)
    if not causes:
        return _SOUND
    causes.sort(key=lambda found: _HOP_ORDER.index(found[0]))
    hop, first = causes[0]
    shown = set(first.evidence)
    effects = [s for s in (*evidence.handshakes, *evidence.checks, *evidence.front_doors) if s.target in first.explains]
    return Diagnosis(
        hop=hop,
        summary=first.summary,
        evidence=first.evidence,
        remedy=first.remedy,
        effects=tuple(line for line in told(effects) if line not in shown),
        others=tuple(f"{other}: {cause.summary}" for other, cause in causes[1:]),
    )
