"""The path whose client addresses are to be proven, and the address that each of its handshakes claims."""

import ipaddress
from dataclasses import replace

from monitor.core.model import Target
from monitor.core.proof import EvidenceKind
from monitor.verdict.origins import OriginNetworks
from monitor.verdict.plan import PathPlan, ProofPlan
from tests import kinds
from tests.verdict import build
from tests.verdict.build import NODES

BOTH = frozenset(EvidenceKind)
LOG_ONLY = frozenset({EvidenceKind.LOG})


def claim(target: Target) -> str:
    """Give the address that a handshake claims."""
    place = [(node.name, service.name) for node in NODES for service in build.SERVICES].index(
        (target.node, target.service)
    )
    return f"192.0.2.{place + 1}"


def plan(
    evidence: frozenset[EvidenceKind] = BOTH, at_the_door: frozenset[EvidenceKind] = LOG_ONLY, **changes: object
) -> PathPlan:
    """Plan the path ``home`` with proofs."""
    bare = build.plan(rise=1, fall=2)
    handshakes = ProofPlan(evidence, reply_interval=600.0, destination="10.0.20.1")
    doors = ProofPlan(at_the_door, reply_interval=600.0, **changes)  # type: ignore[arg-type]
    targets = []
    for each in bare.targets:
        if each.target.probe is kinds.HANDSHAKE:
            targets.append(replace(each, proof=replace(handshakes, claimed=claim(each.target))))
        else:
            targets.append(replace(each, proof=doors if each.target.probe is kinds.FRONT_DOOR else None))
    edge = (ipaddress.ip_network("10.0.20.1"),)
    internal = (ipaddress.ip_network("10.0.0.0/8"),)
    ports = {service.name: service.listener_port for service in bare.services}
    claims = {each.proof.claimed: ports[each.target.service] for each in targets if each.proof and each.proof.claimed}
    sources = (doors.source_address,) if doors.source_address else ()
    networks = OriginNetworks(frozenset((*claims, *sources)), edge=edge, cluster=(), internal=internal)
    return replace(bare, targets=tuple(targets), networks=networks, claims=claims)
