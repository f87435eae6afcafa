"""``/api/v1/status``: everything that the status page shows, as JSON.

The shape is ``{"paths": [path, …]}``; a path is a ``PathStatus`` field by field under its own names, enumerations by
their values, times in seconds since the epoch, durations in seconds, ``null`` for what is not known. Of a target's last
round there is a summary (``duration``, ``phases``, ``failure``, ``tls``, ``greeting``), never its transcript: that is
``/probe``'s.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from monitor.core.conversation import Failure
from monitor.core.edge import EdgeObservation
from monitor.core.observations import Observation
from monitor.core.runbook import Remedy
from monitor.core.status import ClusterStatus, EdgeStatus, NegativeStatus, PathStatus, TargetStatus


def document(statuses: Sequence[PathStatus]) -> dict[str, Any]:
    """Give the whole answer."""
    return {"paths": [_path(status) for status in statuses]}


def _path(path: PathStatus) -> dict[str, Any]:
    return {
        "name": path.name,
        "at": path.at,
        "elected": path.elected,
        "services": [asdict(service) for service in path.services],
        "checks": [_target(status) for status in path.checks],
        "handshakes": [_target(status) for status in path.handshakes],
        "others": [_target(status) for status in path.others],
        "edges": [_edge(edge, path.doors_at(edge.name)) for edge in path.edges],
        "maillog": asdict(path.maillog) if path.maillog is not None else None,
        "cluster": _cluster(path.cluster) if path.cluster is not None else None,
        "diagnosis": asdict(path.diagnosis) | _remedy(path.diagnosis.remedy),
        "maintenance": asdict(path.maintenance) if path.maintenance is not None else None,
        "negatives": [_negative(status) for status in path.negatives],
        "roundtrip": asdict(path.roundtrip) if path.roundtrip is not None else None,
        "findings": [asdict(finding) | _remedy(finding.remedy) for finding in path.findings],
        "health": asdict(path.health),
    }


def _remedy(remedy: Remedy | None) -> dict[str, str | None]:
    """``remedy`` is the command, else the words, and empty where there is nothing to do."""
    if remedy is None:
        return {"remedy": "", "words": None, "command": None}
    return {"remedy": str(remedy), "words": remedy.words, "command": remedy.command}


def _cluster(status: ClusterStatus) -> dict[str, Any]:
    return {
        "up": status.up,
        "stale": status.stale,
        "age": status.age,
        "at": status.at,
        "reason": status.reason,
        "gaps": {what: _failure(failure) for what, failure in status.gaps.items()},
        "last_success": status.last_success,
        "known": asdict(status.known) if status.known is not None else None,
    }


def _target(status: TargetStatus) -> dict[str, Any]:
    target = status.target
    return {
        "probe": target.probe,
        "node": target.node,
        "service": target.service,
        "address": status.address,
        "port": status.port,
        "up": status.up,
        "stale": status.stale,
        "verdict": status.verdict,
        "agreement": status.agreement,
        "proofs": [asdict(proof) | {"words": proof.words} for proof in status.proofs],
        "listener": status.listener,
        "since": status.since,
        "last_success": status.last_success,
        "age": status.age,
        "last": _round(status.last) if status.last is not None else None,
    }


def _negative(status: NegativeStatus) -> dict[str, Any]:
    return {
        "probe": status.target.probe,
        "service": status.target.service,
        "refused": status.refused,
        "node": status.node,
        "reply": status.reply,
        "at": status.at,
        "reason": status.reason,
    }


def _round(last: Observation) -> dict[str, Any]:
    outcome = last.conversation.outcome if last.conversation is not None else None
    return {
        "at": last.at,
        "ok": last.ok,
        "verdict": last.judgement.verdict,
        "duration": last.finished - last.started,
        "phases": dict(last.durations),
        "failure": _failure(last.judgement.failure),
        "tls": asdict(last.tls) if last.tls is not None else None,
        "greeting": outcome.greeting if outcome is not None else None,
    }


def _failure(failure: Failure | None) -> dict[str, str] | None:
    # The peer's raw bytes are not JSON's business.
    return {"phase": failure.phase, "reason": failure.reason, "detail": failure.detail} if failure is not None else None


def _edge(edge: EdgeStatus, doors: Sequence[TargetStatus]) -> dict[str, Any]:
    return {
        "name": edge.name,
        "address": edge.address,
        "asked": edge.asked,
        "ssh_up": edge.ssh_up,
        "haproxy_up": edge.haproxy_up,
        "scrape_seconds": edge.scrape_seconds,
        "age": edge.age,
        "reason": edge.reason,
        "servers": [asdict(server) for server in edge.servers],
        "stats": [asdict(stat) for stat in edge.stats],
        "info": asdict(edge.info) if edge.info is not None else None,
        "gaps": {command: _failure(failure) for command, failure in edge.gaps.items()},
        "dropped": {command: asdict(dropped) for command, dropped in edge.dropped.items()},
        "front_doors": [_target(door) for door in doors],
        "host": _host(edge.host) if edge.host is not None else None,
    }


def _host(host: EdgeObservation) -> dict[str, Any]:
    """Summarize a look; of haproxy.cfg the findings tell."""
    frontends = (host.frontends or {}).values()
    redirects = (host.redirects or {}).values()
    return {
        "at": host.at,
        "frontends": None if host.frontends is None else [asdict(each) | {"bound": each.bound} for each in frontends],
        "redirects": None if host.redirects is None else [asdict(each) | {"ok": each.ok} for each in redirects],
        "backup": host.backup,
        "failures": {command: _failure(failure) for command, failure in host.failures.items()},
    }
