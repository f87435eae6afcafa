"""``/healthz``: is the mail path healthy? For each required service: enough nodes, the front doors, fresh knowledge."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from monitor.core.status import Diagnosis, EdgeStatus, Finding, Health, HealthCheck, NegativeStatus, TargetStatus
from monitor.core.verdicts import Hop, Verdict
from monitor.verdict.cluster_findings import OF_THE_ROUNDTRIP
from monitor.verdict.evidence import Evidence
from monitor.verdict.plan import HealthRule

PASS, WARN, FAIL = "pass", "warn", "fail"
_ORDER = (PASS, WARN, FAIL)


def judge_health(
    evidence: Evidence,
    diagnosis: Diagnosis,
    negatives: Iterable[NegativeStatus] = (),
    worrying: Iterable[Finding] = (),
) -> Health:
    """Give the health of a path; stale knowledge is fail, never pass; any diagnosis and ``worrying`` findings warn."""
    found: list[HealthCheck] = []
    rule, named = evidence.plan.health, {each.name for each in evidence.plan.services}
    # Without any node there is no handshake, and what is required is not there.
    for service in () if evidence.plan.elected is False else (each.name for each in evidence.plan.services):
        required = service in rule.services
        found.append(_of_nodes(service, evidence.handshakes_of(service), rule, required=required))
        doors = evidence.doors_of(service)
        if doors:
            found.append(_of_front_doors(service, doors, required=required))
        found.extend(_of_others(service, evidence, rule, required=required))
        closed = [s for s in evidence.checks_of(service) if s.up is not True or s.stale]
        if closed:
            names = ", ".join(s.target.node for s in closed)
            found.append(HealthCheck(f"{service}:checks", WARN, f"healthcheck NodePort not up on {names}", service))
    if evidence.plan.elected is not False:
        found.extend(_of_the_path(each) for each in evidence.others if each.target.service not in named)
    else:
        found.extend(_on_standby(service.name, evidence) for service in evidence.plan.services)
    found.extend(_of_haproxy(edge) for edge in evidence.edges if edge.asked and edge.haproxy_up is not True)
    found.extend(_of_negative(status) for status in negatives if status.refused is not None)
    # Whoever runs the roundtrip asks here whether the path explains its failure: it must not be told of its own result.
    findings = (finding for finding in worrying if finding.kind not in OF_THE_ROUNDTRIP)
    found.extend(HealthCheck(f"{finding.subject}:{finding.kind}", WARN, finding.message) for finding in findings)
    if diagnosis.hop not in {Hop.NONE, Hop.ROUNDTRIP}:
        found.append(HealthCheck(f"diagnosis:{diagnosis.hop}", WARN, diagnosis.summary))
    return Health(worst_status(check.status for check in found), tuple(found))


def worst_status(statuses: Iterable[str]) -> str:
    """Give the worst of pass, warn and fail; of nothing at all, fail: nothing is known."""
    return max(statuses, key=_ORDER.index, default=FAIL)


def _of_others(service: str, evidence: Evidence, rule: HealthRule, *, required: bool) -> Iterator[HealthCheck]:
    """Judge a service's targets of each further kind as its handshakes are judged, as far as there are so many."""
    kinds = dict.fromkeys(s.target.probe for s in evidence.others if s.target.service == service)
    for kind in kinds:
        statuses = [s for s in evidence.others if (s.target.probe, s.target.service) == (kind, service)]
        enough = HealthRule(rule.services, min(rule.healthy_nodes, len(statuses)))
        check = _of_nodes(service, statuses, enough, required=required)
        yield replace(check, name=f"{service}:{kind}", output=f"{kind}: {check.output}")


def _of_the_path(status: TargetStatus) -> HealthCheck:
    """Judge a target that belongs to no service: nothing that is required rests on it."""
    fine = status.verdict is Verdict.OK and not status.stale
    return HealthCheck(f"{status.target.node}:{status.target.probe}", PASS if fine else WARN, status.verdict)


def _of_nodes(service: str, statuses: Sequence[TargetStatus], rule: HealthRule, *, required: bool) -> HealthCheck:
    healthy = [s for s in statuses if s.up and not s.stale and s.verdict is not Verdict.CLIENT_IP_LOST]
    if len(healthy) < rule.healthy_nodes:
        status = FAIL
    elif len(healthy) < len(statuses) or any(s.verdict is not Verdict.OK for s in statuses):
        status = WARN
    else:
        status = PASS
    others = ", ".join(f"{s.target.node} {s.verdict}" for s in statuses if s.verdict is not Verdict.OK or s.stale)
    output = f"{len(healthy)} of {len(statuses)} nodes healthy" + (f"; {others}" if others else "")
    return _of_service(f"{service}:nodes", status, output, service, required=required)


def _on_standby(service: str, evidence: Evidence) -> HealthCheck:
    """Judge by the checks alone, on a replica that does no handshakes: at best a warning, never more than it knows."""
    rule, checks = evidence.plan.health, evidence.checks_of(service)
    healthy = sum(1 for s in checks if s.up and not s.stale)
    failed = bool(checks) and healthy < rule.healthy_nodes and service in rule.services
    seen = f"healthcheck NodePort up on {healthy} of {len(checks)} nodes" if checks else "not looked at"
    words = f"{seen}; this replica stands by, the handshakes are the leader's"
    return HealthCheck(f"{service}:nodes", FAIL if failed else WARN, words, service)


def _of_front_doors(service: str, doors: Sequence[TargetStatus], *, required: bool) -> HealthCheck:
    open_doors = [d for d in doors if d.up and not d.stale and d.verdict is not Verdict.CLIENT_IP_LOST]
    fine = all(d.verdict is Verdict.OK for d in doors)
    status = PASS if fine else WARN if open_doors else FAIL
    output = ", ".join(f"{door.target.node} {door.verdict}" for door in doors)
    return _of_service(f"{service}:front_door", status, output, service, required=required)


def _of_service(name: str, status: str, output: str, service: str, *, required: bool) -> HealthCheck:
    """Let a service that the path does not require worry it at most."""
    return HealthCheck(name, status if required or status == PASS else WARN, output, service, alone=status)


def _of_haproxy(edge: EdgeStatus) -> HealthCheck:
    if not edge.ssh_up:
        said = f"SSH of {edge.name} does not answer"
    elif edge.haproxy_up is None:
        said = f"HAProxy of {edge.name} has not been asked"
    else:
        said = f"HAProxy of {edge.name} {edge.haproxy_said}"
    return HealthCheck(f"{edge.name}:haproxy", WARN, f"{said}: {edge.reason}")


def _of_negative(status: NegativeStatus) -> HealthCheck:
    target = status.target
    name = f"{target.service}:{target.probe}"
    if status.refused:
        return HealthCheck(name, PASS, f"refused on {status.node}, as it must be", target.service)
    # An open relay is used within hours, and then no mail of ours is taken anywhere. The others need somebody inside.
    bad = FAIL if status.fails else WARN
    return HealthCheck(name, bad, f"accepted on {status.node}: {status.reply}", target.service)
