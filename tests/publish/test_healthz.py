"""``/healthz``: the worst of the checks, narrowed on demand, never good news out of nothing."""

from dataclasses import replace
from http import HTTPStatus

import pytest

from monitor.core.status import Health, HealthCheck, PathStatus
from monitor.publish.healthz import answer
from tests.publish.statuses import path_status


def with_checks(*statuses: str, name: str = "home") -> PathStatus:
    """Give a path with one check for each status, alternately of smtp and imaps."""
    checks = tuple(
        HealthCheck(f"{service}:nodes", status, f"it is {status}", service)
        for status, service in zip(statuses, ("smtp", "imaps"), strict=False)
    )
    worst = max(statuses, key=("pass", "warn", "fail").index)
    return replace(path_status(), name=name, health=Health(worst, checks))


@pytest.mark.parametrize(
    ("statuses", "service", "health", "code"),
    [
        (("pass", "pass"), None, "pass", 200),
        (("pass", "warn"), None, "warn", 200),
        (("warn", "fail"), None, "fail", 503),
        (("pass", "fail"), "smtp", "pass", 200),
        (("pass", "fail"), "imaps", "fail", 503),
        (("fail", "warn"), "imaps", "warn", 200),
    ],
)
def test_the_worst_check_decides(statuses: tuple[str, ...], service: str | None, health: str, code: int) -> None:
    """Pass and warn answer 200, fail 503; a service is judged by its own checks."""
    found = answer([with_checks(*statuses)], None, service)
    assert (found.document["status"], found.status) == (health, code)


def test_a_service_that_is_not_required_worries_its_path_and_fails_alone() -> None:
    """Who asks after it by name wants to know whether it works, not whether anybody needs it."""
    check = HealthCheck("smtp:nodes", "warn", "0 of 4 nodes healthy", "smtp", alone="fail")
    path = replace(path_status(), health=Health("warn", (check,)))
    assert answer([path], None, None).status == HTTPStatus.OK
    alone = answer([path], None, "smtp")
    assert (alone.status, alone.document["status"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "fail")
    assert alone.document["checks"]["smtp:nodes"][0]["status"] == "fail"


def test_one_path_is_judged_alone() -> None:
    """Narrowed to a healthy path, another's failure does not count; of all paths it does."""
    paths = [with_checks("pass", name="home"), with_checks("fail", name="office")]
    assert answer(paths, "home", None).status == HTTPStatus.OK
    assert answer(paths, "office", None).status == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer(paths, None, None).status == HTTPStatus.SERVICE_UNAVAILABLE


def test_the_paths_own_judgement_counts() -> None:
    """A path that calls itself failed is failed, whatever its checks say."""
    stale = replace(path_status(), health=Health("fail", with_checks("pass").health.checks))
    assert answer([stale], None, None).status == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize(("path", "service"), [("nowhere", None), (None, "gopher"), ("home", "gopher")])
def test_an_unknown_name_is_not_found(path: str | None, service: str | None) -> None:
    """A misspelt name must not look like health."""
    found = answer([path_status()], path, service)
    assert found.status == HTTPStatus.NOT_FOUND
    assert found.document["status"] == "fail"


def test_nothing_known_is_no_good_news() -> None:
    """Without a path, and for a service without a check, health is fail."""
    assert answer([], None, None).status == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer([path_status()], None, "imaps").status == HTTPStatus.SERVICE_UNAVAILABLE


def test_the_document_names_checks_by_path() -> None:
    """Checks are lists by name, each entry with its path and time, and what is wrong with it unless it passes."""
    paths = [with_checks("pass", name="home"), with_checks("fail", name="office")]
    assert answer(paths, None, None).document["checks"] == {
        "smtp:nodes": [
            {"componentId": "home", "status": "pass", "time": "2026-09-21T14:13:20+00:00"},
            {"componentId": "office", "status": "fail", "time": "2026-09-21T14:13:20+00:00", "output": "it is fail"},
        ]
    }
