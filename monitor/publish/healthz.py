"""``/healthz``: is the mail path healthy? As ``application/health+json`` (draft-inadarei-api-health-check-06)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NamedTuple

from monitor.core.maintenance import NO_REASON
from monitor.core.moments import rfc3339
from monitor.core.status import HealthCheck, PathStatus
from monitor.core.verdicts import Hop

MEDIA_TYPE = "application/health+json"
_BEST_FIRST = ("pass", "warn", "fail")


class Answer(NamedTuple):
    """An HTTP status and its JSON document."""

    status: HTTPStatus
    document: dict[str, Any]


def answer(statuses: Sequence[PathStatus], path: str | None, service: str | None) -> Answer:
    """Judge all paths, or one, or one service of them; ``pass`` and ``warn`` are 200, ``fail`` is 503.

    Of nothing the health is ``fail``: knowing nothing is no good news.
    """
    concerned = [status for status in statuses if path is None or status.name == path]
    if path is not None and not concerned:
        return _unknown("path", path)
    if service is not None:
        concerned = [status for status in concerned if any(each.name == service for each in status.services)]
        if not concerned:
            return _unknown("service", service)
    found = [
        (status, check)
        for status in concerned
        for check in status.health.checks
        if service is None or check.service == service
    ]
    if service is not None:
        found = [(status, replace(check, status=check.alone or check.status)) for status, check in found]
    states = [check.status for _, check in found]
    if service is None:
        states += [status.health.status for status in concerned]
    health = _worst(states)
    checks: dict[str, list[dict[str, str]]] = {}
    for status, check in found:
        checks.setdefault(check.name, []).append(_entry(status, check))
    code = HTTPStatus.SERVICE_UNAVAILABLE if health == "fail" else HTTPStatus.OK
    # Who asks here may have done a roundtrip that failed: its own result is no explanation of it.
    told = [status for status in concerned if status.diagnosis.hop is not Hop.ROUNDTRIP]
    notes = [f"{status.name}: {status.diagnosis.summary}" for status in told]
    works = [status.maintenance for status in concerned if status.maintenance is not None]
    # Work does not make a broken path healthy: it only says that nobody need be surprised.
    notes += [f"{work.path}: maintenance until {rfc3339(work.until)}: {work.reason or NO_REASON}" for work in works]
    return Answer(code, {"status": health, "notes": notes, "checks": checks})


def _entry(status: PathStatus, check: HealthCheck) -> dict[str, str]:
    entry = {"componentId": status.name, "status": check.status}
    entry["time"] = rfc3339(status.at)
    return entry if check.status == "pass" else {**entry, "output": check.output}


def _worst(states: Iterable[str]) -> str:
    return max(states, key=_BEST_FIRST.index, default="fail")


def _unknown(kind: str, name: str) -> Answer:
    return Answer(HTTPStatus.NOT_FOUND, {"status": "fail", "output": f"no {kind} of this name is watched: {name}"})
