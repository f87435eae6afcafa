"""The rules of the diagnosis: each names one kind of cause, its evidence, and the runbook's command to run next."""

from monitor.core.proof import EvidenceKind, Unproven
from monitor.core.runbook import (
    LISTENERS,
    MAIL_LOG,
    NODES,
    RESTART_HAPROXY,
    SERVICE,
    SHOW_STATE,
    SOCKSTAT,
    USER_PATCHES,
)
from monitor.core.status import TargetStatus
from monitor.core.verdicts import Agreement, Verdict
from monitor.verdict.evidence import Cause, Evidence, names, silent, targets, told
from monitor.verdict.wiring import miswired

_HUNG = (Verdict.LISTENER_DOWN, Verdict.NO_GREETING, Verdict.THROTTLED, Verdict.TURNED_AWAY, Verdict.PROTOCOL_ERROR)
_WRONG_ON_SOME = (Verdict.PORT_CLOSED, *_HUNG)


def nothing_known(evidence: Evidence) -> Cause | None:
    """No fresh result at all: we have just started, or we are stuck."""
    known = [s for s in (*evidence.handshakes, *evidence.checks, *evidence.front_doors) if not s.stale]
    if known or not evidence.plan.targets:
        return None
    return Cause("Nothing is known yet: no probe has ended, or none for too long.", remedy="mailpath's own log")


def nothing_answers(evidence: Evidence) -> Cause | None:
    """Nothing of the path and no edge answers: the fault is nearer to us than to them."""
    probed = (*evidence.handshakes, *evidence.checks, *evidence.front_doors)
    if not silent(probed) or any(edge.ssh_up for edge in evidence.edges):
        return None
    return Cause(
        "Nothing of the path answers, no node and no edge: mailpath itself has lost the network.",
        evidence=(f"{len(probed)} targets silent",),
        remedy="ip route; ping the edge from where mailpath runs",
        explains=targets(probed),
    )


def edge_dead(evidence: Evidence) -> Cause | None:
    """SSH and every frontend of an edge are dead, while nodes answer."""
    for edge in evidence.edges:
        doors = edge.front_doors
        if edge.ssh_up is False and doors and all(_closed(door) for door in doors):
            return Cause(
                f"The edge {edge.name} ({edge.address}) is dead: neither SSH nor any frontend answers.",
                evidence=(f"ssh: {edge.reason}", *told(doors)),
                remedy=f"ping {edge.address}; look at the pfSense console",
                explains=targets(doors),
            )
    return None


def ssh_alone_fails(evidence: Evidence) -> Cause | None:
    """SSH fails while the frontends work: we are blind in one eye, mail is not."""
    for edge in evidence.edges:
        if edge.ssh_up is False and not (edge.front_doors and all(_closed(door) for door in edge.front_doors)):
            return Cause(
                f"mailpath cannot look into the edge {edge.name}: SSH fails ({edge.reason}); the frontends are alive.",
                evidence=(f"ssh: {edge.reason}",),
                remedy=f"ssh admin@{edge.address} true",
            )
    return None


def haproxy_dead(evidence: Evidence) -> Cause | None:
    """SSH works and HAProxy's socket does not."""
    for edge in evidence.edges:
        if edge.ssh_up and edge.haproxy_up is False:
            dead_doors = [door for door in edge.front_doors if _closed(door)]
            return Cause(
                f"HAProxy on {edge.name} does not answer at its stats socket: {edge.reason}.",
                evidence=(f"socket: {edge.reason}", *told(dead_doors)),
                remedy=RESTART_HAPROXY.format(address=edge.address),
                explains=targets(dead_doors),
            )
    return None


def frontend_not_bound(evidence: Evidence) -> Cause | None:
    """HAProxy lives, and refuses a mail port."""
    for edge in evidence.edges:
        closed = [d for d in edge.front_doors if _closed(d) and d.target not in evidence.explained]
        if closed and edge.haproxy_up is not False and edge.ssh_up is not False:
            ports = names(str(door.port) for door in closed)
            return Cause(
                f"Frontend port {ports} of {edge.name} is not bound: clients are refused.",
                evidence=told(closed),
                remedy=SOCKSTAT.format(address=edge.address),
                explains=targets(closed),
            )
    return None


def mail_server_down(evidence: Evidence) -> Cause | None:
    """A service is down or hung on every reachable node, at its stock port too where that is known."""
    down = [
        service.name
        for service in evidence.plan.services
        if evidence.service_down_everywhere(service.name, *_HUNG)
        and not (_only_listener_down(evidence, service.name))
        and any(s.target not in evidence.explained for s in evidence.handshakes_of(service.name))
    ]
    if not down:
        return None
    shown = [s for name in down for s in evidence.handshakes_of(name)]
    explained = [*shown, *(s for name in down for s in (*evidence.checks_of(name), *evidence.doors_of(name)))]
    verdicts = names(status.verdict for status in shown)
    return Cause(
        f"The mail server does not serve {names(down)} on any node ({verdicts}).",
        evidence=told(shown),
        remedy=MAIL_LOG,
        explains=targets(explained),
    )


def node_silent(evidence: Evidence) -> Cause | None:
    """A node is silent on every port."""
    lost = evidence.failing(Verdict.NODE_UNREACHABLE)
    if not lost:
        return None
    gone = {status.target.node for status in lost}
    explained = [*lost, *(s for s in evidence.checks if s.target.node in gone)]
    return Cause(
        f"Node {names(sorted(gone))} is silent on every port.",
        evidence=told(lost),
        remedy=NODES,
        explains=targets(explained),
    )


def listener_down(evidence: Evidence) -> Cause | None:
    """Only the PROXY port of a service is down, on all nodes; its stock port answers."""
    lost = evidence.failing(Verdict.LISTENER_DOWN)
    if not lost:
        return None
    services = dict.fromkeys(status.target.service for status in lost)
    doors = [door for name in services for door in evidence.doors_of(name)]
    return Cause(
        f"The PROXY listener of {names(services)} is down on every node, while the stock port answers.",
        evidence=told(lost),
        remedy=LISTENERS,
        explains=targets((*lost, *doors)),
    )


def nodeport_broken(evidence: Evidence) -> Cause | None:
    """A port is refused, silent or wired wrongly on some nodes only."""
    wrong = evidence.failing(*_WRONG_ON_SOME)
    if not wrong:
        return None
    places = names(f"{s.target.node}:{s.port} ({s.target.service})" for s in wrong)
    return Cause(
        f"NodePort {places} does not lead to its listener.",
        evidence=told(wrong),
        remedy=SERVICE,
        explains=targets(wrong),
    )


def wired_to_another_listener(evidence: Evidence) -> Cause | None:
    """A NodePort leads to the listener of another service: the log shows where our connections came out."""
    wrong = miswired(evidence.plan.services, evidence.handshakes)
    if not wrong:
        return None
    places = names(f"{s.target.node}:{s.port} ({s.target.service})" for s in wrong)
    return Cause(
        f"NodePort {places} leads to the listener of another service.",
        evidence=tuple(f"the log of listener {s.listener} shows {_place(s)}" for s in wrong),
        remedy=SERVICE,
    )


def header_refused(evidence: Evidence) -> Cause | None:
    """The PROXY header is rejected, or PROXY is off on the data port."""
    wrong = evidence.failing(Verdict.HEADER_REJECTED, Verdict.HEADER_NOT_CONSUMED)
    if not wrong:
        return None
    services = dict.fromkeys(status.target.service for status in wrong)
    doors = [door for name in services for door in evidence.doors_of(name)]
    verdicts = names(status.verdict for status in wrong)
    return Cause(
        f"The PROXY header does not get through on {names(services)} ({verdicts}).",
        evidence=told(wrong),
        remedy=USER_PATCHES,
        explains=targets((*wrong, *doors)),
    )


def client_ip_lost(evidence: Evidence) -> Cause | None:
    """The server takes our connection for somebody else's, though the header that we sent was right."""
    wrong = evidence.failing(Verdict.CLIENT_IP_LOST)
    if not wrong:
        return None
    services = dict.fromkeys(status.target.service for status in wrong)
    doors = [d for name in services for d in evidence.doors_of(name) if d.verdict is Verdict.CLIENT_IP_LOST]
    return Cause(
        f"The mail server does not see the real client IP on {names(services)}.",
        evidence=told(wrong),
        remedy=MAIL_LOG,
        explains=targets((*wrong, *doors)),
    )


def tls_invalid(evidence: Evidence) -> Cause | None:
    """No TLS, or a certificate that no client accepts."""
    wrong = (*evidence.failing(Verdict.TLS_INVALID), *evidence.failing_doors(Verdict.TLS_INVALID))
    if not wrong:
        return None
    return Cause(
        f"TLS is not valid on {names(s.target.service for s in wrong)}.",
        evidence=told(wrong),
        remedy="openssl s_client -connect ADDRESS:993 </dev/null | openssl x509 -noout -dates -subject",
        explains=targets(wrong),
    )


def backend_broken(evidence: Evidence) -> Cause | None:
    """The nodes are fine and the front door is not, or HAProxy has taken out servers that work."""
    lost = evidence.failing_doors(Verdict.CLIENT_IP_LOST)
    doors = (*evidence.failing_doors(), *lost)
    taken_out = [s for s in evidence.handshakes if s.agreement is Agreement.LB_DOWN_PATH_UP]
    if not doors and not taken_out:
        return None
    address = evidence.edges[0].address if evidence.edges else "EDGE"
    if lost and len(lost) == len(doors):
        services = names(s.target.service for s in lost)
        summary = f"HAProxy does not hand on the real client IP on {services}: our own header arrives, its does not."
    elif doors:
        summary = f"The nodes are fine, but {names(s.target.service for s in doors)} fails through the front door."
    else:
        summary = f"HAProxy has taken out servers that work: {names(_place(s) for s in taken_out)}."
    return Cause(
        summary,
        evidence=(*told(doors), *(f"lb_down_path_up: {_place(s)}" for s in taken_out)),
        remedy=SHOW_STATE.format(address=address),
        explains=targets(doors),
    )


def maillog_cut(evidence: Evidence) -> Cause | None:
    """The log source is broken: mail flows, and we cannot read about it."""
    log = evidence.maillog
    if log is None or log.up is not False:
        return None
    return Cause(
        f"The mail log cannot be read ({log.source}): {log.reason}.",
        evidence=(log.reason,),
        remedy=MAIL_LOG,
    )


def maillog_silent(evidence: Evidence) -> Cause | None:
    """Mail flows, the source can be read, and no line of our own connections comes any more."""
    log = evidence.maillog
    if log is None or not log.up:
        return None
    flowing = [s for s in (*evidence.handshakes, *evidence.front_doors) if s.verdict.up]
    proofs = [proof for status in flowing for proof in status.proofs]
    unheard = {Unproven.NOT_TRIED, Unproven.STALE}
    awaited = [proof for proof in proofs if proof.evidence is EvidenceKind.LOG and proof.why not in unheard]
    silent = bool(awaited) and all(proof.why is Unproven.NO_LINE for proof in awaited)
    # Evidence that ever came says that it could: this log has shown us, or the server shows us another way.
    if not silent or all(proof.proven_at is None for proof in proofs):
        return None
    behind = f", whose newest line was {log.lag:.0f} s old" if log.lag is not None and log.lag >= 1 else ""
    return Cause(
        f"No line of our own connections comes from the mail log ({log.source}){behind}: it is cut, or behind.",
        evidence=(f"{len(awaited)} rounds without their line, while the dialogues work",),
        remedy=MAIL_LOG,
    )


def _closed(door: TargetStatus) -> bool:
    return door.verdict in {Verdict.NODE_UNREACHABLE, Verdict.LISTENER_DOWN, Verdict.PORT_CLOSED}


def _only_listener_down(evidence: Evidence, service: str) -> bool:
    checks = [s for s in evidence.checks_of(service) if not s.stale]
    closed = all(s.verdict is not Verdict.NO_GREETING for s in evidence.handshakes_of(service))
    return closed and evidence.service_down_everywhere(service, Verdict.LISTENER_DOWN) and any(s.up for s in checks)


def _place(status: TargetStatus) -> str:
    return f"{status.target.node} {status.target.service}"
