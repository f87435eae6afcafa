"""The rules of the diagnosis, and the finding, about nodes and their NodePorts.

Which listener a NodePort forwards to is shown by the log: handshakes succeed at a neighbour listener as well.
"""

from collections.abc import Iterable, Sequence

from monitor.core.model import Service
from monitor.core.runbook import NODES, SERVICE
from monitor.core.status import Finding, TargetStatus
from monitor.core.verdicts import Verdict
from monitor.verdict.evidence import Cause, Evidence, names, place, targets, told


def no_node_answers(evidence: Evidence) -> Cause | None:
    """Of several nodes none answers on any port: stock and PROXY ports of every service are down."""
    lost = evidence.silenced()
    if not lost or any(status.verdict is Verdict.NODE_UNREACHABLE for status in lost):
        return None
    return Cause(
        "No node answers on any port, while the edge is there: all nodes, or the network to them, are down.",
        evidence=told(lost),
        remedy=NODES,
        explains=targets((*evidence.handshakes, *evidence.checks)) | evidence.doors_behind(lost),
    )


def node_silent(evidence: Evidence) -> Cause | None:
    """A node is silent on every port."""
    lost = evidence.failing(Verdict.NODE_UNREACHABLE)
    if not lost:
        return None
    gone = {status.target.node for status in lost}
    checks = (s for s in evidence.checks if s.target.node in gone)
    return Cause(
        f"Node {names(sorted(gone))} is silent on every port.",
        evidence=told(lost),
        remedy=NODES,
        explains=targets((*lost, *checks)) | evidence.doors_behind(lost),
    )


def nodeport_broken(evidence: Evidence) -> Cause | None:
    """A port, of data or of the checks, is refused, silent or wired wrongly on some nodes only."""
    wrong = evidence.failing(Verdict.PORT_CLOSED, Verdict.NO_GREETING, Verdict.PROTOCOL_ERROR)
    answering = {s.target.service for s in evidence.checks if s.up and not s.stale}
    blocked = tuple(check for check in evidence.dead_checks() if check.target.service in answering)
    if not wrong and not blocked:
        return None
    broken = {(s.target.node, s.target.service) for s in (*wrong, *blocked)}
    beside = (s for s in (*evidence.handshakes, *evidence.checks) if (s.target.node, s.target.service) in broken)
    return Cause(
        f"NodePort {names(f'{s.target.node}:{s.port} ({s.target.service})' for s in (*wrong, *blocked))} does not lead "
        "to its listener.",
        evidence=told((*wrong, *blocked)),
        remedy=SERVICE,
        explains=targets(s for s in beside if s.verdict is not Verdict.CLIENT_IP_LOST) | evidence.doors_behind(wrong),
    )


def wired_to_another_listener(evidence: Evidence) -> Cause | None:
    """A NodePort leads to the listener of another service: the log shows where our connections came out."""
    wrong = miswired(evidence.plan.services, evidence.handshakes)
    if not wrong:
        return None
    places = names(f"{s.target.node}:{s.port} ({s.target.service})" for s in wrong)
    return Cause(
        f"NodePort {places} leads to the listener of another service.",
        evidence=tuple(f"the log of listener {s.listener} shows {place(s)}" for s in wrong),
        remedy=SERVICE,
        explains=evidence.wavering_doors({s.target.service for s in wrong}),
    )


def miswired(services: Iterable[Service], handshakes: Iterable[TargetStatus]) -> tuple[TargetStatus, ...]:
    """Give the handshakes whose connections came out at another service's listener."""
    own = {service.name: {service.listener_port, service.check_listener_port} for service in services}
    return tuple(s for s in handshakes if s.listener is not None and s.listener not in own[s.target.service])


def findings(services: Sequence[Service], handshakes: Iterable[TargetStatus]) -> tuple[Finding, ...]:
    """Give one finding for each NodePort that leads to another service's listener."""
    return tuple(
        Finding(
            severity="critical",
            subject=f"{status.target.node}:{status.port}",
            kind="wrong_listener",
            message=f"NodePort {status.port} of {status.target.node} ({status.target.service}) leads to listener "
            f"{status.listener}: that one logs our handshakes.",
            remedy=SERVICE,
        )
        for status in miswired(services, handshakes)
    )
